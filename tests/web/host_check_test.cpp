// Pages of others do not get at this one.

#include "web/page/host_check.hpp"

#include <gtest/gtest.h>

namespace uncork::web {
namespace {

HostRule listening(std::string_view at) { return {.is_unix = false, .listen = *core::parse_endpoint(at)}; }

TEST(HostCheck, takes_loopback_by_any_of_its_names_and_any_port) {
  const HostRule rule = listening("127.0.0.1:7553");
  for (const char* host : {"localhost", "localhost:7553", "LOCALHOST:9999", "127.0.0.1", "127.0.0.1:7553", "127.1.2.3:1",
                           "[::1]:7553", "[::1]", "[::ffff:127.0.0.1]:80", "page.localhost:7553"}) {
    EXPECT_TRUE(is_host_allowed(host, rule)) << host;
  }
}

TEST(HostCheck, refuses_a_name_that_is_made_to_mean_loopback) {
  for (const char* host :
       {"evil.example", "evil.example:7553", "localhost.evil.example", "127.0.0.1.evil.example", "", ":7553", "[::1",
        "10.0.0.1:7553", "127.0.0.1:x", "localhost:0", "localhost:7553:1", "0.0.0.0:7553", "127.0.0.1\n"}) {
    EXPECT_FALSE(is_host_allowed(host, listening("127.0.0.1:7553"))) << host;
  }
}

TEST(HostCheck, takes_the_address_that_it_was_told_to_listen_on) {
  EXPECT_TRUE(is_host_allowed("10.0.0.1:7553", listening("10.0.0.1:7553")));
  EXPECT_FALSE(is_host_allowed("10.0.0.2:7553", listening("10.0.0.1:7553")));
  EXPECT_TRUE(is_host_allowed("10.0.0.2:7553", listening("0.0.0.0:7553"))) << "an address cannot be rebound";
  EXPECT_TRUE(is_host_allowed("[2001:db8::1]:7553", listening("[::]:7553")));
  EXPECT_FALSE(is_host_allowed("evil.example:7553", listening("0.0.0.0:7553")));
}

TEST(HostCheck, takes_any_name_on_a_socket_in_the_file_system) {
  EXPECT_TRUE(is_host_allowed("whatever", {.is_unix = true, .listen = {}}));
  EXPECT_FALSE(is_host_allowed("", {.is_unix = true, .listen = {}}));
}

TEST(OriginCheck, takes_its_own_page_and_what_is_no_browser) {
  EXPECT_TRUE(is_origin_allowed("", "localhost:7553"));
  EXPECT_TRUE(is_origin_allowed("http://localhost:7553", "localhost:7553"));
  EXPECT_TRUE(is_origin_allowed("https://LocalHost:7553", "localhost:7553"));
}

TEST(OriginCheck, refuses_every_other_page) {
  for (const char* origin : {"null", "http://evil.example", "http://localhost:7554", "http://localhost:7553.evil.example",
                             "http://127.0.0.1:7553", "localhost:7553", "file://"}) {
    EXPECT_FALSE(is_origin_allowed(origin, "localhost:7553")) << origin;
  }
}

}  // namespace
}  // namespace uncork::web
