#include "cli/watch/screen/browse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <ranges>
#include <string_view>
#include <tuple>
#include <utility>

#include "cli/filter_text.hpp"
#include "cli/watch/choice.hpp"
#include "cli/watch/filter_row.hpp"
#include "core/count.hpp"
#include "core/duration.hpp"
#include "report/fold.hpp"
#include "report/printable.hpp"
#include "report/service_table.hpp"
#include "report/service_verdict.hpp"
#include "report/verdict_text.hpp"
#include "report/watch_table.hpp"

namespace uncork::cli {
namespace {

constexpr core::Micros kLookEvery{500'000};
constexpr core::Micros kNotice{50'000};  // how late a signal may be noticed
constexpr std::array<std::string_view, 5> kOrders = {"lost a second", "lost", "exchanges", "slowest", "name"};

std::string id_of(const stall::Service& service) {
  const stall::ServiceKey& key = service.key;
  return fmt::format("{}\n{}\n{}\n{}\n{}", service.others, key.command, stall::name(key.role), key.port, key.netns);
}
std::string id_of(const stall::Verdict& verdict) {
  return fmt::format("{}\n{}\n{}", verdict.where.cookie, core::to_string(verdict.where.local), verdict.where.netns);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (const auto line : std::views::split(text, '\n')) lines.emplace_back(line.begin(), line.end());
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

/// A table under its heading, as a page: `ids` of its rows.
Page page_of(const std::string& table, std::vector<std::string> ids) {
  constexpr std::size_t kRows = 3;  // heading, blank, titles
  const std::vector<std::string> lines = lines_of(table);
  Page page;
  page.heading = lines.empty() ? "" : lines[0];
  if (ids.empty()) {
    for (std::size_t i = 2; i < lines.size(); ++i) page.above.push_back(lines[i]);
    return page;
  }
  page.titles = lines.at(2);
  for (std::size_t i = 0; i < ids.size() && kRows + i < lines.size(); ++i)
    page.items.push_back({std::move(ids[i]), lines[kRows + i]});
  return page;
}

}  // namespace

Browse::Browse(const WatchOptions& options, ServiceView* services, ConnectionView* connections, Terminal& terminal)
    : options_(options),
      services_view_(services),
      connections_view_(connections),
      terminal_(terminal),
      level_(services != nullptr ? Level::services : Level::connections) {}

core::Status Browse::run(WatchEnding& ending) {
  for (core::Time next = begun_;;) {
    const core::Time now = core::MonotonicClock::now();
    if (ending.is_over(now)) return {};
    if (now >= next) {
      if (auto updated = update(now); !updated) return updated;
      tell_cures();
      next = std::max(next + kLookEvery, now);
    }
    terminal_.draw(browser_.frame(terminal_.height(), hints()));
    const KeyPress press = terminal_.wait_key(std::min(next, now + kNotice));
    if (!grant(browser_.press(press))) return {};
  }
}

core::Status Browse::update(core::Time now) {
  WatchView& view = services_view_ != nullptr ? static_cast<WatchView&>(*services_view_) : *connections_view_;
  if (auto updated = view.update(now); !updated) return updated;
  if (of_service_ != nullptr) {
    if (auto updated = of_service_->update(now); !updated) return updated;
  }
  if (!is_paused_) browser_.show(page(now));
  return {};
}

Page Browse::page(core::Time now) {
  switch (level_) {
    case Level::services:
      return services_page(now);
    case Level::connections:
      return connections_page(now);
    case Level::connection:
      break;
  }
  return connection_page();
}

std::string Browse::heading(const std::string& text) const {
  return text + (browser_.typed().empty() ? "" : "  /" + browser_.typed()) + (is_paused_ ? "  paused" : "");
}

std::string Browse::hints() const {
  const std::string order = fmt::format("s sort ({})", kOrders.at(static_cast<std::size_t>(order_)));
  switch (level_) {
    case Level::services:
      return "q quit  ? help  Enter open  c cure  u undo  / filter  p pause  " + order;
    case Level::connections:
      return std::string(services_view_ != nullptr ? "Esc back  " : "q quit  ") +
             "? help  Enter open  c cure  u undo  / filter  p pause  " + order;
    case Level::connection:
      break;
  }
  return "Esc back  ? help  c cure  u undo  p pause  q quit";
}

Browse::ServiceLines Browse::services() {
  ServiceLines lines = services_view_->board().lines(probe::ServiceBoard::Show::all);
  if (level_ == Level::services)
    std::erase_if(lines, [this](const auto& line) { return !filter_.matches(filter_row(line.verdict, texts_)); });
  if (texts_.wants_sweep()) texts_.sweep();
  const auto exchanges = [](const auto& line) { return line.verdict.service.account.exchanges; };
  switch (order_) {
    case Order::lost_a_second:  // as the board has them
      break;
    case Order::lost:
      std::ranges::sort(lines, std::greater<>(),
                        [&](const auto& line) { return std::tuple(line.verdict.lost, exchanges(line)); });
      break;
    case Order::exchanges:
      std::ranges::sort(lines, std::greater<>(),
                        [&](const auto& line) { return std::tuple(line.exchanges_per_second, exchanges(line)); });
      break;
    case Order::longest:
      std::ranges::sort(lines, std::greater<>(),
                        [&](const auto& line) { return std::tuple(line.verdict.service.times.quantile(0.99), exchanges(line)); });
      break;
    case Order::name:
      std::ranges::sort(lines, {}, [](const auto& line) { return line.verdict.service.key; });
      break;
  }
  return lines;
}

Page Browse::services_page(core::Time now) {
  const ServiceLines lines = services();
  report::ServiceSummary summary{core::Micros(now - begun_), lines.size(), services_view_->board().connections(),
                                 services_view_->losing(), name(options_.shown_by())};
  std::vector<report::ServiceLine> shown;
  std::vector<std::string> ids;
  for (const auto& line : lines) {
    ids.push_back(id_of(line.verdict.service));
    shown.push_back({line.verdict, line.lost_ms_per_second, line.exchanges_per_second});
  }
  Page page = page_of(report::service_table(shown, summary, terminal_.width(), report::Color::no), std::move(ids));
  page.heading = heading(page.heading);
  return page;
}

Browse::ConnectionLines Browse::connections() {
  ConnectionLines lines;
  if (of_service_ != nullptr) lines = of_service_->lines();
  if (connections_view_ != nullptr) lines = connections_view_->lines();
  if (level_ == Level::connections)
    std::erase_if(lines, [this](const auto& line) { return !filter_.matches(filter_row(line.verdict, texts_)); });
  if (texts_.wants_sweep()) texts_.sweep();
  const auto exchanges = [](const auto& line) { return line.verdict.account.exchanges; };
  switch (order_) {
    case Order::lost_a_second:
      break;
    case Order::lost:
      std::ranges::sort(lines, std::greater<>(), [](const auto& line) { return line.verdict.lost; });
      break;
    case Order::exchanges:
      std::ranges::sort(lines, std::greater<>(), exchanges);
      break;
    case Order::longest:
      std::ranges::sort(lines, std::greater<>(), [&](const auto& line) {
        return line.verdict.lost.count() / static_cast<std::int64_t>(std::max<std::uint64_t>(exchanges(line), 1));
      });
      break;
    case Order::name:
      std::ranges::sort(lines, {},
                        [](const auto& line) { return std::tuple(line.verdict.where.remote, line.verdict.where.local); });
      break;
  }
  return lines;
}

Page Browse::connections_page(core::Time now) {
  const ConnectionLines lines = connections();
  std::vector<report::WatchLine> shown;
  std::vector<std::string> ids;
  for (const auto& line : lines) {
    ids.push_back(id_of(line.verdict));
    shown.push_back({line.verdict, line.lost_ms_per_second, line.ended});
  }
  const std::size_t seen = of_service_ != nullptr ? of_service_->seen() : lines.size();
  const report::WatchSummary summary{core::Micros(now - begun_), seen, probe::ConnectionBoard::connections_that_matter(lines)};
  Page page = page_of(report::watch_table(shown, summary, terminal_.width(), report::Color::no), std::move(ids));
  if (services_view_ == nullptr) {
    page.heading = heading(page.heading);
    return page;
  }
  for (const auto& line : services()) {
    if (id_of(line.verdict.service) == opened_service_) service_ = line.verdict;
  }
  page.heading = heading(report::service_text(service_.service));
  std::vector<std::string> above = lines_of(report::fold(report::service_verdict_text(service_), terminal_.width()));
  above.emplace_back();
  if (of_service_ != nullptr) {
    above.push_back(fmt::format("Since you came here {} carried something{}", core::count_of(seen, "connection"),
                                page.items.empty() ? "; none has lost time." : "; those that lost time:"));
    page.above = std::move(above);
  } else {
    page = Page{page.heading, std::move(above), "", {}};
  }
  return page;
}

std::string Browse::strip(std::uint64_t cookie) const {
  static constexpr std::array<std::string_view, 8> kBars = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  if (of_service_ == nullptr) return "";
  const auto& moments = of_service_->moments(cookie);
  const auto mean = [](const Moment& moment) { return moment.busy.count() / static_cast<std::int64_t>(moment.exchanges); };
  std::int64_t most = 0;
  for (const Moment& moment : moments) most = std::max(most, mean(moment));
  if (most == 0) return "";
  std::string text;
  for (const Moment& moment : moments) {
    const auto height = static_cast<std::size_t>(std::clamp<std::int64_t>(mean(moment) * 7 / most, 0, 7));
    text += terminal_.is_utf8() ? std::string(kBars.at(height)) : std::to_string(height);
  }
  return fmt::format("{}  (time an exchange, look by look; the highest is {})", text, core::to_string(core::Micros(most)));
}

Page Browse::connection_page() {
  for (const auto& line : connections()) {
    if (id_of(line.verdict) == opened_connection_) connection_ = line.verdict;
  }
  Page page;
  page.heading = heading(fmt::format("{}  {} -> {}", report::process_text(connection_.where.process),
                                     core::to_string(connection_.where.local), core::to_string(connection_.where.remote)));
  page.above = lines_of(report::fold(report::verdict_text(connection_), terminal_.width()));
  page.above.emplace_back();
  const core::Micros whole = connection_.account.budget.total();
  for (const stall::Cause cause : stall::all_causes()) {
    const core::Micros part = connection_.account.budget[cause];
    if (part.count() == 0) continue;
    const double share = static_cast<double>(part.count()) / static_cast<double>(whole.count());
    page.above.push_back(fmt::format("{:<20} {:>9} {:>6.1f} %  {}", stall::name(cause), core::to_string(part), 100 * share,
                                     std::string(static_cast<std::size_t>(share * 40), '#')));
  }
  if (const std::string text = strip(connection_.where.cookie); !text.empty()) {
    page.above.emplace_back();
    page.above.push_back(text);
  }
  return page;
}

bool Browse::grant(Wish wish) {
  switch (wish) {
    case Wish::nothing:
      return true;
    case Wish::quit:
      return false;
    case Wish::open:
      open();
      break;
    case Wish::back:
      go_back();
      break;
    case Wish::sort:
      order_ = static_cast<Order>((static_cast<std::size_t>(order_) + 1) % kOrders.size());
      break;
    case Wish::pause:
      is_paused_ = !is_paused_;
      break;
    case Wish::filter:
      take_filter();
      break;
    case Wish::cure:
      ask_for_cure();
      return true;
    case Wish::cure_now:
      cure();
      return true;
    case Wish::undo:
      undo();
      return true;
  }
  browser_.show(page(core::MonotonicClock::now()));
  return true;
}

void Browse::open() {
  const std::string chosen = browser_.chosen();
  if (level_ == Level::services) {
    const ServiceLines lines = services();
    const auto line = std::ranges::find(lines, chosen, [](const auto& one) { return id_of(one.verdict.service); });
    if (line == lines.end()) return;
    opened_service_ = chosen;
    service_ = line->verdict;
    std::string trouble;
    if (service_.service.key.port != 0 && !service_.service.others) {
      auto opened = ServiceConnections::open(options_, service_.service.key);
      if (opened) of_service_ = std::move(*opened);
      if (!opened) trouble = "Its connections cannot be shown: " + opened.error().message;
    }
    level_ = Level::connections;
    filter_ = {};
    browser_.turn_over();
    browser_.say(trouble);
  } else if (level_ == Level::connections) {
    const ConnectionLines lines = connections();
    const auto line = std::ranges::find(lines, chosen, [](const auto& one) { return id_of(one.verdict); });
    if (line == lines.end()) return;
    opened_connection_ = chosen;
    connection_ = line->verdict;
    level_ = Level::connection;
    browser_.turn_over();
  }
}

void Browse::go_back() {
  if (level_ == Level::connection) {
    level_ = Level::connections;
    browser_.turn_over();
    browser_.choose(opened_connection_);
  } else if (level_ == Level::connections && services_view_ != nullptr) {
    level_ = Level::services;
    of_service_.reset();
    filter_ = {};
    browser_.turn_over();
    browser_.choose(opened_service_);
  }
}

void Browse::take_filter() {
  WatchOptions asked;
  asked.by = level_ == Level::services ? options_.shown_by() : WatchBy::connection;
  asked.filter = browser_.typed();
  const auto refuse = [this](const std::string& why) {
    filter_ = {};
    browser_.forget_typed();
    browser_.say(report::printable(why.substr(0, why.find('\n'))));
  };
  const auto choice = choose(asked, Teller::samples);
  if (!choice) return refuse(choice.error().message);
  if (level_ == Level::services && choice->asks_connections())
    return refuse("That is asked of connections, not of services: go into a service first, or give it as --filter.");
  const auto tree = read_filter("filter", asked.filter);
  auto made = tree ? filter::Filter::compile(*tree) : core::Result<filter::Filter>(core::fail(tree.error()));
  if (!made) return refuse(made.error().message);
  filter_ = std::move(*made);
}

std::string Browse::command_of_chosen() {
  std::string command;
  std::string why;
  const auto take = [&](const stall::Remedy& remedy) {
    command = remedy.command;
    why = remedy.brief.empty() ? "Nothing needs a cure here." : "No command cures this: " + remedy.brief + ".";
  };
  if (level_ == Level::connection) {
    take(connection_.remedy);
  } else if (level_ == Level::connections && services_view_ != nullptr) {
    take(service_.remedy);
  } else if (level_ == Level::connections) {
    for (const auto& line : connections()) {
      if (id_of(line.verdict) == browser_.chosen()) take(line.verdict.remedy);
    }
  } else {
    for (const auto& line : services()) {
      if (id_of(line.verdict.service) == browser_.chosen()) take(line.verdict.remedy);
    }
  }
  if (command.empty()) browser_.say(why.empty() ? "Choose a line first." : why);
  return command;
}

void Browse::ask_for_cure() {
  cure_ = command_of_chosen();
  if (!cure_.empty()) browser_.ask(cure_);
}

std::string Browse::id_of_chosen() const {
  if (level_ == Level::connection) return opened_connection_;
  return level_ == Level::connections && services_view_ != nullptr ? opened_service_ : browser_.chosen();
}

void Browse::cure() {
  cured_[id_of_chosen()] = cure_;
  run(cure_);
}

/// What was cured has no remedy any more, so that what was run is kept.
void Browse::undo() {
  const auto cured = cured_.find(id_of_chosen());
  const std::string command = cured != cured_.end() ? cured->second : command_of_chosen();
  if (!command.empty()) run(CureRunner::undoing(command));
}

void Browse::run(const std::string& command) {
  browser_.say("Running: " + command);
  if (const auto started = cures_.start(command); !started) browser_.say(started.error().message);
}

void Browse::tell_cures() {
  const std::vector<std::string> lines = cures_.take_lines();
  if (!lines.empty()) browser_.say(report::printable(lines.back()));
}

}  // namespace uncork::cli
