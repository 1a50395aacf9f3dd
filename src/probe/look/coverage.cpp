#include "probe/look/coverage.hpp"

#include <algorithm>

namespace uncork::probe {
namespace {

std::string counted_noun(std::uint64_t count, const char* one, const char* many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

}  // namespace

bool Coverage::whole() const {
  const std::uint64_t missed =
      vanished_namespaces + refused_namespaces + dump_gaps + missed_cookies + unended_cookies + close_events_lost + endings_lost;
  return !unseen && missed == 0 && std::ranges::all_of(namespaces, &NamespaceCoverage::whole);
}

std::string Coverage::sentence() const {
  if (unseen) return "nothing could be seen";
  std::string text = std::to_string(rows) + (counted != 0 ? " of " + std::to_string(counted) : "") + " sockets in " +
                     counted_noun(namespaces.size(), "namespace", "namespaces");
  if (whole()) return text;
  text += ", not whole";
  const auto tell = [&](std::uint64_t count, const char* one, const char* many) {
    if (count != 0) text += ", " + counted_noun(count, one, many);
  };
  const auto troubled = static_cast<std::uint64_t>(
      std::ranges::count_if(namespaces, [](const NamespaceCoverage& space) { return !space.whole(); }));
  tell(troubled, "namespace listed in part", "namespaces listed in part");
  tell(refused_namespaces, "namespace refused", "namespaces refused");
  tell(vanished_namespaces, "namespace vanished", "namespaces vanished");
  tell(dump_gaps, "gap in a list", "gaps in lists");
  tell(missed_cookies, "socket missed by the last look", "sockets missed by the last look");
  tell(unended_cookies, "socket gone unnoticed", "sockets gone unnoticed");
  tell(close_events_lost, "loss of close events", "losses of close events");
  tell(endings_lost, "word of an end lost", "words of ends lost");
  return text;
}

}  // namespace uncork::probe
