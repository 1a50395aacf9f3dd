#include "relay/proxy_report.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace uncork::relay {
namespace {

core::Endpoint loopback(std::uint16_t port) { return {core::Endpoint::Family::v4, {127, 0, 0, 1}, port}; }

ProxySummary some_summary() {
  ProxySummary summary;
  summary.connections = 3;
  summary.failed_connects = 1;
  summary.c2s = {.chunks = 2, .bytes = 120, .forwarded_bytes = 120, .most_waiting_bytes = 100};
  summary.s2c = {.chunks = 1, .bytes = 5, .forwarded_bytes = 1, .most_waiting_bytes = 5};
  return summary;
}

TEST(ProxyReport, says_where_it_listens_in_the_words_that_programs_parse) {
  EXPECT_EQ(listening_line(loopback(9001), loopback(8001)), "listening on 127.0.0.1:9001, connecting to 127.0.0.1:8001");
}

TEST(ProxyReport, sums_up_for_a_person) {
  EXPECT_EQ(
      summary_line(some_summary()),
      "3 connections (1 could not reach the target), c2s 120 bytes in 2 chunks, s2c 5 bytes in 1 chunk (4 bytes not forwarded)");
  EXPECT_EQ(summary_line({}), "0 connections, c2s 0 bytes in 0 chunks, s2c 0 bytes in 0 chunks");
}

TEST(ProxyReport, describes_the_link_in_json) {
  ProxyOptions options;
  options.connect = loopback(8001);
  options.delay = core::Micros(20'500);
  EXPECT_EQ(listening_json(loopback(9001), options),
            R"({"type":"listening","address":"127.0.0.1:9001","connect":"127.0.0.1:8001","delay_ms":20.5,"jitter_ms":0.0,)"
            R"("rate_bytes_per_second":null,"nagle":"on"})");
  options.rate_bytes_per_second = 64'000;
  options.nagle = Nagle::off;
  const auto json = nlohmann::json::parse(listening_json(loopback(9001), options));
  EXPECT_EQ(json.at("rate_bytes_per_second"), 64'000);
  EXPECT_EQ(json.at("nagle"), "off");
}

TEST(ProxyReport, sums_up_in_json) {
  EXPECT_EQ(summary_json(some_summary()), R"({"type":"summary","connections":3,"failed_connects":1,)"
                                          R"("c2s":{"chunks":2,"bytes":120,"forwarded_bytes":120,"most_waiting_bytes":100},)"
                                          R"("s2c":{"chunks":1,"bytes":5,"forwarded_bytes":1,"most_waiting_bytes":5}})");
}

TEST(Traffic, adds_counts_and_keeps_the_larger_peak) {
  Traffic sum{.chunks = 1, .bytes = 10, .forwarded_bytes = 9, .most_waiting_bytes = 8};
  sum += {.chunks = 2, .bytes = 20, .forwarded_bytes = 20, .most_waiting_bytes = 5};
  EXPECT_EQ(sum, (Traffic{.chunks = 3, .bytes = 30, .forwarded_bytes = 29, .most_waiting_bytes = 8}));
}

}  // namespace
}  // namespace uncork::relay
