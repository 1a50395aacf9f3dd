#include "filter/filter.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <utility>

#include "filter/parse.hpp"
#include "filter/states.hpp"

namespace uncork::filter {
namespace {

/// Expressions take a time that is linear in the text, whatever they are, and bounded memory.
RE2::Options expression_options() {
  RE2::Options options(RE2::Quiet);
  options.set_max_mem(std::int64_t{1} << 20);
  return options;
}

std::uint64_t scaled(std::uint64_t number, std::uint64_t scale) {
  std::uint64_t product = 0;
  return __builtin_mul_overflow(number, scale, &product) ? ~std::uint64_t{0} : product;
}

bool holds(Comparison comparison, std::uint64_t a, std::uint64_t b) {
  switch (comparison) {
    case Comparison::equal:
    case Comparison::unequal:  // of all values, asked by negation
      return a == b;
    case Comparison::less:
      return a < b;
    case Comparison::at_most:
      return a <= b;
    case Comparison::greater:
      return a > b;
    case Comparison::at_least:
      return a >= b;
    case Comparison::matches:
    case Comparison::matches_not:
      break;
  }
  return false;
}

}  // namespace

struct Filter::Step {
  Node node;  // without its children
  std::size_t end = 0;
  std::unique_ptr<RE2> expression{};
};

Filter::Filter() { steps_.push_back({Node{}, 1}); }
Filter::~Filter() = default;
Filter::Filter(Filter&&) noexcept = default;
Filter& Filter::operator=(Filter&&) noexcept = default;

std::string expression_error(std::string_view expression) {
  const RE2 read(re2::StringPiece(expression.data(), expression.size()), expression_options());
  return read.ok() ? "" : read.error();
}

core::Result<Filter> Filter::compile(std::string_view text) {
  const auto tree = parse(text);
  if (!tree) return core::fail(tree.error());
  return compile(*tree);
}

core::Result<Filter> Filter::compile(const Node& tree) {
  Filter filter;
  filter.steps_.clear();
  if (auto added = filter.add(tree); !added) return core::fail(added.error());
  return filter;
}

core::Status Filter::add(const Node& node) {
  const std::size_t at = steps_.size();
  Step step;
  step.node = node;
  step.node.children.clear();
  if (node.kind == Node::Kind::compare && node.comparison >= Comparison::matches) {
    step.expression = std::make_unique<RE2>(node.text, expression_options());
    if (!step.expression->ok()) return core::fail(core::invalid_argument("no regular expression: " + step.expression->error()));
  }
  steps_.push_back(std::move(step));
  for (const Node& child : node.children) {
    if (auto added = add(child); !added) return added;
  }
  steps_[at].end = steps_.size();
  return {};
}

bool Filter::takes_all() const { return steps_.front().node.kind == Node::Kind::everything; }

Filter::Truth Filter::compare(const Step& step, const record::Row& row) {
  const Node& node = step.node;
  const Values values = node.field->values(row);
  if (!values.known()) return Truth::unknown;
  const bool any = std::ranges::any_of(values.all(), [&](const Values::Value& value) {
    if (step.expression) return RE2::PartialMatch(re2::StringPiece(value.text.data(), value.text.size()), *step.expression);
    if (node.field->kind == Field::Kind::text) return value.text == node.text;
    return holds(node.comparison, scaled(value.number, node.field->scale) & node.mask, node.number);
  });
  const bool opposite = node.comparison == Comparison::unequal || node.comparison == Comparison::matches_not;
  return any != opposite ? Truth::yes : Truth::no;
}

Filter::Truth Filter::in_network(const Step& step, const record::Row& row) {
  const std::size_t size = row.address_size();
  if (size == 0) return Truth::unknown;
  const bool of_peer = step.node.field->of_peer;
  const auto& address = of_peer ? row.inet_diag_msg_socket_destination : row.inet_diag_msg_socket_source;
  const auto port = of_peer ? row.inet_diag_msg_socket_destination_port : row.inet_diag_msg_socket_source_port;
  const bool inside = contains(step.node.host, size == 4 ? Host::Family::v4 : Host::Family::v6, address, port);
  return inside == (step.node.comparison == Comparison::equal) ? Truth::yes : Truth::no;
}

// Kleene's logic. Recursion is as deep as the tree, and the parser bounds that.
Filter::Truth Filter::evaluate(std::size_t at, const record::Row& row) const {
  const Step& step = steps_[at];
  switch (step.node.kind) {
    case Node::Kind::everything:
      return Truth::yes;
    case Node::Kind::negated: {
      const Truth truth = evaluate(at + 1, row);
      return truth == Truth::unknown ? truth : truth == Truth::yes ? Truth::no : Truth::yes;
    }
    case Node::Kind::all_of:
    case Node::Kind::any_of: {
      const Truth decides = step.node.kind == Node::Kind::all_of ? Truth::no : Truth::yes;
      Truth truth = decides == Truth::no ? Truth::yes : Truth::no;
      for (std::size_t child = at + 1; child < step.end; child = steps_[child].end) {
        const Truth one = evaluate(child, row);
        if (one == decides) return one;
        if (one == Truth::unknown) truth = one;
      }
      return truth;
    }
    case Node::Kind::compare:
      return compare(step, row);
    case Node::Kind::host:
      return in_network(step, row);
    case Node::Kind::in_states:
      return row.inet_diag_msg_state < 64 && (step.node.number >> row.inet_diag_msg_state & 1) != 0 ? Truth::yes : Truth::no;
    case Node::Kind::known:
      return step.node.field->values(row).known() ? Truth::yes : Truth::no;
  }
  return Truth::unknown;
}

}  // namespace uncork::filter
