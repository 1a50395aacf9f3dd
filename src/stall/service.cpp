#include "stall/service.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>

#include "core/count.hpp"
#include "stall/service_remedy.hpp"

namespace uncork::stall {
namespace {

Part sum_of(std::span<const Part> parts) {
  Part sum;
  for (const Part& part : parts) {
    sum.exchanges += part.exchanges;
    sum.lost += part.lost;
  }
  return sum;
}

/// Whether `part` explains `all`.
bool explains(const Part& part, const Part& all) {
  return all.lost.count() > 0 && static_cast<double>(part.lost.count()) >= kMostShare * static_cast<double>(all.lost.count()) &&
         static_cast<double>(part.exchanges) <= kFewShare * static_cast<double>(all.exchanges);
}

bool is_of_first_exchanges(const Parts& places) { return !places.empty() && explains(places[0], sum_of(places)); }

/// 8192: `8,192`.
std::string grouped(std::uint64_t number) {
  return number < 1000 ? std::to_string(number) : fmt::format("{},{:03}", grouped(number / 1000), number % 1000);
}

std::optional<std::string> by_place(const Parts& parts) {
  if (parts.size() < 3) return std::nullopt;
  const std::span<const Part> places(parts);
  const Part all = sum_of(places);
  if (is_of_first_exchanges(parts)) return "in the first exchange of a connection";
  if (explains(places[1], all)) return "in the second exchange of a connection";
  if (explains(places[2], all)) return "from the third exchange of a connection on";
  if (explains(sum_of(places.subspan(1)), all)) return "from the second exchange of a connection on";
  return std::nullopt;
}

/// `what`: `answers`.
std::optional<std::string> by_size(const Parts& parts, std::string_view what) {
  const std::span<const Part> rows(parts);
  const Part all = sum_of(rows);
  for (std::size_t row = rows.size(); row-- > 1;) {
    const Part above = sum_of(rows.subspan(row));
    if (static_cast<double>(above.lost.count()) < kMostShare * static_cast<double>(all.lost.count())) continue;
    if (!explains(above, all)) break;
    return fmt::format("in {} of {} bytes and more", what, grouped(std::uint64_t{1} << row));
  }
  for (std::size_t row = 1; row < rows.size(); ++row) {
    const Part below = sum_of(rows.first(row));
    if (static_cast<double>(below.lost.count()) < kMostShare * static_cast<double>(all.lost.count())) continue;
    if (!explains(below, all)) break;
    return fmt::format("in {} below {} bytes", what, grouped(std::uint64_t{1} << row));
  }
  return std::nullopt;
}

}  // namespace

std::string_view name(Role role) {
  if (role == Role::responder) return "server";
  return role == Role::requester ? "client" : "?";
}

std::optional<std::string> concentration(const Service& service) {
  if (auto size = by_size(service.by_answer, "answers")) return size;
  if (auto size = by_size(service.by_request, "requests")) return size;
  return by_place(service.by_place);
}

bool matters(const Service& service, const Threshold& threshold) {
  return service.losers != 0 || matters(service.account, threshold);
}

namespace {

/// What a service is accused of: where only single connections lost what matters, what most of those lost to. What is small on
/// each of the others may add up to more, and is nobody's trouble.
Cause cause_of(const Service& service, const Threshold& threshold) {
  const auto most = std::ranges::max_element(service.losers_by);
  if (matters(service.account, threshold) || *most == 0) return service.account.budget.worst();
  return static_cast<Cause>(most - service.losers_by.begin());
}

}  // namespace

ServiceVerdict conclude(Service service, Confidence confidence, const Threshold& threshold, std::string peer) {
  ServiceVerdict verdict;
  verdict.lost = service.account.budget.lost();
  verdict.cause = cause_of(service, threshold);
  verdict.fault = fault_of(verdict.cause);
  verdict.confidence = confidence;
  verdict.concentrated = concentration(service);
  verdict.matters = matters(service, threshold);
  verdict.peer = std::move(peer);
  verdict.remedy = remedy_for(verdict.cause, service, verdict.peer);
  verdict.choices = choices_for({.account = service.account,
                                 .cause = verdict.cause,
                                 .nodelay = service.connections != 0 && service.nodelay == service.connections,
                                 .cure = verdict.remedy.command,
                                 .peer = verdict.peer,
                                 .peer_port = service.key.port,
                                 .first_only = is_of_first_exchanges(service.by_place)});
  verdict.service = std::move(service);
  return verdict;
}

}  // namespace uncork::stall
