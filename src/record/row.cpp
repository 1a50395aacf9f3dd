#include "record/row.hpp"

#include <algorithm>
#include <utility>

namespace uncork::record {

Tail Tail::of(std::string_view from) {
  Tail tail;
  tail.size = static_cast<std::uint8_t>(std::min(from.size(), kMost));
  std::copy_n(from.begin(), tail.size, tail.bytes.begin());
  return tail;
}

CongestionAlgorithm congestion_algorithm_of(std::string_view kernel_name) {
  using enum CongestionAlgorithm;
  constexpr std::pair<std::string_view, CongestionAlgorithm> kNames[] = {{"cubic", cubic},   {"dctcp", dctcp}, {"vegas", vegas},
                                                                         {"prague", prague}, {"bbr", bbr1},    {"bbr1", bbr1},
                                                                         {"bbr2", bbr2},     {"bbr3", bbr3}};
  const auto* const found = std::ranges::find(kNames, kernel_name, &std::pair<std::string_view, CongestionAlgorithm>::first);
  return found == std::end(kNames) ? unspecified : found->second;
}

namespace {
void hold(Text text) { Texts::hold(text); }
template <typename Other>
void hold(const Other& /*value*/) {}
}  // namespace

void hold_texts(const Row& row) {
#define FIELD(name, number, type, block, unit, source) hold(row.name);
#include "record/fields.inc"
}

}  // namespace uncork::record
