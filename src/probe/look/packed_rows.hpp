#pragma once
// Rows that are kept for long: without what most of them have alike.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "record/row.hpp"

namespace uncork::probe {

/// A list of rows in about a fifth of their memory: most words of a row are those of the first one, zeros above all. What goes in
/// comes out bit for bit; the texts stay with their owner. Not thread-safe.
class PackedRows {
 public:
  void push_back(const record::Row& row);
  /// `number` must be below size().
  [[nodiscard]] record::Row at(std::size_t number) const;
  [[nodiscard]] std::size_t size() const { return begins_.size(); }
  /// Keeps the memory for the next rows.
  void clear();

 private:
  record::Row first_;
  std::vector<std::uint64_t> words_;   // of each row: a bit for each of its words, then those that are not the first row's
  std::vector<std::uint32_t> begins_;  // of each row in words_
};

}  // namespace uncork::probe
