#include "filter/parse.hpp"

#include <algorithm>
#include <utility>

#include "core/nearest.hpp"
#include "filter/states.hpp"
#include "filter/token.hpp"

namespace uncork::filter {
namespace {

constexpr std::size_t kLongestExpression = 256;  // regular ones

/// What a token looks like in an error.
std::string shown(const Token& token) {
  constexpr std::size_t kShown = 40;
  if (token.kind == Token::Kind::end) return "the end";
  return (token.kind == Token::Kind::quoted ? "the text '" : "'") + token.text.substr(0, kShown) + "'";
}

bool is_comparison(Sign sign) { return sign >= Sign::equal && sign <= Sign::matches_not; }

/// The enumerators of Sign from `equal` on are in Comparison's order.
Comparison comparison_of(Sign sign) {
  return static_cast<Comparison>(static_cast<unsigned>(sign) - static_cast<unsigned>(Sign::equal));
}
static_assert(static_cast<unsigned>(Sign::matches_not) - static_cast<unsigned>(Sign::equal) ==
              static_cast<unsigned>(Comparison::matches_not));

/// Words that ss(8) has as well: the `=` behind them may be left out.
bool is_of_ss(const Field& field) {
  constexpr std::string_view kNames[] = {"dev", "mark", "cgroup"};
  return field.kind == Field::Kind::address || field.kind == Field::Kind::port ||
         std::ranges::find(kNames, field.name) != std::end(kNames);
}

/// A cgroup's path as ss takes it, below the mount point or not, as rows have it.
std::string cgroup_path(std::string_view path) {
  for (const std::string_view mount : {"/sys/fs/cgroup/unified", "/sys/fs/cgroup"}) {
    if (!path.starts_with(mount) || (path.size() > mount.size() && path[mount.size()] != '/')) continue;
    path.remove_prefix(mount.size());
    break;
  }
  while (path.ends_with('/')) path.remove_suffix(1);
  return path.starts_with('/') ? std::string(path) : "/" + std::string(path);
}

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}
  core::Result<Node> run();

 private:
  [[nodiscard]] const Token& here() const { return tokens_[at_]; }
  Token take() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  bool take(Sign sign) {
    if (here().sign != sign) return false;
    ++at_;
    return true;
  }
  [[nodiscard]] bool begins_a_part() const {
    return here().kind == Token::Kind::word || here().sign == Sign::open || here().sign == Sign::negated;
  }
  [[nodiscard]] std::unexpected<core::Error> expected(const std::string& what) const {
    return core::fail(error_at(here().column, "expected " + what + ", not " + shown(here())));
  }

  core::Result<Node> any_of();
  core::Result<Node> all_of();
  core::Result<Node> part();
  core::Result<Node> nested();
  core::Result<Node> states();
  core::Result<Node> about(const Field& field, std::size_t column);
  core::Result<Node> address(const Field& field, Comparison comparison);
  core::Result<Node> text(const Field& field, Comparison comparison);
  core::Result<Node> number(const Field& field, Comparison comparison);
  core::Result<Node> mark(const Field& field, Comparison comparison);
  core::Result<std::uint64_t> value(const Field& field);
  core::Result<const Field*> field();

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
};

Node joined(Node::Kind kind, std::vector<Node> parts) {
  if (parts.size() == 1) return std::move(parts.front());
  Node node;
  node.kind = kind;
  node.children = std::move(parts);
  return node;
}

Node about_states(States states) {
  Node node;
  node.kind = Node::Kind::in_states;
  node.number = states & kEveryState;
  return node;
}

core::Result<Node> Parser::run() {
  if (here().kind == Token::Kind::end) return Node{};
  auto node = any_of();
  if (node && here().kind != Token::Kind::end)
    return expected(here().sign == Sign::close ? "no ')' without its '('" : "'and', 'or' or a field");
  return node;
}

core::Result<Node> Parser::any_of() {
  std::vector<Node> parts;
  do {
    auto node = all_of();
    if (!node) return node;
    parts.push_back(std::move(*node));
  } while (take(Sign::any_of));
  return joined(Node::Kind::any_of, std::move(parts));
}

core::Result<Node> Parser::all_of() {
  std::vector<Node> parts;
  do {
    auto node = part();
    if (!node) return node;
    parts.push_back(std::move(*node));
  } while (take(Sign::all_of) || begins_a_part());
  return joined(Node::Kind::all_of, std::move(parts));
}

