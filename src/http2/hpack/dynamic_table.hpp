#pragma once
// The dynamic table of HPACK (RFC 7541 2.3.2 and 4): the newest entries within a number of bytes.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "http2/hpack/table_slot.hpp"
#include "uncork/http2/fields.hpp"

namespace uncork::http2 {

/// One entry; its views live until the table changes.
struct TableEntry {
  std::string_view name;
  std::string_view value;
  known_field token = known_field::other;
  bool well_formed = true;  ///< see field_syntax.hpp: judged once, when it comes in
};

/// Memory is taken as entries come: an idle connection holds none. Names and values of an entry stand in one piece of a ring of
/// bytes, which is why the ring may be twice as long as the entries need. A value.
class DynamicTable {
 public:
  /// What an entry counts beyond its bytes (RFC 7541 4.1).
  static constexpr std::size_t kEntryOverhead = 32;

  static constexpr std::size_t kPadding = detail::block<char>::kPadding;

  explicit DynamicTable(std::size_t capacity) noexcept : capacity_(capacity) {}

  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  /// As RFC 7541 4.1 counts.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  /// Bytes of memory held.
  [[nodiscard]] std::size_t memory() const noexcept { return bytes_.capacity() + entries_.capacity() * sizeof(TableSlot); }

  /// Evicts what no longer fits.
  void set_capacity(std::size_t capacity);
  /// Entry 0 is the newest; `index` must be less than count().
  [[nodiscard]] TableEntry operator[](std::size_t index) const noexcept;
  /// The same, to be copied.
  [[nodiscard]] FoundEntry find(std::size_t index) const noexcept {
    const TableSlot& slot = entries_[(head_ - 1 - index) & mask_];
    return {&slot, bytes_.data() + slot.at};
  }
  /// Makes room and adds it; one that is larger than the table leaves it empty (RFC 7541 4.4). The views may be of an entry of
  /// this table.
  void insert(const TableEntry& added);

 private:
  [[nodiscard]] const TableSlot& oldest() const noexcept { return entries_[(head_ - count_) & mask_]; }
  void evict_to(std::size_t size);
  [[nodiscard]] std::size_t ring_size() const noexcept { return bytes_.empty() ? 0 : bytes_.size() - kPadding; }
  [[nodiscard]] bool find_room(std::size_t bytes, std::size_t& at) const noexcept;
  void grow_entries();
  void grow_bytes(std::size_t needed);

  std::size_t capacity_;
  std::size_t size_ = 0;
  std::size_t count_ = 0;
  std::size_t head_ = 0;            // where the next entry goes, modulo entries_.size()
  std::size_t mask_ = 0;            // entries_.size() - 1, if there are any
  std::size_t bytes_head_ = 0;      // where its bytes go, if there is room
  std::vector<TableSlot> entries_;  // a ring; its size is a power of 2 or 0
  std::vector<char> bytes_;         // the ring, and what may be read behind an entry at its end
};

}  // namespace uncork::http2
