#pragma once
// A filter ready for rows.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "filter/tree.hpp"
#include "record/row.hpp"

namespace uncork::filter {

/// Which rows are wanted, in the words that `uncork sockets` and its kin take; docs/sockets.md has them. Reading the text costs
/// what it costs once; a row costs no allocation. What a row does not know compares as neither true nor false: the comparison
/// fails, and so does its negation. Moves. matches() may be called by several threads at once.
class Filter {
 public:
  /// The filter that everything passes.
  Filter();
  ~Filter();
  Filter(Filter&&) noexcept;
  Filter& operator=(Filter&&) noexcept;

  /// Errors: invalid_argument, `column 7: ...`.
  [[nodiscard]] static core::Result<Filter> compile(std::string_view text);
  /// The same of a tree that parse() gave.
  [[nodiscard]] static core::Result<Filter> compile(const Node& tree);

  [[nodiscard]] bool matches(const record::Row& row) const { return evaluate(0, row) == Truth::yes; }
  /// Whether every row passes, whatever it has.
  [[nodiscard]] bool takes_all() const;

 private:
  enum class Truth : std::uint8_t { no, yes, unknown };
  struct Step;

  core::Status add(const Node& node);
  [[nodiscard]] Truth evaluate(std::size_t at, const record::Row& row) const;
  [[nodiscard]] static Truth compare(const Step& step, const record::Row& row);
  [[nodiscard]] static Truth in_network(const Step& step, const record::Row& row);

  std::vector<Step> steps_;  // a node, then its children, each with the place behind itself
};

}  // namespace uncork::filter
