#include "lab/coalesce/coalesce_judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace uncork::lab {
namespace {

constexpr double kSpeedUp = 2;             // the published claim
constexpr double kSendsPerMessage = 0.02;  // at 100 messages a turn; fewer a turn cannot be gathered so far
constexpr double kLoneRatio = 1.15;  // medians of paired rounds of a process switch each: they differ by a tenth in one cell too
constexpr double kHeldMs = 1;
constexpr double kPipelinedSends = 0.05;  // an answer
constexpr double kAnswerSends = 1.05;     // one; a machine that takes the processor away within a turn may split an answer
constexpr double kPipelinedSpeedUp = 1.5;

const CoalesceRow* find(const std::vector<CoalesceRow>& rows, Transport transport, MessageWrites writes) {
  const auto at =
      std::ranges::find_if(rows, [&](const CoalesceRow& r) { return r.transport == transport && r.writes == writes; });
  return at == rows.end() ? nullptr : &*at;
}

std::vector<double> as_ms(const std::vector<core::Micros>& times) {
  std::vector<double> values;
  for (const core::Micros time : times) values.push_back(core::to_ms(time));
  return values;
}

void add_spread(Criterion& criterion, const std::optional<Ratio>& ratio) {
  if (ratio) criterion.note = fmt::format("{:.2f} to {:.2f} over the rounds", ratio->least, ratio->most);
}

void judge_transport(const std::vector<CoalesceRow>& rows, Transport transport, const CoalesceOptions& options,
                     std::vector<Criterion>& criteria) {
  const CoalesceRow* plain = find(rows, transport, MessageWrites::nodelay);
  const CoalesceRow* nagle = find(rows, transport, MessageWrites::nagle);
  const CoalesceRow* ours = find(rows, transport, MessageWrites::coalesced);
  if (plain == nullptr || nagle == nullptr || ours == nullptr) return;
  const std::string over = name(transport);
  const auto speed_up = paired_ratio(ours->messages_per_second, plain->messages_per_second);
  criteria.push_back(at_least(
      "speed_up_" + over, fmt::format("over {}, coalesced is at least {} times as fast as one send per message", over, kSpeedUp),
      speed_up ? std::optional(speed_up->median) : std::nullopt, kSpeedUp, "times"));
  add_spread(criteria.back(), speed_up);
  const double most_sends = std::max(kSendsPerMessage, 2.0 / options.messages);
  criteria.push_back(at_most(
      "sends_per_message_" + over,
      fmt::format("over {}, coalesced makes at most {:.3g} sends per message at {} per turn", over, most_sends, options.messages),
      ours->sends_per_message, most_sends, "sends per message"));
  const auto lone = paired_ratio(as_ms(ours->lone_medians), as_ms(plain->lone_medians));
  criteria.push_back(
      at_most("lone_message_" + over,
              fmt::format("over {}, a lone message takes at most {} times as long as plain Asio's", over, kLoneRatio),
              lone ? std::optional(lone->median) : std::nullopt, kLoneRatio, "times"));
  add_spread(criteria.back(), lone);
  const auto held = [](const CoalesceRow& row) { return row.held ? std::optional(core::to_ms(*row.held)) : std::nullopt; };
  criteria.push_back(at_least("nagle_holds_" + over, fmt::format("over {}, one send per message under Nagle is held", over),
                              held(*nagle), kHeldMs, "ms"));
  criteria.push_back(at_most("coalesced_is_not_held_" + over, fmt::format("over {}, coalesced is never held", over), held(*ours),
                             kHeldMs, "ms"));
}

/// The most sends an answer of the rows that `chosen` says; nothing if one was not counted, or there are none.
template <typename Chosen>
std::optional<double> most_sends(const std::vector<AnswerRow>& rows, Chosen chosen) {
  std::optional<double> most;
  for (const AnswerRow& row : rows) {
    if (!chosen(row)) continue;
    if (!row.coalesced.sends_per_answer) return std::nullopt;
    most = std::max(most.value_or(0), *row.coalesced.sends_per_answer);
  }
  return most;
}

std::optional<double> least_speed_up(const std::vector<AnswerRow>& rows, AnswerProtocol protocol) {
  std::optional<double> least;
  for (const AnswerRow& row : rows) {
    if (row.protocol != protocol || !row.pipelined) continue;
    const auto ratio = paired_ratio(row.coalesced.answers_per_second, row.plain.answers_per_second);
    if (!ratio) return std::nullopt;
    least = std::min(least.value_or(ratio->median), ratio->median);
  }
  return least;
}

}  // namespace

std::string name(MessageWrites writes) {
  switch (writes) {
    case MessageWrites::nagle:
      return "nagle";
    case MessageWrites::nodelay:
      return "nodelay";
    case MessageWrites::msg_more:
      return "msg_more";
    case MessageWrites::coalesced:
      return "coalesced";
  }
  return "";
}

std::string name(Transport transport) { return transport == Transport::tcp ? "tcp" : "tls"; }

std::string name(AnswerProtocol protocol) { return protocol == AnswerProtocol::redis ? "redis" : "http"; }

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

std::optional<Ratio> paired_ratio(const std::vector<double>& numerators, const std::vector<double>& denominators) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < std::min(numerators.size(), denominators.size()); ++i) {
    if (denominators[i] > 0) ratios.push_back(numerators[i] / denominators[i]);
  }
  if (ratios.empty()) return std::nullopt;
  const auto [least, most] = std::ranges::minmax(ratios);
  return Ratio{median(ratios), least, most};
}

std::vector<Criterion> judge_coalesce(const std::vector<CoalesceRow>& rows, const CoalesceOptions& options) {
  std::vector<Criterion> criteria;
  for (const Transport transport : {Transport::tcp, Transport::tls}) judge_transport(rows, transport, options, criteria);
  return criteria;
}

std::vector<Criterion> judge_answers(const std::vector<AnswerRow>& rows) {
  std::vector<Criterion> criteria;
  for (const AnswerProtocol protocol : {AnswerProtocol::redis, AnswerProtocol::http}) {
    const std::string by = name(protocol);
    criteria.push_back(at_most("pipelined_sends_" + by,
                               fmt::format("{} pipelined, coalesced makes at most {} sends per answer", by, kPipelinedSends),
                               most_sends(rows, [&](const AnswerRow& row) { return row.protocol == protocol && row.pipelined; }),
                               kPipelinedSends, "sends per answer"));
    criteria.push_back(
        at_least("pipelined_speed_up_" + by,
                 fmt::format("{} pipelined, coalesced is at least {} times as fast as plain Asio", by, kPipelinedSpeedUp),
                 least_speed_up(rows, protocol), kPipelinedSpeedUp, "times"));
    criteria.push_back(at_most(
        "answer_sends_" + by, fmt::format("{} after a greeting, an answer of up to {} writes is one send", by, kMostAnswerWrites),
        most_sends(rows, [&](const AnswerRow& row) { return row.protocol == protocol && !row.pipelined; }), kAnswerSends,
        "sends per answer"));
  }
  return criteria;
}

}  // namespace uncork::lab
