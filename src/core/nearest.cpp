#include "core/nearest.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace uncork::core {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, replaced}));
    }
  }
  return row[b.size()];
}

}  // namespace

std::string nearest(std::string_view typed, const std::vector<std::string>& known) {
  constexpr std::size_t kLongest = 64;  // keeps the quadratic cost of a hostile argument small
  typed = typed.substr(0, kLongest);
  std::string best;
  std::size_t best_distance = kLongest;
  for (const std::string& word : known) {
    const std::size_t distance = edit_distance(typed, word);
    const std::size_t allowed = std::max<std::size_t>(2, std::max(typed.size(), word.size()) / 3);
    if (distance <= allowed && distance < best_distance) {
      best = word;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace uncork::core
