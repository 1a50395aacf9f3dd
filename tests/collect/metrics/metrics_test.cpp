// Metrics of polls: what is exposed, under which names, and that its size is bounded.

#include "collect/metrics/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "collect/metrics/otlp.hpp"

namespace uncork::collect {
namespace {

using record::Block;
using record::Row;
using ::testing::HasSubstr;
using ::testing::Not;

sink::ServiceGain lost(std::string command, stall::Cause cause, std::int64_t us) {
  sink::ServiceGain gain;
  gain.gain.key = {std::move(command), stall::Role::responder, 8001, "shop-1"};
  gain.gain.account.budget[cause] = core::Micros(us);
  gain.gain.account.exchanges = 3;
  return gain;
}

Row established(std::uint64_t cookie, std::uint32_t rtt_us) {
  Row row;
  row.blocks = Block::tcp_info | Block::tcp_info_4_6 | Block::tcp_info_5_4;
  row.inet_diag_msg_socket_cookie = cookie;
  row.inet_diag_msg_state = 1;
  row.tcp_info_rtt = rtt_us;
  row.tcp_info_min_rtt = rtt_us;
  row.tcp_info_snd_wnd = 65535;
  return row;
}

std::string source_file(const std::string& path) {
  std::ifstream file(std::string(UNCORK_SOURCE "/") + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Adds polls, and shows what Prometheus would read.
class Polled : public ::testing::Test {
 protected:
  void poll(const std::vector<sink::ServiceGain>& gains, std::vector<Row> rows = {}) {
    probe::Look look;
    look.rows = std::move(rows);
    snapshot_.poll.rows = look.rows.size();
    metrics_.add(look, gains, snapshot_);
  }
  [[nodiscard]] std::string text() const { return prometheus_text(metrics_.collect()); }
  [[nodiscard]] std::size_t series() const {
    const std::string all = text();
    std::size_t count = 0;
    for (std::size_t at = 0; at < all.size(); at = all.find('\n', at) + 1) count += all[at] != '#';
    return count;
  }

  /// Seconds lost, over all services and causes.
  [[nodiscard]] double exposed() const {
    double sum = 0;
    for (const auto& family : metrics_.collect()) {
      if (family.name != "uncork_lost_seconds_total") continue;
      for (const auto& metric : family.metric) sum += metric.counter.value;
    }
    return sum;
  }

  Metrics metrics_;
  Snapshot snapshot_;
};

TEST_F(Polled, seconds_lost_are_added_up_by_service_and_cause) {
  poll({lost("shop", stall::Cause::nagle_delayed_ack, 40'000)});
  poll({lost("shop", stall::Cause::nagle_delayed_ack, 80'000), lost("shop", stall::Cause::cork, 200'000)});
  EXPECT_THAT(text(), HasSubstr("uncork_lost_seconds_total{cause=\"nagle_delayed_ack\",command=\"shop\",port=\"8001\",role="
                                "\"server\"} 0.12\n"));
  EXPECT_THAT(text(), HasSubstr("cause=\"cork\",command=\"shop\",port=\"8001\",role=\"server\"} 0.2\n"));
  EXPECT_THAT(text(), HasSubstr("uncork_exchanges_total 9\n"));
}

TEST_F(Polled, what_a_ledger_took_back_is_made_up_for_before_the_counter_grows_again) {
  poll({lost("shop", stall::Cause::cork, 100'000)});
  poll({lost("shop", stall::Cause::cork, -30'000)});
  EXPECT_NEAR(exposed(), 0.1, 1e-9);
  poll({lost("shop", stall::Cause::cork, 50'000)});
  EXPECT_NEAR(exposed(), 0.12, 1e-9);
}

TEST_F(Polled, time_that_is_no_stall_is_not_lost) {
  poll({lost("shop", stall::Cause::peer_think, 100'000)});
  EXPECT_THAT(text(), Not(HasSubstr("command=\"shop\"")));
}

TEST_F(Polled, ten_thousand_services_stay_within_the_bound_and_nothing_is_left_out) {
  constexpr int kPolls = 10;
  constexpr int kServices = 1000;
  for (int i = 0; i < kPolls; ++i) {
    std::vector<sink::ServiceGain> gains;
    for (int j = 0; j < kServices; ++j) {
      const auto cause = static_cast<stall::Cause>(j % static_cast<int>(stall::kStalls));
      gains.push_back(lost("service-" + std::to_string(i * kServices + j), cause, 1'000'000));
    }
    poll(gains);
  }
  EXPECT_LE(series(), 200U);
  EXPECT_NEAR(exposed(), kPolls * kServices, 1e-3);
}

TEST_F(Polled, a_service_that_loses_nothing_any_more_gives_its_series_back) {
  poll({lost("old", stall::Cause::cork, 1000)});
  for (int i = 0; i < 400; ++i) poll({lost("young", stall::Cause::cork, 1000)});
  EXPECT_THAT(text(), Not(HasSubstr("command=\"old\"")));
  EXPECT_THAT(text(), HasSubstr("command=\"young\""));
}

TEST_F(Polled, a_command_may_hold_anything) {
  poll({lost("a\"b\\c\nd", stall::Cause::cork, 1000)});
  EXPECT_THAT(text(), HasSubstr(R"(command="a\"b\\c\nd")"));
}

TEST_F(Polled, connections_are_measured_at_each_poll) {
  Row closed_window = established(2, 20'000);
  closed_window.tcp_info_snd_wnd = 0;
  poll({}, {established(1, 250), closed_window});
  EXPECT_THAT(text(), HasSubstr("uncork_tcp_connections 2\n"));
  EXPECT_THAT(text(), HasSubstr("uncork_tcp_zero_window_connections 1\n"));
  EXPECT_THAT(text(), HasSubstr("uncork_tcp_rtt_seconds_bucket{le=\"0.0003\"} 1\n"));
  EXPECT_THAT(text(), HasSubstr("uncork_tcp_rtt_seconds_bucket{le=\"0.03\"} 2\n"));
  EXPECT_THAT(text(), HasSubstr("uncork_tcp_rtt_seconds_count 2\n"));
}

TEST_F(Polled, no_label_holds_the_address_of_a_sink) {
  Exits::Stats stats{"tcp:203.0.113.9:4000", {}};
  stats.courier.delivered.rows = 7;
  snapshot_.sinks = {stats};
  poll({});
  EXPECT_THAT(text(), HasSubstr("uncork_sink_rows_total{became=\"delivered\",sink=\"tcp-1\"} 7\n"));
  EXPECT_THAT(text(), Not(HasSubstr("203.0.113.9")));
}

TEST_F(Polled, every_metric_has_a_name_and_a_unit_for_opentelemetry) {
  snapshot_.sinks = {{"stdout", {}}};
  poll({lost("shop", stall::Cause::cork, 1000)}, {established(1, 250)});
  const std::string page = source_file("docs/metrics.md");
  std::set<std::string> names;
  for (const auto& family : metrics_.collect()) {
    const OtlpName name = otlp_name(family.name);
    EXPECT_NE(name.name, family.name);
    EXPECT_FALSE(name.unit.empty()) << family.name;
    EXPECT_TRUE(names.insert(name.name).second) << name.name;
    EXPECT_THAT(page, HasSubstr("`" + family.name)) << "docs/metrics.md";
    EXPECT_THAT(page, HasSubstr("`" + name.name + "`")) << "docs/metrics.md";
  }
  EXPECT_TRUE(names.contains("grpc.tcp.min_rtt"));
}

}  // namespace
}  // namespace uncork::collect
