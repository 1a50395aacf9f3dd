#include "lab/field/action_parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

namespace uncork::lab::field {
namespace {

constexpr int kDeepest = 4;
constexpr double kLongestMs = 60'000;
constexpr std::string_view kAccepted =
    "wN and mN (write N bytes, m with MSG_MORE), rN (read), sT (sleep T ms), pT (wait T ms at most until readable), cork, "
    "uncork, nodelay, close, N x ACTION, N x ( ACTIONS )";

struct Letter {
  char letter;
  Act act;
  bool is_time;
};
constexpr std::array<Letter, 5> kLetters = {Letter{'w', Act::write, false}, Letter{'m', Act::write_more, false},
                                            Letter{'r', Act::read, false}, Letter{'s', Act::sleep, true},
                                            Letter{'p', Act::wait, true}};
constexpr std::array<std::pair<std::string_view, Act>, 3> kNames = {
    std::pair{std::string_view("cork"), Act::cork}, {"uncork", Act::uncork}, {"nodelay", Act::nodelay}};

class Parser {
 public:
  explicit Parser(Words& words) : words_(words) {}

  /// To the end of the line, or to the bracket that closes.
  core::Status parse_list(std::vector<Action>& into, int depth) {
    while (!words_.empty() && words_.peek() != ")" && words_.peek() != "close") {
      if (auto parsed = parse_one(into, depth); !parsed) return parsed;
    }
    return {};
  }

 private:
  core::Status parse_one(std::vector<Action>& into, int depth) {
    if (!words_.peek().empty() && words_.peek().front() >= '0' && words_.peek().front() <= '9')
      return parse_repetition(into, depth);
    const auto word = words_.take("an action");
    if (!word) return core::fail(word.error());
    const auto action = read(word->text);
    if (!action) return core::fail(words_.error_at(*word, fmt::format("'{}' is not an action: {}", word->text, kAccepted)));
    return add(into, {*action}, 1);
  }

  core::Status parse_repetition(std::vector<Action>& into, int depth) {
    const auto times = words_.take_number("number of repetitions", 1, kMostActions);
    if (!times) return core::fail(times.error());
    const auto x = words_.take("x");
    if (!x) return core::fail(x.error());
    if (x->text != "x")
      return core::fail(words_.error_at(*x, fmt::format("'{}' where x must follow a number: 6 x w30", x->text)));
    if (depth == kDeepest) return core::fail(words_.error_here("repetitions are nested too deeply"));
    std::vector<Action> part;
    if (!words_.skip("(")) {
      if (auto parsed = parse_one(part, depth + 1); !parsed) return parsed;
      return add(into, part, *times);
    }
    if (auto parsed = parse_list(part, depth + 1); !parsed) return parsed;
    if (!words_.skip(")")) return core::fail(words_.error_here("a bracket is not closed"));
    return add(into, part, *times);
  }

  core::Status add(std::vector<Action>& into, const std::vector<Action>& part, std::size_t times) {
    if (part.size() * times + into.size() > kMostActions) {
      return core::fail(words_.error_here(fmt::format("more than {} actions an exchange", kMostActions)));
    }
    for (std::size_t i = 0; i < times; ++i) into.insert(into.end(), part.begin(), part.end());
    return {};
  }

  static std::optional<Action> read(std::string_view text) {
    for (const auto& [word, act] : kNames) {
      if (text == word) return Action{act, 0, core::Micros(0)};
    }
    const auto* letter = std::ranges::find(kLetters, text.empty() ? '\0' : text.front(), &Letter::letter);
    if (letter == kLetters.end()) return std::nullopt;
    const auto value = parse_number(text.substr(1));
    if (!value) return std::nullopt;
    if (letter->is_time) {
      if (*value > kLongestMs) return std::nullopt;
      return Action{letter->act, 0, core::Micros(std::llround(*value * 1000))};
    }
    if (*value < 1 || *value > static_cast<double>(kMostBytes) || *value != std::floor(*value)) return std::nullopt;
    return Action{letter->act, static_cast<std::size_t>(*value), core::Micros(0)};
  }

  Words& words_;
};

}  // namespace

core::Status parse_actions(Words& words, Side& side) {
  if (side.closes) return core::fail(words.error_here("an action after close"));
  if (auto parsed = Parser(words).parse_list(side.actions, 0); !parsed) return parsed;
  side.closes = words.skip("close");
  return words.finish();
}

}  // namespace uncork::lab::field