core::Result<Node> Parser::nested() {
  if (depth_ == kDeepest) {
    return core::fail(error_at(here().column, "parentheses and 'not' nest at most " + std::to_string(kDeepest) + " deep"));
  }
  ++depth_;
  core::Result<Node> node;
  if (take(Sign::negated)) {
    node = part();
    if (node) {
      Node negated;
      negated.kind = Node::Kind::negated;
      negated.children.push_back(std::move(*node));
      node = std::move(negated);
    }
  } else {
    const std::size_t opened = take().column;
    node = any_of();
    if (node && !take(Sign::close)) return expected("')' for the '(' of column " + std::to_string(opened));
  }
  --depth_;
  return node;
}

core::Result<Node> Parser::part() {
  if (here().sign == Sign::negated || here().sign == Sign::open) return nested();
  if (here().kind != Token::Kind::word) return expected("a field, 'not' or '('");
  if (here().text == "state" || here().text == "exclude") return states();
  const std::size_t column = here().column;
  if (here().text == "known") {
    ++at_;
    const auto field = this->field();
    if (!field) return core::fail(field.error());
    Node node;
    node.kind = Node::Kind::known;
    node.field = *field;
    return node;
  }
  const auto field = this->field();
  if (!field) return core::fail(field.error());
  return about(**field, column);
}

core::Result<const Field*> Parser::field() {
  if (here().kind != Token::Kind::word) return expected("a field");
  const Token token = here();
  if (const Field* field = find_field(token.text)) {
    ++at_;
    return field;
  }
  if (token.text == "autobound") {
    return core::fail(
        error_at(token.column, "rows do not tell who chose a port, so there is no autobound; 'sport >= 32768' comes near"));
  }
  std::vector<std::string> names = {"state", "exclude", "known"};
  for (const Field& known : fields()) names.emplace_back(known.name);
  const std::string near = core::nearest(token.text, names);
  return core::fail(error_at(
      token.column, "no field '" + token.text.substr(0, 40) + "'" +
                        (near.empty() ? "; 'uncork sockets --columns help' lists them" : "; did you mean '" + near + "'?")));
}

core::Result<Node> Parser::states() {
  States states = here().text == "exclude" ? kEveryState : 0;
  while (here().kind == Token::Kind::word && (here().text == "state" || here().text == "exclude")) {
    const bool excludes = take().text == "exclude";
    const bool differs = here().sign == Sign::unequal;
    if (differs || here().sign == Sign::equal) ++at_;
    const Token name = here();
    const auto named = name.kind == Token::Kind::end || name.kind == Token::Kind::sign ? std::nullopt : states_named(name.text);
    if (!named) {
      const std::string near = core::nearest(name.text, state_names());
      return expected("a state, such as established, listening, time-wait or connected" +
                      (near.empty() ? "" : " (did you mean '" + near + "'?)"));
    }
    ++at_;
    states = excludes != differs ? states & ~*named : states | *named;
    if (differs && !excludes) states = kEveryState & ~*named;
  }
  return about_states(states);
}

core::Result<Node> Parser::about(const Field& field, std::size_t column) {
  const bool compares = is_comparison(here().sign);
  if (!compares && field.kind == Field::Kind::flag) {  // `nodelay` alone
    Node node;
    node.kind = Node::Kind::compare;
    node.field = &field;
    node.number = 1;
    return node;
  }
  if (!compares && !is_of_ss(field)) return expected("an operator after " + std::string(field.name) + " (== != < <= > >= ~ !~)");
  const Token sign = compares ? take() : Token{Token::Kind::sign, Sign::equal, "=", column};
  const Comparison comparison = comparison_of(sign.sign);
  const bool equality = comparison == Comparison::equal || comparison == Comparison::unequal;
  const bool expression = comparison == Comparison::matches || comparison == Comparison::matches_not;
  if (expression && field.kind != Field::Kind::text) {
    return core::fail(error_at(sign.column, "'" + sign.text + "' compares texts, and " + std::string(field.name) + " is none"));
  }
  if (!equality && !expression && field.kind != Field::Kind::number && field.kind != Field::Kind::port) {
    return core::fail(error_at(sign.column, std::string(field.name) + " has no order: expected == or !="));
  }
  if (here().kind != Token::Kind::word && here().kind != Token::Kind::quoted)
    return expected("a value for " + std::string(field.name));
  if (field.kind == Field::Kind::address) return address(field, comparison);
  if (field.kind == Field::Kind::text) return text(field, comparison);
  if (field.name == "mark" && equality && here().text.find('/') != std::string::npos) return mark(field, comparison);
  return number(field, comparison);
}

