// The filter language asked of services.

#include "web/page/service_filter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace uncork::web {
namespace {

report::TopLine nginx() {
  report::TopLine line;
  stall::Service& service = line.verdict.service;
  service.key = {"nginx", stall::Role::responder, 8001, "shop-1"};
  service.account.exchanges = 100;
  service.account.budget[stall::Cause::nagle_delayed_ack] = core::Micros(40'000);
  line.verdict.cause = stall::Cause::nagle_delayed_ack;
  line.container = "web-1";
  return line;
}

bool takes(std::string_view text) {
  auto filter = ServiceFilter::compile(text);
  EXPECT_TRUE(filter) << text << ": " << (filter ? "" : filter.error().message);
  return filter && filter->matches(nginx());
}

TEST(ServiceFilter, knows_a_service_by_name_place_and_loss) {
  for (const char* text : {"", "comm = nginx", "port = 8001", "sport 8001", "netns = shop-1", "container = web-1", "lost > 30ms",
                           "cause = nagle_delayed_ack", "exchanges >= 100", "comm = nginx and not lost > 1s"}) {
    EXPECT_TRUE(takes(text)) << text;
  }
  for (const char* text : {"comm = curl", "port = 80", "lost > 41ms", "cause = cork", "container = other"})
    EXPECT_FALSE(takes(text)) << text;
}

TEST(ServiceFilter, refuses_what_only_a_connection_has) {
  for (const char* text : {"rtt > 1ms", "comm = nginx and (dst 10.0.0.1 or pid = 7)", "state established", "not nodelay"}) {
    const auto filter = ServiceFilter::compile(text);
    ASSERT_FALSE(filter) << text;
    EXPECT_THAT(filter.error().message, ::testing::StartsWith("filter: a service has no '")) << text;
  }
  EXPECT_THAT(ServiceFilter::compile("lost >").error().message, ::testing::StartsWith("filter: column 7"));
}

}  // namespace
}  // namespace uncork::web
