#include "lab/field/words.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "core/duration.hpp"

namespace uncork::lab::field {
namespace {

constexpr std::string_view kBlanks = " \t\r";
constexpr core::Micros kLongest{60'000'000};

}  // namespace

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (wrong != std::errc() || end != text.data() + text.size() || !std::isfinite(value) || value < 0) return std::nullopt;
  return value;
}

Words::Words(std::string_view line, std::size_t number) : line_(line.substr(0, line.find('#'))), number_(number) {
  for (std::size_t at = 0; (at = line_.find_first_not_of(kBlanks, at)) != std::string_view::npos;) {
    const bool bracket = line_[at] == '(' || line_[at] == ')';
    const std::size_t end = bracket ? at + 1 : std::min(line_.find_first_of(" \t\r()", at), line_.size());
    words_.push_back({line_.substr(at, end - at), at + 1});
    at = end;
  }
}

core::Result<Word> Words::take(std::string_view what) {
  if (empty()) return core::fail(error_here(fmt::format("{} is missing", what)));
  return words_[at_++];
}

bool Words::skip(std::string_view word) {
  if (peek() != word) return false;
  ++at_;
  return true;
}

std::string_view Words::take_rest() {
  if (empty()) return {};
  const std::string_view rest = line_.substr(words_[at_].column - 1);
  at_ = words_.size();
  return rest.substr(0, rest.find_last_not_of(kBlanks) + 1);
}

core::Result<std::size_t> Words::take_number(std::string_view what, std::size_t least, std::size_t most) {
  const auto word = take(what);
  if (!word) return core::fail(word.error());
  std::size_t value = 0;
  const std::string_view text = word->text;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (wrong != std::errc() || end != text.data() + text.size() || value < least || value > most) {
    return core::fail(error_at(*word, fmt::format("'{}': the {} must be from {} to {}", text, what, least, most)));
  }
  return value;
}

core::Result<core::Micros> Words::take_duration(std::string_view what) {
  const auto word = take(what);
  if (!word) return core::fail(word.error());
  const auto duration = core::parse_duration(what, word->text);
  if (!duration) return core::fail(error_at(*word, duration.error().message));
  if (*duration > kLongest) return core::fail(error_at(*word, fmt::format("a {} is at most 60 s", what)));
  return *duration;
}

core::Result<Who> Words::take_who() {
  const auto word = take("client, server or relay");
  if (!word) return core::fail(word.error());
  for (const Who who : {Who::client, Who::server, Who::relay}) {
    if (word->text == name(who)) return who;
  }
  return core::fail(error_at(*word, fmt::format("'{}' is not one of client, server and relay", word->text)));
}

core::Result<std::vector<stall::Cause>> Words::take_causes() {
  const auto word = take("a cause");
  if (!word) return core::fail(word.error());
  std::vector<stall::Cause> causes;
  std::size_t begin = 0;
  for (;;) {
    const std::size_t end = std::min(word->text.find('+', begin), word->text.size());
    const Word part{word->text.substr(begin, end - begin), word->column + begin};
    const auto cause = stall::cause_named(part.text);
    if (!cause) return core::fail(error_at(part, fmt::format("'{}' is not a cause of the ledger", part.text)));
    causes.push_back(*cause);
    if (end == word->text.size()) return causes;
    begin = end + 1;
  }
}

core::Error Words::error_at(const Word& word, const std::string& sentence) const {
  return core::invalid_argument(fmt::format("line {}, column {}: {}", number_, word.column, sentence));
}

core::Error Words::error_here(const std::string& sentence) const {
  return error_at(empty() ? Word{{}, line_.size() + 1} : words_[at_], sentence);
}

core::Status Words::finish() const {
  if (empty()) return {};
  return core::fail(error_here(fmt::format("'{}' is one word too many", peek())));
}

}  // namespace uncork::lab::field
