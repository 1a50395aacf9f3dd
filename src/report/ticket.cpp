#include "report/ticket.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "core/count.hpp"
#include "core/duration.hpp"
#include "core/json.hpp"
#include "report/choices.hpp"
#include "report/fold.hpp"
#include "report/service_table.hpp"
#include "report/ticket_words.hpp"
#include "report/verdict_json.hpp"
#include "report/verdict_text.hpp"

namespace uncork::report {
namespace {

using stall::Cause;
using stall::Service;
using stall::ServiceVerdict;

/// Longest texts of others, so that all of what matters fits.
constexpr std::size_t kLongestAsked = 80;
constexpr std::size_t kLongestService = 40;
constexpr std::size_t kLongestPlace = 40;
constexpr std::size_t kLongestCommand = 240;
constexpr std::size_t kLongestLimit = 120;
constexpr std::size_t kMostPids = 4;
constexpr std::size_t kMostOthers = 3;
constexpr std::size_t kMostLimits = 2;

std::string pids_of(const Service& service) {
  std::string text;
  for (std::size_t i = 0; i < std::min(service.workers.size(), kMostPids); ++i) {
    const stall::Worker& worker = service.workers[i];
    text +=
        (i == 0 ? "" : ", ") + (worker.pid != 0 ? std::to_string(worker.pid) : std::to_string(worker.host_pid) + " on the host");
  }
  return service.workers.size() > kMostPids ? text + ", ..." : text;
}

std::string who(const ServiceVerdict& v) {
  const Service& service = v.service;
  std::string text = clipped(service_text(service), kLongestService);
  if (service.workers.size() == 1) text += " (pid " + pids_of(service) + ")";
  if (service.workers.size() > 1) text += fmt::format(" ({} processes: {})", service.workers.size(), pids_of(service));
  if (!v.peer.empty())
    text += (service.key.role == stall::Role::responder ? ", asked by " : ", answered by ") + clipped(v.peer, kLongestPlace);
  if (service.worst)
    text += fmt::format(", such as {} -> {}", core::to_string(service.worst->local), core::to_string(service.worst->remote));
  if (!service.container.empty()) text += ", in container " + clipped(service.container, kLongestPlace);
  if (!service.key.netns.empty()) text += ", in " + clipped(service.key.netns, kLongestPlace);
  return text;
}

std::string requests(const ServiceVerdict& v) {
  const stall::Account& account = v.service.account;
  std::string text =
      fmt::format("{} on {}", core::count_of(account.exchanges, "exchange"), core::count_of(v.service.connections, "connection"));
  if (v.concentrated) text += "; nearly all was lost " + *v.concentrated;
  if (v.service.times.count() != 0)
    text += fmt::format("; half within {}, 99 % within {}", core::to_string(v.service.times.quantile(0.5)),
                        core::to_string(v.service.times.quantile(0.99)));
  return text;
}

/// What the time went to that was not lost, the greatest part first.
std::string where_it_went(const stall::Account& account) {
  std::vector<Cause> causes;
  for (const Cause cause : stall::all_causes()) {
    if (cause != Cause::idle && account.budget[cause].count() > 0) causes.push_back(cause);
  }
  std::ranges::sort(causes, [&](Cause a, Cause b) { return account.budget[a] > account.budget[b]; });
  std::string text;
  constexpr std::size_t kMost = 3;
  const auto busy = static_cast<double>(account.budget.busy().count());
  for (std::size_t i = 0; i < std::min(causes.size(), kMost); ++i)
    text += fmt::format("{}{} {:.0f} %", i == 0 ? "" : ", ", stall::name(causes[i]),
                        100 * static_cast<double>(account.budget[causes[i]].count()) / busy);
  return text;
}

std::string lost_text(const ServiceVerdict& v) {
  const stall::Account& account = v.service.account;
  std::string text = fmt::format("{} of {} ({:.0f} %)", core::to_string(v.lost), core::to_string(account.budget.busy()),
                                 100 * account.lost_share());
  if (account.exchanges != 0)
    text += fmt::format(", {} an exchange", core::to_string(v.lost / static_cast<std::int64_t>(account.exchanges)));
  return text;
}

std::string late_text(const stall::Account& account) {
  const stall::Late late = account.late();
  if (late.writes == 0 || account.writes == 0) return "";
  return fmt::format("{} of {}, the worst by {}", late.writes, core::count_of(account.writes, "write"),
                     core::to_string(late.worst));
}

/// As many pids as fit: it works for those.
std::string command_of(const ServiceVerdict& v) {
  const std::string& command = v.remedy.command;
  if (command.size() <= kLongestCommand) return command;
  const std::size_t pids_end = std::min(command.find(' ', command.find("--pid ") + 6), command.size());
  const std::string tail = command.substr(pids_end);
  const std::size_t cut = command.rfind(',', kLongestCommand - std::min(tail.size(), kLongestCommand / 2));
  return cut == std::string::npos ? "" : command.substr(0, cut) + tail;
}

std::string others_of(const Ticket& ticket) {
  const std::size_t others = ticket.services.size() - 1;
  if (others == 0) return "";
  std::string text;
  for (std::size_t i = 1; i <= std::min(others, kMostOthers); ++i) {
    const ServiceVerdict& v = ticket.services[i];
    text += fmt::format("{}{} lost {}{}", i == 1 ? "" : "; ", clipped(service_text(v.service), kLongestService),
                        v.lost.count() == 0 ? "nothing" : core::to_string(v.lost), v.matters ? ", which matters" : "");
  }
  return others > kMostOthers ? text + fmt::format("; {} more", others - kMostOthers) : text;
}

/// The ways to end it, with what each gives and costs.
std::string choices_of(const ServiceVerdict& v) {
  if (v.choices.size() < 2) return "";
  std::string text;
  for (std::size_t i = 0; i < v.choices.size(); ++i)
    text += fmt::format("{}{}. {}", i == 0 ? "" : " ", i + 1, choice_text(v.choices[i], v.service.account, v.remedy.command));
  return text;
}

std::string confidence_of(stall::Confidence confidence) {
  return fmt::format("{}: {}", stall::name(confidence), stall::reason(confidence));
}

std::string unseen(const Ticket& ticket) {
  std::string text = ticket.past ? "single exchanges (the store keeps sums by minute), " : "what happened before, ";
  text += "what programs on other machines do, and holds in a proxy or load balancer in between";
  for (std::size_t i = 0; i < std::min(ticket.limits.size(), kMostLimits); ++i)
    text += "; " + clipped(ticket.limits[i], kLongestLimit);
  return ticket.limits.size() > kMostLimits ? text + fmt::format("; {} more limits", ticket.limits.size() - kMostLimits) : text;
}

/// A word and what it says. What has the highest rank goes first where there is no room.
struct Entry {
  std::string_view word;
  std::string says;
  int rank = 0;  // 0: stays
};

std::string asked_of(const Ticket& ticket) {
  const std::string asked = clipped(ticket.asked, kLongestAsked);
  if (ticket.past) return fmt::format("{}, {}, out of the store", asked, ticket.past->span);
  return fmt::format("{}, watched for {}", asked, core::to_string(ticket.watched));
}

std::vector<Entry> entries_of(const Ticket& ticket) {
  const ServiceVerdict& v = ticket.services.front();
  std::vector<Entry> entries = {{"asked", asked_of(ticket)}};
  if (ticket.past) entries.push_back({"collector", ticket.past->collector});
  if (!v.matters) {
    entries.push_back({"verdict", v.lost.count() == 0 ? "nothing was lost" : "nothing was lost that matters: " + lost_text(v)});
    entries.push_back({"who", who(v)});
    entries.push_back({"requests", requests(v), 1});
    entries.push_back({"time went", where_it_went(v.service.account), 2});
  } else {
    const TicketWords words = ticket_words(v);
    entries.push_back({"verdict", "time is lost: " + lost_text(v)});
    entries.push_back({"who", who(v)});
    entries.push_back({"cause", fmt::format("{} ({})", phrase(v.cause), stall::name(v.cause))});
    entries.push_back({"requests", requests(v), 1});
    entries.push_back({"late", late_text(v.service.account), 5});
    entries.push_back({"at fault", words.must_change});
    entries.push_back({"remedy", v.remedy.brief});
    entries.push_back({"now", command_of(v)});
    entries.push_back({"choices", choices_of(v), 7});
    entries.push_back({"tell them", words.to_change});
    entries.push_back({"other end", words.not_at_fault});
  }
  entries.push_back({"also", others_of(ticket), 4});
  entries.push_back({"confidence", confidence_of(v.confidence), 3});
  entries.push_back({"not seen", unseen(ticket), 6});
  std::erase_if(entries, [](const Entry& entry) { return entry.says.empty(); });
  return entries;
}

std::string written(const std::vector<Entry>& entries, bool whole) {
  std::string text;
  for (const Entry& entry : entries) text += fmt::format("{:<10}  {}\n", entry.word, entry.says);
  return whole ? text : text + "...         cut to 2 KB\n";
}

/// Leaves out what matters least until `make` of the rest is short enough.
template <typename Make>
std::string fitted(std::vector<Entry> entries, const Make& make) {
  std::string text = make(entries, true);
  while (text.size() > kMostTicketBytes) {
    const auto least = std::ranges::max_element(entries, {}, &Entry::rank);
    if (least->rank == 0) break;
    entries.erase(least);
    text = make(entries, false);
  }
  if (text.size() <= kMostTicketBytes) return text;
  // Only names that were made for it come so far: each of their characters is six in JSON.
  constexpr std::size_t kShort = 48;
  for (Entry& entry : entries) entry.says = clipped(entry.says, kShort);
  return make(entries, false);
}

}  // namespace

std::string ticket_text(const Ticket& ticket, std::size_t width) {
  return fitted(entries_of(ticket),
                [width](const std::vector<Entry>& entries, bool whole) { return fold(written(entries, whole), width); });
}

std::string ticket_json(const Ticket& ticket) {
  const ServiceVerdict& v = ticket.services.front();
  const auto made = [&](const std::vector<Entry>& entries, bool whole) {
    core::Json json = {{"type", "why"},
                       {"matters", v.matters},
                       {"cause", stall::name(v.cause)},
                       {"fault", stall::name(v.fault)},
                       {"lost_ms", core::to_ms(v.lost)},
                       {"watched_ms", core::to_ms(ticket.watched)},
                       {"exchanges", v.service.account.exchanges},
                       {"cut", !whole}};
    if (ticket.past) json["span"] = ticket.past->span;
    for (const Entry& entry : entries) {
      std::string key(entry.word);
      std::ranges::replace(key, ' ', '_');
      json[key == "cause" ? "cause_text" : key] = entry.says;
    }
    return json_line(json);
  };
  return fitted(entries_of(ticket), made);
}

}  // namespace uncork::report
