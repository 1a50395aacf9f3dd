#include "report/choices.hpp"

#include <fmt/format.h>

#include <cmath>

#include "core/duration.hpp"
#include "report/printable.hpp"

namespace uncork::report {
namespace {

std::string gain(const stall::Choice& choice, const stall::Account& account) {
  const char* most = choice.at_most ? "at most " : "";
  if (account.exchanges == 0) return fmt::format("gives back {}{}", most, core::to_string(choice.gives));
  return fmt::format("an exchange ends {}{} sooner", most,
                     core::to_string(choice.gives / static_cast<std::int64_t>(account.exchanges)));
}

std::string price(const stall::Choice& choice) {
  if (!choice.segments) return "";
  constexpr double kShown = 0.05;  // one decimal is
  if (std::abs(*choice.segments) < kShown) return ", as many segments";
  return fmt::format(", {:.1f} segments {}", std::abs(*choice.segments), *choice.segments > 0 ? "more" : "fewer");
}

}  // namespace

std::string choice_text(const stall::Choice& choice, const stall::Account& account, std::string_view said) {
  const char* where = choice.place == stall::Place::other_end ? "at the other end, " : "";
  const std::string command = choice.command.empty() || choice.command == said ? "" : "; " + printable(choice.command);
  return fmt::format("{}{}: {}{}{}", where, choice.what, gain(choice, account), price(choice), command);
}

std::string choice_lines(const std::vector<stall::Choice>& choices, const stall::Account& account, std::string_view said) {
  if (choices.size() < 2) return "";
  std::string text;
  for (std::size_t i = 0; i < choices.size(); ++i)
    text += fmt::format("choice {}  {}\n", i + 1, choice_text(choices[i], account, said));
  return text;
}

core::Json choices_json(const std::vector<stall::Choice>& choices) {
  core::Json json = core::Json::array();
  for (const stall::Choice& choice : choices) {
    json.push_back({{"what", choice.what},
                    {"where", stall::name(choice.place)},
                    {"gives_back_ms", core::to_ms(choice.gives)},
                    {"at_most", choice.at_most},
                    {"segments_per_exchange", choice.segments ? core::Json(*choice.segments) : core::Json()},
                    {"command", choice.command}});
  }
  return json;
}

}  // namespace uncork::report
