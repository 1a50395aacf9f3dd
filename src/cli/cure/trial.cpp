// uncork cure --trial: TCP_NODELAY on and off by turns, measured, and kept only if it gains.

#include <algorithm>
#include <random>
#include <set>
#include <utility>

#include "cli/cure/parts.hpp"
#include "cli/cure/printer.hpp"
#include "cli/cure/selecting.hpp"
#include "cli/cure/trial_meter.hpp"
#include "cli/cure/trial_view.hpp"
#include "cli/output.hpp"
#include "core/count.hpp"
#include "core/duration.hpp"
#include "core/stop_signal.hpp"
#include "cure/select/fleet.hpp"
#include "cure/trial/guardian.hpp"
#include "cure/trial/schedule.hpp"
#include "report/printable.hpp"
#include "report/verdict_json.hpp"

namespace uncork::cli {
namespace {

/// As --watch does it: a connection that begins in a window has the window's setting before its first delayed ACK is over.
constexpr core::Micros kPassEvery{20'000};
/// Looking for processes that begin reads all of /proc.
constexpr core::Micros kLookEvery{200'000};

class Trial {
 public:
  Trial(const CureArguments& arguments, cure::Fleet fleet, cure::TrialSchedule schedule, TrialMeter meter,
        cure::Guardian guardian)
      : arguments_(arguments),
        fleet_(std::move(fleet)),
        schedule_(std::move(schedule)),
        meter_(std::move(meter)),
        guardian_(std::move(guardian)) {}

  Exit run() {
    if (const auto measured = measure_all(); !measured) {
      take(fleet_.undo());
      guardian_.stand_down();
      return report_error(measured.error());
    }
    return finish();
  }

 private:
  core::Status measure_all() {
    if (auto begun = begin(); !begun) return begun;
    for (const bool on : schedule_.order) {
      if (!cut_short_.empty()) break;
      if (auto measured = measure(on); !measured) return measured;
    }
    return {};
  }

  core::Status begin() {
    auto news = discover();
    if (!news) return news;
    std::size_t undone = 0;
    for (const cure::Fleet::Passed& passed : fleet_.undo()) undone += passed.report ? passed.report->undone : 0;
    if (undone != 0) {
      say("uncork cure: an earlier cure had set TCP_NODELAY on {} of its sockets; taken back for the trial\n", undone);
    }
    if (!arguments_.json) {
      say("uncork cure: a trial of {} windows of {}; Ctrl-C ends it and restores\n", schedule_.order.size(),
          core::to_string(schedule_.window));
    }
    return {};
  }

  /// Processes that have begun since; each is protected before it is changed.
  core::Status discover() {
    auto news = fleet_.discover();
    if (!news) return core::fail(news.error());
    if (!looked_) {
      say_notes(news->notes);
      if (news->joined.empty() && !news->why_none.empty()) {
        return core::fail(core::Error{core::ErrorCode::not_found, 0, report::printable(news->why_none)});
      }
    }
    looked_ = true;
    for (const core::Error& refused : news->refused) exit_ = worse(exit_, report_error(refused));
    std::vector<pid_t> joined;
    for (const cure::Chosen& chosen : news->joined) {
      joined.push_back(chosen.process.pid);
      if (auto guarded = guardian_.protect(chosen.process.pid); !guarded) return guarded;
      if (arguments_.searches()) say_chosen(arguments_, chosen);
    }
    if (joined.empty()) return {};
    return meter_.add(joined);
  }

  core::Status measure(bool on) {
    const core::Time begun = core::MonotonicClock::now();
    if (!on && on_) take(fleet_.undo());
    on_ = on;
    if (auto held = hold(begun + schedule_.settle); !held) return held;
    auto begin = meter_.read(fleet_.pids());
    if (!begin) return core::fail(begin.error());
    if (auto held = hold(begun + schedule_.window); !held) return held;
    auto end = meter_.read(fleet_.pids());
    if (!end) return core::fail(end.error());
    if (!cut_short_.empty()) return {};
    windows_.push_back(window_between(*begin, *end, on));
    show(windows_.back());
    return {};
  }

  /// Keeps the window's setting, on new connections too.
  core::Status hold(core::Time until) {
    core::Time look = core::MonotonicClock::now() + kLookEvery;
    for (;;) {
      if (on_) take(fleet_.scan());
      note_end();
      const core::Time now = core::MonotonicClock::now();
      if (!cut_short_.empty() || now >= until) return {};
      if (stop_.wait_until(std::min(until, now + kPassEvery))) cut_short_ = "a signal ended it";
      if (fleet_.grows() && core::MonotonicClock::now() >= look) {
        if (auto found = discover(); !found) return found;
        look = core::MonotonicClock::now() + kLookEvery;
      }
    }
  }

  void note_end() {
    if (cut_short_.empty() && fleet_.ended()) cut_short_ = "the process has ended";
  }

  void take(const std::vector<cure::Fleet::Passed>& all) {
    for (const cure::Fleet::Passed& passed : all) {
      if (!passed.report) {
        exit_ = worse(exit_, report_error(passed.report.error()));
        continue;
      }
      for (const core::Error& problem : passed.report->problems) exit_ = worse(exit_, report_error(problem));
      for (const cure::SocketOutcome& socket : passed.report->sockets) {
        if (!socket.socket.connected()) continue;
        if (socket.changed && on_) changed_.insert(socket.socket.id);
        seen_.insert(socket.socket.id);
      }
    }
  }

  void show(const cure::TrialWindow& window) {
    if (arguments_.json) {
      put(report::json_line(window_json(windows_.size(), window)));
      flush();
    } else if (terminal_width(2) > 0) {
      say("\r\x1b[K{}", window_line(windows_.size(), schedule_.order.size(), window));
      drawn_ = true;
    }
  }

  Exit finish() {
    if (std::exchange(drawn_, false)) put_error("\r\x1b[K");
    const auto verdict = cure::judge_trial(windows_, {seen_.size(), changed_.size()});
    TrialEnd end;
    end.whole = cut_short_.empty();
    end.why_short = cut_short_;
    const bool keeps = end.whole && verdict.keeps();
    for (const cure::Fleet::Passed& passed : fleet_.undo()) end.restored += passed.report ? passed.report->undone : 0;
    if (keeps) {  // anew, on all that are open now
      for (const cure::Fleet::Passed& passed : fleet_.scan()) end.kept += passed.report ? passed.report->changed : 0;
      end.undo = "uncork cure " + words_of(arguments_) + " --undo";
    }
    guardian_.stand_down();
    if (arguments_.json) {
      put(report::json_line(trial_json(verdict, end)));
    } else {
      print_text(trial_page(verdict, end));
    }
    flush();
    const bool judged = end.whole && verdict.outcome != cure::TrialOutcome::too_few;
    return worse(exit_, keeps ? Exit::ok : judged ? Exit::found : Exit::not_possible);
  }

  const CureArguments& arguments_;
  cure::Fleet fleet_;
  cure::TrialSchedule schedule_;
  TrialMeter meter_;
  cure::Guardian guardian_;
  core::StopSignal stop_;
  std::vector<cure::TrialWindow> windows_;
  std::set<cure::SocketId> seen_, changed_;
  std::string cut_short_;
  Exit exit_ = Exit::ok;
  bool on_ = false;
  bool looked_ = false;
  bool drawn_ = false;
};

}  // namespace

Exit cure_trial(const CureArguments& arguments, const cure::CureOptions& options, const cure::Selector& selector) {
  auto schedule = cure::plan_trial(*arguments.trial, arguments.window, std::random_device{}());
  if (!schedule) return report_error(schedule.error());
  auto guardian = cure::Guardian::start(options);  // before there is a second thread
  if (!guardian) return report_error(guardian.error());
  auto meter = TrialMeter::start(arguments.port);
  if (!meter) {
    guardian->stand_down();
    return report_error(meter.error());
  }
  Trial trial(arguments, cure::Fleet(selector, options), std::move(*schedule), std::move(*meter), std::move(*guardian));
  return trial.run();
}

}  // namespace uncork::cli
