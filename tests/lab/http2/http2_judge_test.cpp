#include "lab/http2/http2_judge.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace uncork::lab {
namespace {

double rate_of(Http2Sends sends) {
  return sends == Http2Sends::turn ? 900'000 : sends == Http2Sends::response ? 170'000 : 90'000;
}

/// What a good run shows.
std::vector<Http2Row> good_rows() {
  std::vector<Http2Row> rows;
  for (const Transport transport : {Transport::tcp, Transport::tls}) {
    for (const LoadShape& shape : kLoadShapes) {
      for (const Http2Sends sends :
           {Http2Sends::turn, Http2Sends::response, Http2Sends::frame, Http2Sends::frame_more, Http2Sends::frame_nagle}) {
        Http2Row row;
        row.transport = transport;
        row.shape = shape;
        row.sends = sends;
        row.requests = 1000;
        row.requests_per_second = {rate_of(sends), rate_of(sends), rate_of(sends)};
        row.sends_per_request = sends == Http2Sends::turn ? 0.0101 : 2;
        row.held = core::Micros(sends == Http2Sends::frame_nagle ? 200'000 : 0);
        rows.push_back(row);
      }
    }
  }
  return rows;
}

Http2Row& row_of(std::vector<Http2Row>& rows, Transport transport, LoadShape shape, Http2Sends sends) {
  for (Http2Row& row : rows) {
    if (row.transport == transport && row.shape == shape && row.sends == sends) return row;
  }
  return rows.front();
}

std::vector<std::string> failed(const std::vector<Http2Row>& rows) {
  std::vector<std::string> names;
  for (const Criterion& criterion : judge_http2(rows)) {
    if (!criterion.passed()) names.push_back(criterion.name);
  }
  return names;
}

using Names = std::vector<std::string>;

TEST(JudgeHttp2, passes_what_was_promised) {
  EXPECT_EQ(failed(good_rows()), Names{});
  EXPECT_EQ(judge_http2(good_rows()).size(), 7U);
}

TEST(JudgeHttp2, fails_each_promise_by_itself) {
  auto rows = good_rows();
  row_of(rows, Transport::tcp, {1, 100}, Http2Sends::turn).requests_per_second = {179'000, 179'000, 900'000};
  EXPECT_EQ(failed(rows), Names{"speed_up_c1m100"});
  rows = good_rows();
  row_of(rows, Transport::tcp, {10, 100}, Http2Sends::frame).requests_per_second = {500'000, 500'000, 500'000};
  EXPECT_EQ(failed(rows), Names{"speed_up_c10m100"});
  rows = good_rows();
  row_of(rows, Transport::tcp, {10, 100}, Http2Sends::turn).sends_per_request = 0.0121;
  EXPECT_EQ(failed(rows), Names{"sends_per_request_tcp"});
  rows = good_rows();
  row_of(rows, Transport::tls, {10, 100}, Http2Sends::turn).sends_per_request = 0.0121;
  EXPECT_EQ(failed(rows), Names{"sends_per_request_tls"});
  rows = good_rows();
  row_of(rows, Transport::tls, {1, 1}, Http2Sends::turn).held = core::Micros(1001);
  EXPECT_EQ(failed(rows), Names{"turn_is_not_held"});
  rows = good_rows();
  row_of(rows, Transport::tls, {100, 10}, Http2Sends::response).failed = 1;
  EXPECT_EQ(failed(rows), Names{"failed"});
}

TEST(JudgeHttp2, does_not_judge_a_stall_that_this_machine_does_not_show) {
  auto rows = good_rows();
  EXPECT_EQ(nagle_was_seen(rows), true);
  for (Http2Row& row : rows) row.held = core::Micros(0);
  EXPECT_EQ(nagle_was_seen(rows), false);
  EXPECT_EQ(failed(rows), Names{});
  EXPECT_EQ(judge_http2(rows).size(), 6U);
}

TEST(JudgeHttp2, fails_what_nobody_saw) {
  auto rows = good_rows();
  for (Http2Row& row : rows) {
    row.sends_per_request = std::nullopt;
    row.held = std::nullopt;
  }
  EXPECT_EQ(nagle_was_seen(rows), std::nullopt);
  EXPECT_EQ(failed(rows), (Names{"sends_per_request_tcp", "sends_per_request_tls", "turn_is_not_held", "nagle_holds"}));
  EXPECT_EQ(failed({}).size(), 7U);
}

TEST(JudgeHttp2, compares_rounds_of_one_load_and_transport) {
  auto rows = good_rows();
  row_of(rows, Transport::tls, {1, 1}, Http2Sends::frame).requests_per_second = {10, 20, 30};
  Http2Row& turn = row_of(rows, Transport::tls, {1, 1}, Http2Sends::turn);
  turn.requests_per_second = {10, 60, 60};
  const auto ratio = against_frame(rows, turn);
  ASSERT_TRUE(ratio);
  EXPECT_EQ(ratio->median, 2);
  EXPECT_EQ(ratio->least, 1);
  EXPECT_EQ(ratio->most, 3);
}

TEST(Http2Server, sends_as_it_is_told) {
  EXPECT_EQ(transport_options_of(Http2Sends::turn).flush, http2::flush_rule::turn);
  EXPECT_EQ(transport_options_of(Http2Sends::response).flush, http2::flush_rule::response);
  EXPECT_EQ(transport_options_of(Http2Sends::frame).flush, http2::flush_rule::frame);
  EXPECT_TRUE(transport_options_of(Http2Sends::frame).no_delay);
  EXPECT_EQ(transport_options_of(Http2Sends::frame_more).flush, http2::flush_rule::frame_more);
  EXPECT_EQ(transport_options_of(Http2Sends::frame_nagle).flush, http2::flush_rule::frame);
  EXPECT_FALSE(transport_options_of(Http2Sends::frame_nagle).no_delay);
}

}  // namespace
}  // namespace uncork::lab
