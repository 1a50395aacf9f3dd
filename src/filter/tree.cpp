#include "filter/tree.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "filter/states.hpp"
#include "filter/token.hpp"

namespace uncork::filter {
namespace {

std::string_view sign_of(Comparison comparison) {
  constexpr std::array<std::string_view, 8> kSigns = {"==", "!=", "<", "<=", ">", ">=", "~", "!~"};
  return kSigns.at(static_cast<std::size_t>(comparison));
}

std::string value_text(const Node& node) {
  switch (node.field->kind) {
    case Field::Kind::number:
      if (~node.mask != 0) return std::to_string(node.number) + "/" + std::to_string(node.mask);
      return to_string(node.field->quantity, node.number);
    case Field::Kind::flag:
      return node.number != 0 ? "yes" : "no";
    case Field::Kind::choice:
      return std::string(node.field->choices[node.number]);
    case Field::Kind::port:
      return std::to_string(node.number);
    case Field::Kind::text:
    case Field::Kind::address:
    case Field::Kind::state:  // these have nodes of their own
      break;
  }
  return quoted(node.text);
}

/// In parentheses where another node would else take its parts.
std::string as_part(const Node& node) {
  const bool joined = node.kind == Node::Kind::all_of || node.kind == Node::Kind::any_of;
  return joined ? "(" + to_string(node) + ")" : to_string(node);
}

}  // namespace

bool mentions_state(const Node& node) {
  return node.kind == Node::Kind::in_states || std::ranges::any_of(node.children, mentions_state);
}

std::string to_string(const Node& node) {
  std::string text;
  switch (node.kind) {
    case Node::Kind::everything:
      break;
    case Node::Kind::all_of:
    case Node::Kind::any_of:
      for (const Node& child : node.children) {
        if (!text.empty()) text += node.kind == Node::Kind::all_of ? " and " : " or ";
        text += as_part(child);
      }
      break;
    case Node::Kind::negated:
      return "not " + as_part(node.children.front());
    case Node::Kind::compare:
      return std::string(node.field->name) + " " + std::string(sign_of(node.comparison)) + " " + value_text(node);
    case Node::Kind::host:
      return std::string(node.field->name) + " " + std::string(sign_of(node.comparison)) + " " + to_string(node.host);
    case Node::Kind::in_states:
      return states_text(node.number);
    case Node::Kind::known:
      return "known " + std::string(node.field->name);
  }
  return text;
}

}  // namespace uncork::filter
