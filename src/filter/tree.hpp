#pragma once
// A filter as it was read: what is asked of a row, with every field and value known to be good.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "filter/field.hpp"
#include "filter/literal.hpp"

namespace uncork::filter {

enum class Comparison : std::uint8_t { equal, unequal, less, at_most, greater, at_least, matches, matches_not };

/// A node of the tree. A value.
struct Node {
  enum class Kind : std::uint8_t {
    everything,  ///< the empty filter
    all_of,      ///< `children`, two or more
    any_of,      ///< `children`, two or more
    negated,     ///< one child
    compare,     ///< `field` with `number`, or with `text`, by `comparison`
    host,        ///< `field` (an address) with `host`: equal or unequal
    in_states,   ///< the state is in `number`, a set of bits: `state a state b`
    known,       ///< `field` is known
  };
  Kind kind = Kind::everything;
  std::vector<Node> children{};
  const Field* field = nullptr;
  Comparison comparison = Comparison::equal;
  std::uint64_t number = 0;
  std::uint64_t mask = ~std::uint64_t{0};  ///< of a mark the bits that are compared: `fwmark = 0x01/0x03`
  std::string text{};                      ///< of a text field the text, or the regular expression
  Host host{};

  bool operator==(const Node&) const = default;
};

/// How deep parentheses and `not` may nest.
inline constexpr std::size_t kDeepest = 64;

/// Why `expression` is no regular expression that filters take (RE2's syntax); empty: it is one.
[[nodiscard]] std::string expression_error(std::string_view expression);

/// Whether it asks for the state anywhere.
[[nodiscard]] bool mentions_state(const Node& node);

/// The filter in its plainest words; reading it gives the same tree.
[[nodiscard]] std::string to_string(const Node& node);

}  // namespace uncork::filter
