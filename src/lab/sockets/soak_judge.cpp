#include "lab/sockets/soak_judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "core/duration.hpp"
#include "lab/sockets/watcher.hpp"

namespace uncork::lab {
namespace {

constexpr double kThreadsMost = 4;
constexpr double kDescriptorsBeside = 64;  // what it needs for itself: BPF programs and maps, sockets, folders
// Chosen, not measured: room for buffers that still grow in a short run. A leak of 60 KiB a minute (100 bytes for each of ten
// namespaces a second) is seen after three quarters of an hour, not in two minutes.
constexpr double kGrowthMostKib = 2048;
constexpr double kGrowthMostKibAMinute = 16;
// Wide: the machine does other things too.
constexpr double kSlowestTimes = 10;
constexpr double kSlowestMs = 1000;

Criterion none(std::string name, std::string requirement, std::uint64_t count, std::string note = "") {
  Criterion criterion = at_most(std::move(name), std::move(requirement), static_cast<double>(count), 0);
  if (!criterion.passed()) criterion.note = std::move(note);
  return criterion;
}

std::string example(const Tally& tally) { return tally.examples.empty() ? "" : tally.examples.front(); }

Criterion judge_looks(const SoakFigures& figures) {
  // On a machine that others use too, a quarter of them; fewer than three show nothing.
  const double wanted =
      static_cast<double>(figures.ran.count()) / static_cast<double>(std::max<std::int64_t>(figures.every.count(), 1));
  const double least = std::max(3.0, wanted / 4);
  return at_least("looks", fmt::format("at least {:.0f} looks", least), static_cast<double>(figures.tally.looks), least);
}

Criterion judge_rows(const Tally& tally) {
  Criterion criterion = none("rows_wrong", "each socket that stood through a look is in it, exactly once",
                             tally.missing + tally.duplicates, example(tally));
  if (tally.expected == 0) criterion.measured.reset();
  return criterion;
}

Criterion judge_ends(const std::vector<WatcherEnd>& ends) {
  std::string note;
  for (const WatcherEnd& end : ends) {
    if (!note.empty()) note += "; ";
    note +=
        fmt::format("after {}: {}{}", core::to_string(end.after), end_text(end.status), end.said.empty() ? "" : ": " + end.said);
  }
  return none("watcher_ends", "the watcher never ends unasked, and in order when asked", ends.size(), note);
}

Criterion judge_memory(const std::vector<MemoryPoint>& memory) {
  const auto trend = memory_trend(memory);
  const double most = kGrowthMostKib + (trend ? kGrowthMostKibAMinute * trend->minutes : 0);
  Criterion criterion = at_most("memory_growth", fmt::format("after the warm-up its memory grows by at most {:.0f} KiB", most),
                                trend ? std::optional(trend->grown_kib) : std::nullopt, most, "KiB");
  if (trend) criterion.note = fmt::format("{:+.1f} KiB a minute", trend->kib_a_minute);
  return criterion;
}

Criterion judge_times(const std::vector<double>& poll_ms) {
  const auto median = quantile(poll_ms, 0.5);
  const auto slow = quantile(poll_ms, 0.99);
  const double most = median ? std::max(kSlowestTimes * *median, kSlowestMs) : kSlowestMs;
  Criterion criterion = at_most("poll_p99", fmt::format("of 100 looks, 99 take at most {:.0f} ms", most), slow, most, "ms");
  if (median) criterion.note = fmt::format("median {:.1f} ms", *median);
  return criterion;
}

}  // namespace

std::vector<Criterion> judge_soak(const SoakFigures& figures) {
  const Tally& tally = figures.tally;
  const double descriptors = kDescriptorsBeside + static_cast<double>(figures.namespaces);
  const auto used = [](std::uint64_t most) { return most == 0 ? std::nullopt : std::optional(static_cast<double>(most)); };
  return {judge_looks(figures),
          judge_rows(tally),
          none("names_wrong", "no row is under another namespace's name or inode", tally.misnamed, example(tally)),
          none("addresses_wrong", "no row has another address or port", tally.misplaced, example(tally)),
          none("ghosts", "no row shows a closed socket as open, or one that nobody made", tally.ghosts + tally.strangers,
               example(tally)),
          none("last_rows_wrong", "no socket has two last rows, and none that stands has one",
               tally.repeated_ends + tally.early_ends, example(tally)),
          judge_ends(figures.ends),
          at_most("threads", fmt::format("it has at most {:.0f} threads", kThreadsMost), used(figures.threads), kThreadsMost),
          at_most("descriptors", fmt::format("and at most {:.0f} descriptors: one for each namespace", descriptors),
                  used(figures.descriptors), descriptors),
          judge_memory(figures.memory),
          judge_times(figures.poll_ms)};
}

}  // namespace uncork::lab
