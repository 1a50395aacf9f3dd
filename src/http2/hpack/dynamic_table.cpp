#include "http2/hpack/dynamic_table.hpp"

#include <algorithm>
#include <string>

namespace uncork::http2 {

TableEntry DynamicTable::operator[](std::size_t index) const noexcept {
  const auto [slot, text] = find(index);
  return {{text, slot->name_size}, {text + slot->name_size, slot->value_size}, slot->token, slot->well_formed};
}

void DynamicTable::set_capacity(std::size_t capacity) {
  capacity_ = capacity;
  evict_to(capacity);
}

void DynamicTable::evict_to(std::size_t size) {
  while (size_ > size) {
    const TableSlot& e = oldest();
    size_ -= e.name_size + e.value_size + kEntryOverhead;
    --count_;
  }
  if (count_ == 0) bytes_head_ = 0;
}

// Live bytes begin with the oldest entry's and end before bytes_head_, perhaps by way of the ring's end.
bool DynamicTable::find_room(std::size_t bytes, std::size_t& at) const noexcept {
  if (count_ == 0) {
    at = 0;
    return !bytes_.empty() && bytes <= ring_size();  // even an entry of no bytes has some behind it that may be read
  }
  const std::size_t begin = oldest().at;
  if (begin < bytes_head_) {
    at = ring_size() - bytes_head_ >= bytes ? bytes_head_ : 0;
    return at != 0 || bytes <= begin;
  }
  at = bytes_head_;
  return bytes <= begin - bytes_head_;
}

void DynamicTable::grow_entries() {
  std::vector<TableSlot> grown(std::max<std::size_t>(8, 2 * entries_.size()));
  for (std::size_t i = 0; i < count_; ++i) grown[i] = entries_[(head_ - count_ + i) & mask_];
  entries_ = std::move(grown);
  mask_ = entries_.size() - 1;
  head_ = count_;
}

void DynamicTable::grow_bytes(std::size_t needed) {
  const std::size_t live = size_ - count_ * kEntryOverhead;
  const std::size_t doubled = std::min(std::max<std::size_t>(256, 2 * ring_size()), 2 * capacity_);
  std::vector<char> grown(std::max(doubled, 2 * (live + needed)) + kPadding);
  std::size_t at = 0;
  for (std::size_t i = 0; i < count_; ++i) {
    TableSlot& e = entries_[(head_ - count_ + i) & mask_];
    std::copy_n(bytes_.data() + e.at, e.name_size + e.value_size, grown.data() + at);
    e.at = static_cast<std::uint32_t>(at);
    at += e.name_size + e.value_size;
  }
  bytes_ = std::move(grown);
  bytes_head_ = at;
}

void DynamicTable::insert(const TableEntry& added) {
  const std::size_t bytes = added.name.size() + added.value.size();
  if (bytes + kEntryOverhead > capacity_) return evict_to(0);
  const bool is_of_this_table = added.name.data() >= bytes_.data() && added.name.data() < bytes_.data() + bytes_.size();
  const std::string kept(is_of_this_table ? added.name : std::string_view());  // eviction may take it
  const std::string_view name = is_of_this_table ? std::string_view(kept) : added.name;
  evict_to(capacity_ - bytes - kEntryOverhead);
  std::size_t at = 0;
  if (!find_room(bytes, at)) {
    grow_bytes(bytes);
    at = bytes_head_;
  }
  if (count_ == entries_.size()) grow_entries();
  entries_[head_ & mask_] = {static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(name.size()),
                             static_cast<std::uint32_t>(added.value.size()), added.token, added.well_formed};
  name.copy(bytes_.data() + at, name.size());
  added.value.copy(bytes_.data() + at + name.size(), added.value.size());
  bytes_head_ = at + bytes;
  ++head_;
  ++count_;
  size_ += bytes + kEntryOverhead;
}

}  // namespace uncork::http2
