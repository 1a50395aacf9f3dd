#include "lab/http2/http2_judge.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace uncork::lab {
namespace {

constexpr LoadShape kOneConnection{1, 100};
constexpr LoadShape kTenConnections{10, 100};

constexpr double kSpeedUp = 2;              // measured: 7 to 30 times on the loopback, where a send costs most
constexpr double kSendsPerRequest = 0.012;  // measured: 0.010, one send for the hundred requests of a turn
constexpr double kHeldMs = 1;

/// The time held of all cells of these rules; nothing if one was not measured, or there are none.
std::optional<double> held_ms(const std::vector<Http2Row>& rows, Http2Sends sends) {
  std::optional<double> sum;
  for (const Http2Row& row : rows) {
    if (row.sends != sends) continue;
    if (!row.held) return std::nullopt;
    sum = sum.value_or(0) + core::to_ms(*row.held);
  }
  return sum;
}

Criterion judge_speed(const std::vector<Http2Row>& rows, const LoadShape& shape) {
  const Http2Row* const ours = find(rows, Transport::tcp, shape, Http2Sends::turn);
  const auto ratio = ours == nullptr ? std::nullopt : against_frame(rows, *ours);
  Criterion criterion = at_least(
      "speed_up_" + name(shape),
      fmt::format("at {}, one send per turn answers at least {} times as many requests as one per frame", name(shape), kSpeedUp),
      ratio ? std::optional(ratio->median) : std::nullopt, kSpeedUp, "times");
  if (ratio) criterion.note = fmt::format("{:.2f} to {:.2f} over the rounds", ratio->least, ratio->most);
  return criterion;
}

Criterion judge_sends(const std::vector<Http2Row>& rows, Transport transport) {
  const Http2Row* const ours = find(rows, transport, kTenConnections, Http2Sends::turn);
  return at_most("sends_per_request_" + name(transport),
                 fmt::format("over {} at {}, one send per turn makes at most {} sends per request", name(transport),
                             name(kTenConnections), kSendsPerRequest),
                 ours == nullptr ? std::nullopt : ours->sends_per_request, kSendsPerRequest, "sends per request");
}

Criterion judge_answers(const std::vector<Http2Row>& rows) {
  std::optional<double> failed;
  for (const Http2Row& row : rows) failed = failed.value_or(0) + static_cast<double>(row.failed);
  return at_most("failed", "every request is answered", failed, 0);
}

}  // namespace

std::string name(Http2Sends sends) {
  switch (sends) {
    case Http2Sends::turn:
      return "turn";
    case Http2Sends::response:
      return "response";
    case Http2Sends::frame:
      return "frame";
    case Http2Sends::frame_more:
      return "frame-more";
    case Http2Sends::frame_nagle:
      return "frame-nagle";
  }
  return "";
}

std::string name(const LoadShape& shape) { return fmt::format("c{}m{}", shape.connections, shape.streams); }

const Http2Row* find(const std::vector<Http2Row>& rows, Transport transport, const LoadShape& shape, Http2Sends sends) {
  const auto at = std::ranges::find_if(
      rows, [&](const Http2Row& row) { return row.transport == transport && row.shape == shape && row.sends == sends; });
  return at == rows.end() ? nullptr : &*at;
}

std::optional<Ratio> against_frame(const std::vector<Http2Row>& rows, const Http2Row& row) {
  const Http2Row* const frame = find(rows, row.transport, row.shape, Http2Sends::frame);
  return frame == nullptr ? std::nullopt : paired_ratio(row.requests_per_second, frame->requests_per_second);
}

std::optional<bool> nagle_was_seen(const std::vector<Http2Row>& rows) {
  const auto held = held_ms(rows, Http2Sends::frame_nagle);
  return held ? std::optional(*held >= kHeldMs) : std::nullopt;
}

std::vector<Criterion> judge_http2(const std::vector<Http2Row>& rows) {
  std::vector<Criterion> criteria = {judge_answers(rows), judge_speed(rows, kOneConnection), judge_speed(rows, kTenConnections),
                                     judge_sends(rows, Transport::tcp), judge_sends(rows, Transport::tls)};
  criteria.push_back(
      at_most("turn_is_not_held", "one send per turn is never held", held_ms(rows, Http2Sends::turn), kHeldMs, "ms"));
  if (nagle_was_seen(rows).value_or(true)) {
    criteria.push_back(at_least("nagle_holds", "one send per frame under Nagle is held, and the server charged with it",
                                held_ms(rows, Http2Sends::frame_nagle), kHeldMs, "ms"));
  }
  return criteria;
}

}  // namespace uncork::lab
