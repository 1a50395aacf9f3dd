#include "lab/transmit/transmit_judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "lab/coalesce/coalesce_judge.hpp"

namespace uncork::lab {
namespace {

constexpr std::uint32_t kMss = 1448;  // Ethernet with timestamps
constexpr double kMostNoise = 0.1;    // more than that excuses nothing
constexpr double kMostGrowthKb = 4 * 1024;
constexpr double kHeldMsAnExchange = 1;  // a cork's own hold is the time of three system calls

bool is_small(const TransmitRow& row) { return row.file_bytes <= 1 << 20; }

std::uint32_t worst(const TransmitRow& row) { return row.segments.empty() ? 0 : std::ranges::max(row.segments); }

void judge_segments(const TransmitResult& result, std::vector<Criterion>& criteria) {
  for (const auto& [bytes, expected] : {std::pair<std::uint64_t, double>(4096, 4), {8192, 6}, {100'000, 70}}) {
    std::optional<double> measured;
    for (const TransmitRow& row : result.rows) {
      if (row.strategy == SendStrategy::transmit_file && row.file_bytes == bytes && row.mss == kMss) measured = worst(row);
    }
    criteria.push_back(at_most(fmt::format("segments_{}", bytes),
                               fmt::format("transmit_file sends {} + {} + {} bytes in {} segments of {}, every time", kHeadBytes,
                                           bytes, kTailBytes, expected, kMss),
                               measured, expected, "segments"));
  }
  std::optional<double> most_over;
  for (const TransmitRow& row : result.rows) {
    if (row.strategy != SendStrategy::transmit_file || !is_small(row)) continue;
    most_over = std::max(most_over.value_or(0), static_cast<double>(worst(row)) - static_cast<double>(row.minimum_segments));
  }
  criteria.push_back(at_most("segments_over_minimum",
                             "transmit_file sends every size up to 1 MiB in the fewest segments, every time", most_over, 0,
                             "segments too many"));
}

void judge_stalls(const TransmitResult& result, std::vector<Criterion>& criteria) {
  std::optional<double> ours;
  std::optional<double> plain;
  std::optional<double> held;
  for (const TransmitRow& row : result.rows) {
    if (!is_small(row)) continue;
    if (row.strategy == SendStrategy::plain) plain = plain.value_or(0) + row.stalls;
    if (row.strategy != SendStrategy::transmit_file) continue;
    ours = ours.value_or(0) + row.stalls;
    if (row.held && row.times.count() > 0) {
      held = std::max(held.value_or(0), core::to_ms(*row.held) / static_cast<double>(row.times.count()));
    }
  }
  criteria.push_back(at_most("stalls", "no exchange by transmit_file takes 38 ms or more", ours, 0, "exchanges"));
  criteria.push_back(
      at_least("plain_stalls", "exchanges by send, sendfile, send do: the fault is present", plain, 1, "exchanges"));
  criteria.push_back(at_most(
      "held",
      fmt::format("Nagle and corks hold transmit_file for at most {} ms an exchange, as the kernel says", kHeldMsAnExchange),
      held, kHeldMsAnExchange, "ms"));
}

double spread(const std::vector<double>& numerators, const std::vector<double>& denominators, double middle) {
  std::vector<double> distances;
  for (std::size_t i = 0; i < std::min(numerators.size(), denominators.size()); ++i) {
    distances.push_back(std::abs(numerators[i] / denominators[i] - middle));
  }
  return median(distances);
}

void judge_serving(const TransmitResult& result, std::vector<Criterion>& criteria) {
  const ServingRow none;
  const ServingRow& ours = result.serving.empty() ? none : result.serving.front();
  const ServingRow& nginx = result.serving.size() < 2 ? none : result.serving[1];
  const auto judge = [&](const std::string& name, const std::string& what, const std::vector<double>& a,
                         const std::vector<double>& b, bool more_is_better) {
    const auto ratio = paired_ratio(a, b);
    const double noise = ratio ? std::min(spread(a, b, ratio->median), kMostNoise) : 0;
    const auto measured = ratio ? std::optional(ratio->median) : std::nullopt;
    const std::string requirement = fmt::format(
        "{} (median of paired rounds) is at {} 1 {} the median distance of the rounds from it, 10 % at most: {:.3f}", what,
        more_is_better ? "least" : "most", more_is_better ? "less" : "plus", more_is_better ? 1 - noise : 1 + noise);
    criteria.push_back(more_is_better ? at_least(name, requirement, measured, 1 - noise, "times")
                                      : at_most(name, requirement, measured, 1 + noise, "times"));
    if (ratio) criteria.back().note = fmt::format("{:.3f} to {:.3f} over the rounds", ratio->least, ratio->most);
    if (!ratio && !result.why_no_nginx.empty()) criteria.back().note = result.why_no_nginx;
  };
  judge("throughput_to_nginx", "throughput relative to nginx's", ours.gigabytes_per_second, nginx.gigabytes_per_second, true);
  judge("cpu_to_nginx", "processor time per GB relative to nginx's", ours.cpu_ms_per_gigabyte, nginx.cpu_ms_per_gigabyte, false);
  const auto growth = result.memory_growth_kb ? std::optional(static_cast<double>(*result.memory_growth_kb)) : std::nullopt;
  criteria.push_back(at_most(
      "memory", fmt::format("our server's peak memory grows by at most {} KB from the first transfer to the last", kMostGrowthKb),
      growth, kMostGrowthKb, "KB"));
}

}  // namespace

std::vector<Criterion> judge_transmit(const TransmitResult& result) {
  std::vector<Criterion> criteria;
  judge_segments(result, criteria);
  judge_stalls(result, criteria);
  judge_serving(result, criteria);
  return criteria;
}

}  // namespace uncork::lab
