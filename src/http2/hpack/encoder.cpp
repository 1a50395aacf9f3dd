#include "http2/hpack/encoder.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>

#include "http2/hpack/huffman.hpp"
#include "http2/hpack/integer.hpp"
#include "http2/hpack/static_table.hpp"

namespace uncork::http2 {
namespace {

constexpr std::uint8_t kIndexed = 0x80;
constexpr std::uint8_t kIncremental = 0x40;
constexpr std::uint8_t kTableSize = 0x20;
constexpr std::uint8_t kNeverIndexed = 0x10;
constexpr std::uint8_t kWithoutIndexing = 0x00;

void put_text(std::string_view text, std::vector<std::byte>& into) {
  constexpr std::uint8_t kHuffman = 0x80;
  const std::size_t coded = huffman_size(text);
  if (coded < text.size()) {
    put_integer(kHuffman, 7, static_cast<std::uint32_t>(coded), into);
    huffman_encode(text, into);
    return;
  }
  put_integer(0, 7, static_cast<std::uint32_t>(text.size()), into);
  const auto* bytes = reinterpret_cast<const std::byte*>(text.data());
  into.insert(into.end(), bytes, bytes + text.size());
}

/// `Bytes` bytes from `at` on, as a number.
template <std::size_t Bytes>
constexpr std::uint64_t load(std::string_view text, std::size_t at) noexcept {
  std::uint64_t value = 0;
  if (std::is_constant_evaluated()) {
    for (std::size_t i = 0; i < Bytes; ++i) value |= std::uint64_t{static_cast<unsigned char>(text[at + i])} << 8 * i;
  } else {
    std::memcpy(&value, text.data() + at, Bytes);
  }
  return value;
}

/// Of a text and what came before it. The last bytes are read with some that were read already, where there are eight.
constexpr std::uint32_t hash_of(std::string_view text, std::uint32_t before) noexcept {
  const std::size_t size = text.size();
  std::uint64_t hash = before ^ size << 32;
  const auto mix = [&hash](std::uint64_t bytes) {
    hash = (hash ^ bytes) * 0x9E3779B97F4A7C15;
    hash ^= hash >> 29;
  };
  for (std::size_t at = 0; at + 8 < size; at += 8) mix(load<8>(text, at));
  if (size >= 8) {
    mix(load<8>(text, size - 8));
  } else if (size >= 4) {
    mix(load<4>(text, 0) << 32 | load<4>(text, size - 4));
  } else if (size != 0) {
    mix(load<1>(text, 0) << 16 | load<1>(text, size / 2) << 8 | load<1>(text, size - 1));
  }
  return static_cast<std::uint32_t>(hash ^ hash >> 32);
}

/// The static table by name, and by name and value: the slots of a hash have the indices, 0 where there is none.
struct StaticIndex {
  static constexpr std::size_t kSlots = 256;
  std::array<std::uint8_t, kSlots> names{};
  std::array<std::uint8_t, kSlots> wholes{};
};

constexpr StaticIndex make_static_index() {
  StaticIndex index;
  const auto put = [](auto& slots, std::uint32_t hash, std::size_t value) {
    while (slots[hash % StaticIndex::kSlots] != 0) ++hash;
    slots[hash % StaticIndex::kSlots] = static_cast<std::uint8_t>(value);
  };
  for (std::size_t i = 0; i < kStaticTable.size(); ++i) {
    const StaticEntry& entry = kStaticTable[i];
    const std::uint32_t name = hash_of(entry.name, 0);
    if (i == 0 || kStaticTable[i - 1].name != entry.name) put(index.names, name, i + 1);
    put(index.wholes, hash_of(entry.value, name), i + 1);
  }
  return index;
}

constexpr StaticIndex kStaticIndex = make_static_index();

std::uint32_t find_static_name(std::string_view name, std::uint32_t hash) noexcept {
  for (;; ++hash) {
    const std::uint32_t index = kStaticIndex.names[hash % StaticIndex::kSlots];
    if (index == 0 || kStaticTable[index - 1].name == name) return index;
  }
}

std::uint32_t find_static(const field& one, std::uint32_t hash) noexcept {
  for (;; ++hash) {
    const std::uint32_t index = kStaticIndex.wholes[hash % StaticIndex::kSlots];
    if (index == 0) return 0;
    const StaticEntry& entry = kStaticTable[index - 1];
    if (entry.value == one.value && entry.name == one.name) return index;
  }
}

/// Whether the value is another in nearly every message: an entry would only drive useful ones out.
bool hardly_repeats(const field& one) noexcept {
  static constexpr std::array<std::string_view, 8> kNames = {"age",           "content-range", "etag",     "if-modified-since",
                                                             "if-none-match", "link",          "location", "last-modified"};
  switch (one.token) {
    case known_field::path:
    case known_field::content_length:
      return true;
    case known_field::other:
      return std::ranges::find(kNames, one.name) != kNames.end();
    default:
      return false;
  }
}

}  // namespace

void HpackEncoder::allow(std::uint32_t table_bytes) {
  const std::uint32_t size = std::min(table_bytes, kDefaultTableBytes);
  if (size == table_.capacity() && !must_tell_) return;
  least_ = must_tell_ ? std::min(least_, size) : size;
  must_tell_ = true;
  is_last_valid_ = false;
  table_.set_capacity(size);
  hashes_.erase(hashes_.begin(), hashes_.end() - static_cast<std::ptrdiff_t>(table_.count()));
}

HpackEncoder::Match HpackEncoder::find(const field& one, std::uint32_t name_hash, std::uint32_t hash) const noexcept {
  if (const std::uint32_t index = find_static(one, hash); index != 0) return {index, index};
  constexpr auto kFirst = static_cast<std::uint32_t>(kStaticTable.size() + 1);
  for (std::size_t i = hashes_.size(); i-- > 0;) {
    if (hashes_[i] != hash) continue;
    const auto index = static_cast<std::uint32_t>(hashes_.size() - 1 - i);
    const TableEntry entry = table_[index];
    if (entry.name == one.name && entry.value == one.value) return {kFirst + index, kFirst + index};
  }
  if (const std::uint32_t index = find_static_name(one.name, name_hash); index != 0) return {0, index};
  for (std::uint32_t index = 0; index < table_.count(); ++index) {
    if (table_[index].name == one.name) return {0, kFirst + index};
  }
  return {};
}

void HpackEncoder::remember(const field& one, std::uint32_t hash) {
  is_last_valid_ = false;
  table_.insert({one.name, one.value, one.token, true});
  hashes_.push_back(hash);
  // Evicted ones go, and all of them where the entry itself was too large.
  hashes_.erase(hashes_.begin(), hashes_.end() - static_cast<std::ptrdiff_t>(table_.count()));
}

void HpackEncoder::tell_size(std::vector<std::byte>& into) {
  must_tell_ = false;
  if (least_ < table_.capacity()) put_integer(kTableSize, 5, least_, into);
  put_integer(kTableSize, 5, static_cast<std::uint32_t>(table_.capacity()), into);
}

void HpackEncoder::encode(const field& one, std::vector<std::byte>& into) {
  const std::uint32_t name_hash = hash_of(one.name, 0);
  const std::uint32_t hash = hash_of(one.value, name_hash);
  const Match found = find(one, name_hash, hash);
  if (found.whole != 0 && !one.sensitive) return put_integer(kIndexed, 7, found.whole, into);
  const bool fits = one.name.size() + one.value.size() + DynamicTable::kEntryOverhead <= table_.capacity();
  std::uint8_t kind = kIncremental;
  unsigned prefix = 6;
  if (one.sensitive || hardly_repeats(one) || !fits) {
    kind = one.sensitive ? kNeverIndexed : kWithoutIndexing;
    prefix = 4;
  }
  put_integer(kind, prefix, found.name, into);
  if (found.name == 0) put_text(one.name, into);
  put_text(one.value, into);
  if (kind == kIncremental) remember(one, hash);
}

void HpackEncoder::encode(const fields& message, std::vector<std::byte>& into) {
  if (must_tell_) tell_size(into);
  if (is_last_valid_ && message == last_message_) {
    into.insert(into.end(), last_block_.begin(), last_block_.end());
    return;
  }
  constexpr std::size_t kMostKept = 512;  // bytes of a message
  const std::size_t begin = into.size();
  is_last_valid_ = message.list_size() <= kMostKept;
  for (const field one : message) encode(one, into);
  if (!is_last_valid_) return;
  last_message_ = message;
  last_block_.assign(into.begin() + static_cast<std::ptrdiff_t>(begin), into.end());
}

}  // namespace uncork::http2
