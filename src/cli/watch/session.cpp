#include "cli/watch/session.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "cli/output.hpp"
#include "cli/watch/screen/browse.hpp"
#include "cli/watch/screen/terminal.hpp"
#include "core/json.hpp"
#include "report/verdict_json.hpp"

namespace uncork::cli {
namespace {

constexpr core::Micros kRedraw{500'000};

}  // namespace

core::Result<std::unique_ptr<WatchSession>> WatchSession::make(const WatchOptions& options, WatchSource source) {
  auto sieve = Sieve::make(source.choice);
  if (!sieve) return core::fail(sieve.error());
  return std::unique_ptr<WatchSession>(new WatchSession(options, std::move(source), std::move(*sieve)));
}

WatchSession::WatchSession(const WatchOptions& options, WatchSource source, Sieve sieve)
    : options_(options),
      source_(std::move(source)),
      to_(options.command.empty() ? STDOUT_FILENO : STDERR_FILENO),
      between_(options.once              ? Between::nothing
               : options.json            ? Between::json
               : options.events          ? Between::events
               : to_ == STDERR_FILENO    ? Between::nothing  // the terminal is the command's
               : terminal_width(to_) > 0 ? Between::browsed
                                         : Between::nothing) {
  if (options.shown_by() == WatchBy::connection) {
    auto view = std::make_unique<ConnectionView>(options, source_, std::move(sieve));
    connections_ = view.get();
    view_ = std::move(view);
  } else {
    auto view = std::make_unique<ServiceView>(options, source_, std::move(sieve));
    services_ = view.get();
    view_ = std::move(view);
  }
  if (source_.streaming != nullptr) feed_.emplace(*source_.streaming, options.json);
}

void WatchSession::write(const std::string& text) const {
  if (to_ == STDERR_FILENO) return put_error(text);
  put(text);
  flush();
}

void WatchSession::write_page(const std::string& text) const {
  if (to_ == STDERR_FILENO) return say_page(text);
  print_page(text);
  flush();
}

std::vector<std::string> WatchSession::limits() const {
  std::vector<std::string> limits = source_.opened.source->limits();
  if (!source_.opened.why_sampled.empty()) limits.insert(limits.begin(), "sampled, not witnessed: " + source_.opened.why_sampled);
  return limits;
}

void WatchSession::say_start(const std::string& words) {
  if (options_.json) {
    const core::Json start = {{"type", "start"},
                              {"by", name(options_.shown_by())},
                              {"confidence", stall::name(source_.opened.source->confidence())},
                              {"limits", limits()}};
    return write(report::json_line(start));
  }
  said_limits_ = limits();
  for (const std::string& limit : said_limits_) say("uncork watch: {}\n", limit);
  if (!words.empty()) say("uncork watch: {}\n", words);
}

std::string WatchSession::table(core::Micros watched) {
  return view_->table(watched, static_cast<std::size_t>(terminal_width(to_)), wants_color(to_));
}

void WatchSession::show() {
  if (feed_) write(feed_->take_lines(connections_->board()));
  if (between_ == Between::json) write(view_->live_json());
}

Exit WatchSession::say_end(core::Time now, std::optional<int> command_exit) {
  const WatchEnd end{now - begun_, limits(), command_exit};
  if (feed_) write(feed_->take_lines(connections_->board()));
  if (options_.json) {
    write(view_->verdicts_json(end));
  } else {
    std::string page = options_.once ? table(end.watched) : view_->verdicts_text(end);
    for (const std::string& limit : source_.opened.source->limits()) {
      if (!options_.once && std::ranges::find(said_limits_, limit) == said_limits_.end())
        page += fmt::format("Not seen: {}.\n", limit);
    }
    if (options_.once) {
      write(page);  // a table's lines are not broken
    } else {
      write_page(page);
    }
    if (const std::string none = view_->none_matched(); !none.empty()) say("uncork watch: {}\n", none);
  }
  return view_->losing() == 0 ? Exit::ok : Exit::found;
}

core::Status WatchSession::wait_until(WatchEnding& ending, core::Time deadline) {
  if (!feed_) {
    ending.wait_until(deadline);
    return {};
  }
  constexpr core::Micros kLook{50'000};  // how late the end may be noticed
  for (core::Time now; (now = core::MonotonicClock::now()) < deadline;) {
    if (auto taken = feed_->take(std::clamp(core::Micros(deadline - now), core::Micros(1000), kLook)); !taken) return taken;
    ending.wait_until(core::MonotonicClock::now());
    if (ending.is_over(core::MonotonicClock::now())) break;
  }
  return {};
}

core::Result<Exit> WatchSession::browse(WatchEnding& ending) {
  if (auto terminal = Terminal::open()) {
    Browse browse(options_, services_, connections_, *terminal);
    if (auto browsed = browse.run(ending); !browsed) return core::fail(browsed.error());
  } else {
    while (!ending.is_over(core::MonotonicClock::now())) ending.wait_until(core::MonotonicClock::now() + kRedraw);
  }
  const core::Time now = core::MonotonicClock::now();
  if (auto updated = view_->update(now); !updated) return core::fail(updated.error());
  return say_end(now, ending.command_exit());
}

core::Result<Exit> WatchSession::run(WatchEnding& ending) {
  say_start(ending.words());
  if (between_ == Between::browsed) return browse(ending);
  for (core::Time next = begun_;;) {
    const core::Time now = core::MonotonicClock::now();
    const bool over = ending.is_over(now);           // before the update, which then sees the last
    if (over || !options_.once || next == begun_) {  // one look: rates are of all that was watched
      if (auto updated = view_->update(core::MonotonicClock::now()); !updated) return core::fail(updated.error());
    }
    if (over) return say_end(core::MonotonicClock::now(), ending.command_exit());
    show();
    next = std::max(next + kRedraw, now);
    if (auto waited = wait_until(ending, next); !waited) return core::fail(waited.error());
  }
}

}  // namespace uncork::cli
