// uncork cure --watch: again and again, processes that begin later included.

#include <algorithm>
#include <map>
#include <set>

#include "cli/cure/parts.hpp"
#include "cli/cure/printer.hpp"
#include "cli/output.hpp"
#include "core/count.hpp"
#include "core/stop_signal.hpp"
#include "cure/select/fleet.hpp"
#include "report/printable.hpp"

namespace uncork::cli {
namespace {

/// Under the 40 ms of Linux' shortest delayed ACK, so that a new connection stalls once at most.
constexpr core::Micros kPassEvery{20'000};
/// A pass over very many descriptors waits this many times its own length, which keeps the watch under a tenth of a CPU; likewise
/// a look at all processes of the machine.
constexpr int kRestFactor = 10;

/// When something that costs time is due again.
class Pace {
 public:
  [[nodiscard]] bool due() const { return core::MonotonicClock::now() >= next_; }
  [[nodiscard]] core::Time next() const { return next_; }
  void took_since(core::Time begun) {
    const core::Time now = core::MonotonicClock::now();
    next_ = now + std::max(kPassEvery, (now - begun) * kRestFactor);
  }

 private:
  core::Time next_{};
};

class Watch {
 public:
  Watch(const CureArguments& arguments, const cure::CureOptions& options, const cure::Selector& selector)
      : arguments_(arguments), fleet_(selector, options) {}

  Exit run() {
    core::StopSignal stop;
    std::optional<core::Time> end;
    if (arguments_.watch_for) end = core::MonotonicClock::now() + *arguments_.watch_for;
    if (!discover()) return Exit::not_possible;
    for (;;) {
      pass();
      if (over()) break;
      const core::Time next =
          std::min(fleet_.grows() ? std::min(passes_.next(), looks_.next()) : passes_.next(), end.value_or(core::Time::max()));
      if (stop.wait_until(next) || (end && core::MonotonicClock::now() >= *end)) break;
      if (fleet_.grows() && looks_.due() && !discover()) break;
    }
    for (auto& [pid, printer] : printers_) exit_ = worse(exit_, printer.summary(false));
    if (arguments_.searches() && !arguments_.json) print("{} cured\n", core::count_of(cured_.size(), "process", "processes"));
    return exit_;
  }

 private:
  /// A name may be borne by somebody later; of a process's own descendants none is left to come.
  [[nodiscard]] bool over() const { return fleet_.empty() && (!fleet_.grows() || !arguments_.pids.empty()); }

  bool discover() {
    const core::Time begun = core::MonotonicClock::now();
    const auto news = fleet_.discover();
    if (!news) {
      exit_ = worse(exit_, report_error(news.error()));
      return false;
    }
    if (!looked_) {
      say_notes(news->notes);
      if (!news->why_none.empty()) say("uncork cure: {}\nuncork cure: waiting for one\n", report::printable(news->why_none));
    }
    looked_ = true;
    for (const core::Error& refused : news->refused) exit_ = worse(exit_, report_error(refused));
    for (const cure::Chosen& chosen : news->joined) printers_.try_emplace(chosen.process.pid, arguments_, chosen);
    looks_.took_since(begun);
    if (!news->joined.empty()) passes_ = {};
    return true;
  }

  void pass() {
    if (!passes_.due()) return;
    const core::Time begun = core::MonotonicClock::now();
    for (const cure::Fleet::Passed& passed : fleet_.scan()) {
      const auto printer = printers_.find(passed.pid);
      if (printer == printers_.end()) continue;
      if (passed.report) {
        if (passed.report->changed != 0) cured_.insert(passed.pid);
        printer->second.pass(*passed.report);
        if (!passed.report->process_ended) continue;
        exit_ = worse(exit_, printer->second.summary(true));
      } else {
        printer->second.summary(false);
        exit_ = worse(exit_, report_error(passed.report.error()));
      }
      printers_.erase(printer);
    }
    passes_.took_since(begun);
  }

  const CureArguments& arguments_;
  cure::Fleet fleet_;
  std::map<pid_t, CurePrinter> printers_;
  std::set<pid_t> cured_;
  Pace passes_, looks_;
  Exit exit_ = Exit::ok;
  bool looked_ = false;
};

}  // namespace

Exit cure_watch(const CureArguments& arguments, const cure::CureOptions& options, const cure::Selector& selector) {
  return Watch(arguments, options, selector).run();
}

}  // namespace uncork::cli
