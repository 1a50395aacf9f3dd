// Destinations as text.

#include "sink/outlet/destination.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace uncork::sink {
namespace {

using ::testing::HasSubstr;
using Kind = Destination::Kind;

Destination parsed(const std::string& text) {
  const auto destination = parse_destination(text);
  EXPECT_TRUE(destination) << text << ": " << (destination ? "" : destination.error().message);
  return destination.value_or(Destination{});
}

TEST(Destination, every_kind_is_read) {
  EXPECT_EQ(parsed("stdout").kind, Kind::standard_output);
  EXPECT_EQ(parsed("stderr").kind, Kind::standard_error);
  EXPECT_EQ(parsed("file:/var/log/x.jsonl.zst").path, "/var/log/x.jsonl.zst");
  EXPECT_EQ(parsed("unix:/run/x").path, "/run/x");
  EXPECT_EQ(parsed("unixgram:@x").kind, Kind::unix_datagram);
  EXPECT_EQ(parsed("tcp:[::1]:4000").host, "::1");
  EXPECT_EQ(parsed("tcp:collector.example:4000").port, 4000);
  EXPECT_EQ(parsed("udp:127.0.0.1:9").kind, Kind::udp);
  EXPECT_EQ(parsed("http://h").port, 80);
  EXPECT_EQ(parsed("http://h").target, "/");
  EXPECT_EQ(parsed("https://h/a?b=c").port, 443);
  EXPECT_EQ(parsed("https://[::1]:8443/a?b=c").target, "/a?b=c");
}

TEST(Destination, a_file_has_limits_of_its_own_if_it_likes) {
  const Destination file = parsed("file:/x?size=2MB&age=10m");
  EXPECT_EQ(file.most_bytes, 2'000'000U);
  EXPECT_EQ(file.most_age, std::chrono::minutes(10));
  EXPECT_EQ(parsed("file:/x").most_bytes, Destination::kFileBytes);
}

TEST(Destination, what_it_cannot_read_it_says_with_the_part_and_what_is_accepted) {
  const std::vector<std::pair<std::string, std::string>> kWrong = {
      {"", "accepted: stdout, stderr, file:/PATH"},
      {"kafka:x", "destination 'kafka:x': accepted: stdout"},
      {"file:x", "give the whole path of a file"},
      {"file:/x/", "give the whole path of a file"},
      {"file:/x?size=0", "size '0': give a number of bytes, such as 64MB"},
      {"file:/x?size=9999999999GB", "give a number of bytes"},
      {"file:/x?age=0s", "age: give a time longer than 0"},
      {"file:/x?colour=red", "'colour=red' is no option of a file; accepted: size=64MB and age=1h"},
      {"unix:run", "give the whole path of the socket"},
      {"unix:/" + std::string(200, 'x'), "longer than a socket's may be, 107 bytes"},
      {"tcp:h", "give a port behind the host"},
      {"tcp:h:0", "a port is a number from 1 to 65535"},
      {"tcp:[::1:4", "has [ and no ]"},
      {"tcp:[x]:4", "'x' is not an IPv6 address"},
      {"udp::9", "'' is not a host"},
      {"http://a b/", "holds a space"},
      {"http://u:p@h/", "a name and password are not taken"},
      {"http://h/#x", "a # part is not sent"},
  };
  for (const auto& [text, why] : kWrong) {
    const auto destination = parse_destination(text);
    ASSERT_FALSE(destination) << text;
    EXPECT_THAT(destination.error().message, HasSubstr(why)) << text;
  }
}

TEST(Destination, written_and_read_again_is_the_same) {
  for (const char* text : {"stdout", "stderr", "file:/x", "file:/x?size=5&age=90s", "unix:/run/x", "unixgram:@x", "tcp:h:1",
                           "udp:[::1]:2", "http://h/", "https://[::1]:99/a?b"}) {
    EXPECT_EQ(parsed(to_string(parsed(text))), parsed(text)) << text;
  }
}

}  // namespace
}  // namespace uncork::sink
