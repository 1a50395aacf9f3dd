#include "cli/why/past.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

#include "cli/output.hpp"
#include "cli/store/options.hpp"
#include "cli/why/known_sockets.hpp"
#include "cli/why/target.hpp"
#include "core/duration.hpp"
#include "core/when.hpp"
#include "report/printable.hpp"
#include "report/service_table.hpp"
#include "report/ticket.hpp"
#include "report/ticket_words.hpp"
#include "report/verdict_json.hpp"
#include "sink/store/reader.hpp"

namespace uncork::cli {
namespace {

using sink::KnownSocket;
using sink::SummedService;

constexpr std::int64_t kRowsWithinNs = 600'000'000'000;  // as `uncork show` looks by itself

/// The store in the span that is meant.
class Past {
 public:
  Past(sink::Reader reader, sink::Span asked) : reader_(std::move(reader)), asked_(asked) {}

  core::Status read();
  [[nodiscard]] const sink::Span& span() const { return services_.span; }
  [[nodiscard]] core::Result<WhyTarget> target(const std::string& word);
  /// The sums that are about it.
  [[nodiscard]] core::Result<std::vector<SummedService>> sums_of(WhyTarget& target);
  /// The rows near the end of the span.
  [[nodiscard]] core::Result<std::vector<KnownSocket>> sockets(const sink::Sought& sought) {
    return reader_.sockets(sought, until_ns(), std::min(kRowsWithinNs, until_ns() - span().from_ns));
  }
  /// The span without what has not come yet.
  [[nodiscard]] sink::Span past_span() const { return {span().from_ns, until_ns()}; }
  [[nodiscard]] const sink::ServicesIn& services() const { return services_; }
  sink::Reader& reader() { return reader_; }

 private:
  [[nodiscard]] std::int64_t until_ns() const { return std::min(span().until_ns, std::max(wall_clock_ns(), asked_.until_ns)); }
  [[nodiscard]] std::string command_of(std::int32_t pid) const;

