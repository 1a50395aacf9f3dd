#include "zino/state/json_position.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace uncork::zino {
namespace {

/// Walks over a JSON text that a parser has accepted. Not one of its loops runs past the end, whatever the text.
class Walker {
 public:
  explicit Walker(std::string_view text) : text_(text) {}

  [[nodiscard]] std::size_t position() const { return at_; }
  [[nodiscard]] char peek() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r')) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  void step() { at_ = std::min(at_ + 1, text_.size()); }

  std::string_view take_string() {
    const std::size_t begin = at_;
    for (step(); at_ < text_.size() && text_[at_] != '"'; step()) {
      if (text_[at_] == '\\') step();
    }
    step();
    return text_.substr(begin, at_ - begin);
  }

  /// Over one value of any kind, to the comma or bracket behind it.
  void skip_value() {
    std::size_t depth = 0;
    for (char c = peek(); at_ < text_.size(); c = peek()) {
      if (c == '"') {
        take_string();
        continue;
      }
      if (depth == 0 && (c == ',' || c == '}' || c == ']')) return;
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      step();
    }
  }

  /// From the bracket of an object or array to the value of `key`; false, and at its end, if there is none.
  bool enter(const std::string& key) {
    const char open = peek();
    if (open != '{' && open != '[') return false;
    step();
    for (std::size_t index = 0; peek() != '}' && peek() != ']' && at_ < text_.size(); ++index) {
      std::string name = std::to_string(index);
      if (open == '{') {
        const std::string_view quoted = take_string();
        const auto parsed = nlohmann::json::parse(quoted, nullptr, false);
        name = parsed.is_string() ? parsed.get<std::string>() : std::string();
        if (peek() == ':') step();
      }
      if (name == key) return peek() != '\0';
      skip_value();
      if (peek() == ',') step();
    }
    return false;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::size_t line_at(std::string_view text, std::size_t offset) {
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(offset, text.size()));
  return 1 + static_cast<std::size_t>(std::count(text.begin(), end, '\n'));
}

std::size_t line_of(std::string_view json, std::span<const std::string> path) {
  Walker walker(json);
  (void)walker.peek();
  std::size_t found = walker.position();
  for (const std::string& key : path) {
    if (!walker.enter(key)) break;
    found = walker.position();
  }
  return line_at(json, found);
}

}  // namespace uncork::zino