core::Result<Node> Parser::address(const Field& field, Comparison comparison) {
  const Token token = take();
  auto host = parse_host(token.text);
  if (!host) return core::fail(error_at(token.column, host.error().message));
  Node node;
  node.kind = Node::Kind::host;
  node.field = &field;
  node.comparison = comparison;
  node.host = *host;
  return node;
}

core::Result<Node> Parser::text(const Field& field, Comparison comparison) {
  const Token token = take();
  Node node;
  node.kind = Node::Kind::compare;
  node.field = &field;
  node.comparison = comparison;
  if (field.name == "netns" && token.kind == Token::Kind::word && is_number(token.text)) {
    if (const auto inode = parse_quantity(Quantity::count, token.text)) {  // the names of namespaces do not begin so
      node.field = find_field("netns_inode");
      node.number = *inode;
      return node;
    }
  }
  const bool expression = comparison == Comparison::matches || comparison == Comparison::matches_not;
  const bool path = field.name == "cgroup" && token.kind == Token::Kind::word && !expression;
  node.text = path ? cgroup_path(token.text) : token.text;
  if (expression) {
    if (token.text.size() > kLongestExpression) {
      return core::fail(
          error_at(token.column, "a regular expression has at most " + std::to_string(kLongestExpression) + " bytes"));
    }
    if (const std::string why = expression_error(token.text); !why.empty()) {
      return core::fail(error_at(token.column, "no regular expression: " + why));
    }
  }
  return node;
}

core::Result<std::uint64_t> Parser::value(const Field& field) {
  const Token token = take();
  const auto refused = [&](const std::string& sentence) {
    return core::fail(error_at(token.column, std::string(field.name) + ": " + sentence));
  };
  switch (field.kind) {
    case Field::Kind::port: {
      const auto port = parse_port(token.text);
      if (!port) return refused(port.error().message);
      return *port;
    }
    case Field::Kind::flag:
      if (token.text == "yes" || token.text == "true" || token.text == "on" || token.text == "1") return 1;
      if (token.text == "no" || token.text == "false" || token.text == "off" || token.text == "0") return 0;
      return refused("expected yes or no, not '" + token.text.substr(0, 40) + "'");
    case Field::Kind::choice: {
      const auto choice = std::ranges::find(field.choices, token.text);
      if (choice != field.choices.end()) return static_cast<std::uint64_t>(choice - field.choices.begin());
      std::string words;
      for (const std::string_view word : field.choices) words += (words.empty() ? "" : ", ") + std::string(word);
      return refused("'" + token.text.substr(0, 40) + "': expected one of " + words);
    }
    default:
      break;
  }
  std::string text = token.text;
  if (field.name == "dev" && !is_number(text)) {
    return refused("'" + text.substr(0, 40) + "': expected the number of an interface, as 'ip link' shows it: a name may mean " +
                   "another in each namespace");
  }
  const bool apart = here().kind == Token::Kind::word && is_unit(field.quantity, here().text);
  if (apart && is_number(text) && text.find_first_not_of("0123456789.") == std::string::npos) text += " " + take().text;
  const auto number = parse_quantity(field.quantity, text);
  if (!number) return refused(number.error().message);
  return *number;
}

core::Result<Node> Parser::number(const Field& field, Comparison comparison) {
  const auto number = value(field);
  if (!number) return core::fail(number.error());
  Node node;
  node.kind = Node::Kind::compare;
  node.field = &field;
  node.comparison = comparison;
  node.number = *number;
  return node;
}

core::Result<Node> Parser::mark(const Field& field, Comparison comparison) {
  const Token token = take();
  const std::size_t slash = token.text.find('/');
  const auto number = parse_quantity(Quantity::count, token.text.substr(0, slash));
  const auto mask = parse_quantity(Quantity::count, token.text.substr(slash + 1));
  if (!number || !mask) {
    return core::fail(error_at(token.column, std::string(field.name) + ": '" + token.text.substr(0, 40) +
                                                 "': expected a mark and the bits that count, such as 0x01/0x03"));
  }
  Node node;
  node.kind = Node::Kind::compare;
  node.field = &field;
  node.comparison = comparison;
  node.number = *number;
  node.mask = *mask;
  return node;
}

}  // namespace

core::Result<Node> parse(std::string_view text) {
  auto tokens = tokens_of(text);
  if (!tokens) return core::fail(tokens.error());
  return Parser(std::move(*tokens)).run();
}

}  // namespace uncork::filter
