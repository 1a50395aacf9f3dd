// Rows as datagrams.

#include "sink/outlet/datagram_outlet.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "core/endpoint.hpp"
#include "core/syscall.hpp"
#include "tests/cure/scratch_directory.hpp"

namespace uncork::sink {
namespace {

using ::testing::HasSubstr;
using Kind = Delivery::Kind;

core::Time soon() { return core::MonotonicClock::now() + std::chrono::seconds(5); }

core::Fd bound_to(Destination& destination) {
  const SocketAddress address = resolve(destination)->front();
  core::Fd socket(::socket(address.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  EXPECT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size), 0);
  if (destination.kind == Destination::Kind::udp) destination.port = core::local_endpoint(socket)->port;
  return socket;
}

std::vector<std::string> datagrams_at(const core::Fd& socket) {
  std::vector<std::string> datagrams;
  std::string bytes(100'000, '\0');
  for (;;) {
    const ssize_t got = ::recv(socket.get(), bytes.data(), bytes.size(), 0);
    if (got < 0) return datagrams;
    datagrams.push_back(bytes.substr(0, static_cast<std::size_t>(got)));
  }
}

Parcel lines(std::size_t count) {
  Parcel parcel{"", static_cast<std::uint32_t>(count), Framing::lines};
  for (std::size_t i = 0; i < count; ++i) parcel.bytes += "row " + std::to_string(i) + "\n";
  return parcel;
}

class Datagrams : public ::testing::TestWithParam<const char*> {
 protected:
  Datagrams() {
    const bool is_unix = std::string(GetParam()) == "unixgram";
    destination_ = *parse_destination(is_unix ? "unixgram:" + folder_.path() + "/socket" : "udp:127.0.0.1:1");
    if (!is_unix) destination_.port = 0;
    receiver_ = bound_to(destination_);
  }
  const cure::testing::ScratchDirectory folder_;
  Destination destination_;
  core::Fd receiver_;
};

TEST_P(Datagrams, a_parcel_that_is_too_large_arrives_in_several_that_are_whole) {
  DatagramOutlet outlet(destination_, 60);
  ASSERT_EQ(outlet.deliver(lines(50), soon()).kind, Kind::delivered);
  const std::vector<std::string> datagrams = datagrams_at(receiver_);
  EXPECT_GT(datagrams.size(), 5U);
  std::string all;
  for (const std::string& datagram : datagrams) {
    EXPECT_LE(datagram.size(), 60U);
    EXPECT_TRUE(datagram.ends_with('\n'));
    all += datagram;
  }
  EXPECT_EQ(all, lines(50).bytes);
}

TEST_P(Datagrams, of_the_largest_size_get_through) {
  DatagramOutlet outlet(destination_);
  Parcel parcel{std::string(DatagramOutlet::kMost - 1, 'x') + "\n", 1, Framing::lines};
  ASSERT_EQ(outlet.deliver(parcel, soon()).kind, Kind::delivered);
  EXPECT_THAT(datagrams_at(receiver_), ::testing::ElementsAre(parcel.bytes));
  parcel.bytes += "x\n";
  parcel.rows = 2;
  ASSERT_EQ(outlet.deliver(parcel, soon()).kind, Kind::delivered);
  EXPECT_EQ(datagrams_at(receiver_).size(), 2U);
}

TEST_P(Datagrams, a_parcel_that_cannot_be_cut_is_refused_and_the_next_goes) {
  DatagramOutlet outlet(destination_, 60);
  const Delivery refused = outlet.deliver({std::string(100, 'x'), 1, Framing::whole}, soon());
  EXPECT_EQ(refused.kind, Kind::refused);
  EXPECT_THAT(refused.why, HasSubstr(to_string(destination_)));
  EXPECT_EQ(outlet.deliver(lines(1), soon()).kind, Kind::delivered);
}

TEST_P(Datagrams, to_nobody_on_this_machine_are_not_now) {
  receiver_.reset();
  DatagramOutlet outlet(destination_);
  EXPECT_EQ(outlet.deliver(lines(1), soon()).kind, Kind::not_now);
  if (destination_.kind == Destination::Kind::unix_datagram) ::unlink(destination_.path.c_str());
  receiver_ = bound_to(destination_);
  EXPECT_EQ(outlet.deliver(lines(1), soon()).kind, Kind::delivered);
  EXPECT_EQ(datagrams_at(receiver_).size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Both, Datagrams, ::testing::Values("udp", "unixgram"), [](const auto& one) { return one.param; });

TEST(DatagramOutlet, a_receiver_that_is_full_is_waited_for_and_gets_every_part_once) {
  const cure::testing::ScratchDirectory folder;
  Destination destination = *parse_destination("unixgram:" + folder.path() + "/socket");
  const core::Fd receiver = bound_to(destination);
  DatagramOutlet outlet(destination, 30);
  const Parcel parcel = lines(400);
  std::vector<std::string> datagrams;
  int rounds = 0;
  while (outlet.deliver(parcel, {}).kind == Kind::going_on) {
    for (std::string& datagram : datagrams_at(receiver)) datagrams.push_back(std::move(datagram));
    ASSERT_LT(++rounds, 1'000);
  }
  for (std::string& datagram : datagrams_at(receiver)) datagrams.push_back(std::move(datagram));
  EXPECT_GT(rounds, 1);
  std::string all;
  for (const std::string& datagram : datagrams) all += datagram;
  EXPECT_EQ(all, parcel.bytes);
}

}  // namespace
}  // namespace uncork::sink
