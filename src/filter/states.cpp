#include "filter/states.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace uncork::filter {
namespace {

/// By number (Linux, include/net/tcp_states.h).
constexpr std::array<std::string_view, 14> kNames = {"",           "established", "syn-sent",     "syn-recv",      "fin-wait-1",
                                                     "fin-wait-2", "time-wait",   "closed",       "close-wait",    "last-ack",
                                                     "listening",  "closing",     "new-syn-recv", "bound-inactive"};

constexpr States bit(unsigned number) { return States{1} << number; }
constexpr States kListen = bit(10);
constexpr States kClosed = bit(7);
constexpr States kBound = bit(13);
constexpr States kHandshake = bit(3) | bit(12);  // ss speaks of syn-recv, the kernel of two

struct Set {
  std::string_view name;
  States states;
};
/// As in ss(8): what is connected is all but listening and closed; a bucket is what the kernel keeps as a small one.
constexpr std::array<Set, 13> kSets = {{{"all", kEveryState},
                                        {"connected", kEveryState & ~(kListen | kClosed | kBound)},
                                        {"synchronized", kEveryState & ~(kListen | kClosed | kBound | bit(2))},
                                        {"bucket", bit(6) | kHandshake},
                                        {"big", kEveryState & ~(bit(6) | kHandshake)},
                                        {"syn-recv", kHandshake},
                                        {"listen", kListen},
                                        {"close", kClosed},
                                        {"closed", kClosed},
                                        {"unconnected", kClosed},
                                        {"estab", bit(1)},
                                        {"fin-wait1", bit(4)},
                                        {"fin-wait2", bit(5)}}};

}  // namespace

std::string_view state_name(std::uint32_t number) { return number < kNames.size() ? kNames.at(number) : std::string_view(); }

std::optional<States> states_named(std::string_view name) {
  std::string plain;
  for (const char c : name) plain += c == '_' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const auto* const set = std::ranges::find(kSets, plain, &Set::name);
  if (set != kSets.end()) return set->states;
  const auto* const found = std::ranges::find(kNames, plain);
  if (plain.empty() || found == kNames.end()) return std::nullopt;
  return bit(static_cast<unsigned>(found - kNames.begin()));
}

std::vector<std::string> state_names() {
  std::vector<std::string> names;
  for (const std::string_view name : kNames) {
    if (!name.empty()) names.emplace_back(name);
  }
  for (const Set& set : kSets) names.emplace_back(set.name);
  return names;
}

std::string states_text(States states) {
  if (states == kEveryState) return "state all";
  std::string text;
  const bool handshake = (states & bit(3)) != 0;
  for (unsigned number = 1; number < kNames.size(); ++number) {
    const bool told = (states & bit(number)) == 0 || (handshake && number == 12);
    if (!told) text += (text.empty() ? "state " : " state ") + std::string(kNames.at(number));
  }
  if (handshake && (states & bit(12)) == 0) text += " exclude new-syn-recv";
  return text.empty() ? "exclude all" : text;
}

}  // namespace uncork::filter
