#pragma once
// How a figure with the option compares to the same without, from windows in pairs. Sans-I/O.

#include <optional>
#include <span>

namespace uncork::cure {

/// One figure in the two windows of a pair, which lie side by side in time and so share what the load did meanwhile. Not
/// negative.
struct Paired {
  double off = 0;
  double on = 0;
};

/// on / off, and the interval that holds the true one with 95 %. `high` is infinite where `off` may be nothing at all.
struct Ratio {
  double value = 1;
  double low = 1;
  double high = 1;

  [[nodiscard]] bool is_below(double bound) const { return high < bound; }
  [[nodiscard]] bool is_above(double bound) const { return low > bound; }
};

/// The ratio of the means with Fieller's interval (E. C. Fieller, "Some problems in interval estimation", 1954): all r for which
/// on - r * off may have the mean 0 by a t test over the pairs. It needs no logarithm, so a figure may be 0 in some windows, and
/// a load that doubles for a whole pair widens it little. nullopt: fewer than two pairs, or nothing in any window without the
/// option.
[[nodiscard]] std::optional<Ratio> ratio_of(std::span<const Paired> pairs);

/// What a t variable of so many degrees of freedom stays below with 97.5 %; to a thousandth. `degrees` is 1 or more.
[[nodiscard]] double t_quantile(unsigned degrees);

}  // namespace uncork::cure