  sink::Reader reader_;
  sink::Span asked_;
  sink::ServicesIn services_;
  sink::ServicesIn processes_;
};

core::Status Past::read() {
  auto services = reader_.services(asked_);
  if (!services) return core::fail(services.error());
  services_ = std::move(*services);
  auto processes = reader_.services(asked_, sink::Grouping::process);
  if (!processes) return core::fail(processes.error());
  processes_ = std::move(*processes);
  return {};
}

/// Out of `nginx[4242]`.
std::string Past::command_of(std::int32_t pid) const {
  const std::string end = "[" + std::to_string(pid) + "]";
  for (const SummedService& process : processes_.services) {
    const std::string& name = process.who.key.command;
    if (name.ends_with(end)) return name.substr(0, name.size() - end.size());
  }
  return "";
}

core::Result<WhyTarget> Past::target(const std::string& word) {
  const auto known = [this](std::int32_t pid) -> std::string {
    if (std::string name = command_of(pid); !name.empty()) return name;
    const auto rows = sockets(sink::Sought::process(pid));
    return rows && !rows->empty() ? std::string(rows->front().row.command.view()) : "";
  };
  constexpr std::int32_t kLastPort = 65535;
  const WhyWorld then{[&](std::int32_t pid) { return pid > kLastPort || !known(pid).empty(); }, known,
                      [](std::uint16_t) { return true; }};
  auto target = read_target(word, then);
  if (target && target->pid != 0) {
    const std::string name = report::clipped(known(target->pid), 40);
    target->words = fmt::format("process {}{}", target->pid, name.empty() ? "" : " (" + name + ")");
  }
  return target;
}

core::Result<std::vector<SummedService>> Past::sums_of(WhyTarget& target) {
  std::vector<SummedService> found;
  if (target.pid == 0) {
    std::ranges::copy_if(services_.services, std::back_inserter(found), [&](const SummedService& service) {
      const stall::ServiceKey& key = service.who.key;
      return !service.who.others && (!target.port || key.port == *target.port) &&
             (target.program.empty() || key.command == target.program);
    });
    return found;
  }
  const std::string end = "[" + std::to_string(target.pid) + "]";
  std::ranges::copy_if(processes_.services, std::back_inserter(found),
                       [&](const SummedService& process) { return process.who.key.command.ends_with(end); });
  if (!found.empty()) return found;
  // No sums by process are stored: those of the services that it worked for.
  const auto rows = sockets(sink::Sought::process(target.pid));
  if (!rows) return core::fail(rows.error());
  std::ranges::copy_if(services_.services, std::back_inserter(found), [&](const SummedService& service) {
    const stall::ServiceKey& key = service.who.key;
    return std::ranges::any_of(*rows, [&](const KnownSocket& socket) {
      return socket.row.command.view() == key.command && (socket.row.inet_diag_msg_socket_source_port == key.port ||
                                                          socket.row.inet_diag_msg_socket_destination_port == key.port);
    });
  });
  if (!found.empty()) target.words += ", by the sums of the services that it works for";
  return found;
}

/// `14:02:10 to 14:05:00`; with its day where the span has several.
std::string gap_text(sink::Span gap, sink::Span of) {
  constexpr std::int64_t kDayNs = 86'400'000'000'000;
  constexpr std::size_t kDay = 11;  // `2026-11-27 `
  const std::size_t cut = of.until_ns - of.from_ns > kDayNs ? 0 : kDay;
  return core::local_time_text(gap.from_ns).substr(cut) + " to " + core::local_time_text(gap.until_ns).substr(cut);
}

std::string watched_text(const sink::Watch& watch, sink::Span span) {
  constexpr std::size_t kMostGaps = 3;
  const core::Micros all((span.until_ns - span.from_ns) / 1000);
  std::string text;
  if (watch.watched.count() == 0) {
    text = "was not watching by the polls that are kept";
  } else if (watch.gaps.empty() && watch.known_from_ns == span.from_ns) {
    return "watched all of this time";
  } else {
    text = fmt::format("watched {} of {}", core::to_string(watch.watched), core::to_string(all));
    for (std::size_t i = 0; i < std::min(watch.gaps.size(), kMostGaps); ++i)
      text += (i == 0 ? "; not from " : ", ") + gap_text(watch.gaps[i], span);
    if (watch.gaps.size() > kMostGaps) text += fmt::format(" and {} more times", watch.gaps.size() - kMostGaps);
  }
  if (watch.known_from_ns > span.from_ns)
    text +=
        "; of the time before " + core::local_time_text(watch.known_from_ns) + " there are sums alone, and gaps are not known";
  return text;
}

core::Result<Exit> say_nothing_matched(Past& past, const WhyTarget& target, const std::string& word, bool json) {
  constexpr std::size_t kMost = 8;
  const auto& all = past.services().services;
  std::string there;
  for (std::size_t i = 0; i < std::min(all.size(), kMost); ++i)
    there += (i == 0 ? "; there was " : ", ") +
             report::clipped(report::service_text(sink::service_of(all[i].who.key, all[i].who.others, all[i].sums)), 40);
  if (all.size() > kMost) there += ", ...";
  if (all.empty()) {
    const auto polls = polls_there_are(past.reader());
    if (!polls) return core::fail(polls.error());
    there = *polls + "; 'uncork why " + report::printable(word) + "' watches now";
  }
  const std::string sentence = fmt::format("nothing matched: nothing is stored of {} from {}{}", target.words,
                                           span_text(past.span().from_ns, past.span().until_ns), there);
  if (json) put(report::json_line({{"type", "why"}, {"asked", target.words}, {"matters", false}, {"none_matched", sentence}}));
  say("uncork why: {}\n", sentence);
  return Exit::usage;
}

/// The verdict about sums of the store, with what rows know beside them.
core::Result<stall::ServiceVerdict> verdict_of(Past& past, const SummedService& sums, const WhyTarget& target) {
  stall::Service service = sink::service_of(sums.who.key, sums.who.others, sums.sums);
  service.container = sums.who.container;
  const auto rows = past.sockets(target.pid != 0 ? sink::Sought::process(target.pid) : sink::Sought::port(sums.who.key.port));
  if (!rows) return core::fail(rows.error());
  std::string peer = add_known_sockets(*rows, service);
  return stall::conclude(std::move(service), sums.sums.confidence(), {}, std::move(peer));
}

}  // namespace

void put_worst_first(std::vector<stall::ServiceVerdict>& services) {
  std::ranges::sort(services, std::ranges::greater{},
                    [](const stall::ServiceVerdict& v) { return std::tuple(v.matters, v.lost, v.service.account.exchanges); });
}

core::Result<Exit> why_then(const std::string& word, const AskedSpan& when, const std::string& store, bool json) {
  const auto span = span_of(when);
  if (!span) return core::fail(span.error());
  auto reader = sink::Reader::open(store);
  if (!reader) return core::fail(reader.error());
  Past past(std::move(*reader), *span);
  if (auto read = past.read(); !read) return core::fail(read.error());
  auto target = past.target(word);
  if (!target) return core::fail(target.error());
  const auto sums = past.sums_of(*target);
  if (!sums) return core::fail(sums.error());
  if (sums->empty()) return say_nothing_matched(past, *target, word, json);
  const auto watch = past.reader().watch(past.past_span());
  if (!watch) return core::fail(watch.error());

  report::Ticket ticket{target->words, watch->watched, {}, {}};
  ticket.past = {span_text(past.span().from_ns, past.span().until_ns), watched_text(*watch, past.past_span())};
  constexpr std::size_t kMostLooked = 20;  // rows are looked through for each
  for (const SummedService& service : *sums) {
    if (ticket.services.size() == kMostLooked) break;
    auto verdict = verdict_of(past, service, *target);
    if (!verdict) return core::fail(verdict.error());
    ticket.services.push_back(std::move(*verdict));
  }
  put_worst_first(ticket.services);
  put(json ? report::ticket_json(ticket) : report::ticket_text(ticket, static_cast<std::size_t>(terminal_width(1))));
  return ticket.services.front().matters ? Exit::found : Exit::ok;
}

}  // namespace uncork::cli
