#pragma once
// What a collector writes into the rows that it hands on.

#include <cstdint>

#include "collect/settings.hpp"
#include "record/row.hpp"
#include "record/texts.hpp"

namespace uncork::collect {

/// The rows' texts live as long as the Stamp. One thread.
class Stamp {
 public:
  explicit Stamp(const Settings& settings) { change(settings); }

  /// From the next row on.
  void change(const Settings& settings);

  /// The number of its poll since the boot, and its own among all rows that this collector has handed on.
  void put(record::Row& row, std::uint64_t sequence);

  [[nodiscard]] std::uint64_t rows() const { return rows_; }

 private:
  record::Texts texts_;
  record::Text hostname_{}, location_{}, label_{}, tag_{};
  std::uint64_t rows_ = 0;
};

}  // namespace uncork::collect
