#include "filter/token.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace uncork::filter {
namespace {

constexpr std::string_view kEndsWord = "()=!<>~&|\"'";

struct Spelling {
  std::string_view text;
  Sign sign;
};

/// The longer before those that they begin with.
constexpr std::array<Spelling, 16> kSigns = {{{"==", Sign::equal},
                                              {"=", Sign::equal},
                                              {"!=", Sign::unequal},
                                              {"!~", Sign::matches_not},
                                              {"!", Sign::negated},
                                              {"<=", Sign::at_most},
                                              {"<", Sign::less},
                                              {">=", Sign::at_least},
                                              {">", Sign::greater},
                                              {"~", Sign::matches},
                                              {"&&", Sign::all_of},
                                              {"&", Sign::all_of},
                                              {"||", Sign::any_of},
                                              {"|", Sign::any_of},
                                              {"(", Sign::open},
                                              {")", Sign::close}}};

/// Those of ss(8).
constexpr std::array<Spelling, 12> kWords = {{{"and", Sign::all_of},
                                              {"or", Sign::any_of},
                                              {"not", Sign::negated},
                                              {"eq", Sign::equal},
                                              {"ne", Sign::unequal},
                                              {"neq", Sign::unequal},
                                              {"lt", Sign::less},
                                              {"le", Sign::at_most},
                                              {"leq", Sign::at_most},
                                              {"gt", Sign::greater},
                                              {"ge", Sign::at_least},
                                              {"geq", Sign::at_least}}};

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool is_control(char c) { return !is_blank(c) && (static_cast<unsigned char>(c) < 0x20 || c == 0x7F); }

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}
  core::Result<std::vector<Token>> run();

 private:
  core::Result<Token> next();
  core::Result<Token> quotation();
  Token word();
  [[nodiscard]] Token token(Token::Kind kind, Sign sign, std::string text, std::size_t begin) const {
    return {kind, sign, std::move(text), begin + 1};
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

core::Result<Token> Lexer::quotation() {
  const std::size_t begin = at_;
  const char quote = text_[at_++];
  std::string meant;
  while (at_ < text_.size() && text_[at_] != quote) {
    const bool escapes = text_[at_] == '\\' && at_ + 1 < text_.size() && (text_[at_ + 1] == quote || text_[at_ + 1] == '\\');
    if (escapes) ++at_;
    meant += text_[at_++];
  }
  if (at_ == text_.size()) return core::fail(error_at(begin + 1, "this quote is not closed"));
  ++at_;
  return token(Token::Kind::quoted, Sign::none, std::move(meant), begin);
}

Token Lexer::word() {
  const std::size_t begin = at_;
  while (at_ < text_.size() && !is_blank(text_[at_]) && kEndsWord.find(text_[at_]) == std::string_view::npos) ++at_;
  const std::string_view word = text_.substr(begin, at_ - begin);
  const auto* const spelling = std::ranges::find(kWords, word, &Spelling::text);
  const bool is_sign = spelling != kWords.end();
  return token(is_sign ? Token::Kind::sign : Token::Kind::word, is_sign ? spelling->sign : Sign::none, std::string(word), begin);
}

core::Result<Token> Lexer::next() {
  while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  if (at_ == text_.size()) return token(Token::Kind::end, Sign::none, "", at_);
  if (text_[at_] == '"' || text_[at_] == '\'') return quotation();
  for (const Spelling& spelling : kSigns) {
    if (!text_.substr(at_).starts_with(spelling.text)) continue;
    const std::size_t begin = std::exchange(at_, at_ + spelling.text.size());
    return token(Token::Kind::sign, spelling.sign, std::string(spelling.text), begin);
  }
  return word();
}

core::Result<std::vector<Token>> Lexer::run() {
  if (text_.size() > kLongestFilter) {
    return core::fail(error_at(kLongestFilter + 1, "a filter has at most " + std::to_string(kLongestFilter) + " bytes"));
  }
  const auto* const control = std::ranges::find_if(text_, is_control);
  if (control != text_.end()) {
    return core::fail(
        error_at(static_cast<std::size_t>(control - text_.begin()) + 1, "a control character, which no filter has"));
  }
  std::vector<Token> tokens;
  do {
    auto token = next();
    if (!token) return core::fail(token.error());
    tokens.push_back(std::move(*token));
  } while (tokens.back().kind != Token::Kind::end);
  return tokens;
}

}  // namespace

core::Error error_at(std::size_t column, const std::string& sentence) {
  return core::invalid_argument("column " + std::to_string(column) + ": " + sentence);
}

core::Result<std::vector<Token>> tokens_of(std::string_view text) { return Lexer(text).run(); }

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

}  // namespace uncork::filter
