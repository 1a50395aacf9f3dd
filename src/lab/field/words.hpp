#pragma once
// A line of a case file as words, each with its place, so that every error can point at one.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "lab/field/case.hpp"

namespace uncork::lab::field {

struct Word {
  std::string_view text;
  std::size_t column = 1;  ///< of its first byte, from 1
};

/// The words of one line, taken one after the other. A parenthesis is a word of its own; `#` begins a comment. Refers to the text
/// that it was made of.
class Words {
 public:
  Words(std::string_view line, std::size_t number);

  [[nodiscard]] bool empty() const { return at_ == words_.size(); }
  /// The next word without taking it; empty at the end.
  [[nodiscard]] std::string_view peek() const { return empty() ? std::string_view() : words_[at_].text; }
  /// Takes the next word; `what` is missing if there is none.
  [[nodiscard]] core::Result<Word> take(std::string_view what);
  /// Takes the next word if it is that.
  bool skip(std::string_view word);
  /// The text from the next word to the end of the line, comments left out; takes all of it.
  [[nodiscard]] std::string_view take_rest();

  /// Each takes one word.
  [[nodiscard]] core::Result<std::size_t> take_number(std::string_view what, std::size_t least, std::size_t most);
  [[nodiscard]] core::Result<core::Micros> take_duration(std::string_view what);
  [[nodiscard]] core::Result<Who> take_who();
  /// Causes joined by `+`.
  [[nodiscard]] core::Result<std::vector<stall::Cause>> take_causes();

  /// `line 3, column 9: SENTENCE`, at that word, or at the end of the line.
  [[nodiscard]] core::Error error_at(const Word& word, const std::string& sentence) const;
  [[nodiscard]] core::Error error_here(const std::string& sentence) const;
  /// An error if anything is left.
  [[nodiscard]] core::Status finish() const;

 private:
  std::string_view line_;
  std::size_t number_;
  std::vector<Word> words_;
  std::size_t at_ = 0;
};

/// A number that is not negative; nothing if the text is none, or is not finite.
[[nodiscard]] std::optional<double> parse_number(std::string_view text);

}  // namespace uncork::lab::field
