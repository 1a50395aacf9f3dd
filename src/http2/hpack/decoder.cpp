#include "http2/hpack/decoder.hpp"

#include <cstring>

#include "http2/field_syntax.hpp"
#include "http2/hpack/huffman.hpp"
#include "http2/hpack/integer.hpp"
#include "http2/hpack/static_table.hpp"

namespace uncork::http2 {

/// Where the fields of a block go, as long as they are within the limits.
class HpackDecoder::Sink {
 public:
  Sink(const field_limits& limits, fields& into) noexcept
      : into_(&into), bytes_left_(limits.most_bytes), fields_left_(limits.most_fields) {}

  void put(const FoundEntry& found) {
    const TableSlot& slot = *found.slot;
    if (!takes(slot.name_size + slot.value_size, slot.well_formed)) return;
    into_->append(slot.token, {found.text, slot.name_size, slot.value_size}, false);
  }
  void put(const TableEntry& literal, bool sensitive) {
    if (!takes(literal.name.size() + literal.value.size(), literal.well_formed)) return;
    into_->append(literal.token, literal.name, literal.value, sensitive);
  }
  [[nodiscard]] DecodedBlock& done() noexcept { return done_; }

 private:
  bool takes(std::size_t bytes, bool well_formed) noexcept {
    constexpr std::size_t kEntryOverhead = DynamicTable::kEntryOverhead;
    done_.well_formed &= well_formed;
    if (bytes + kEntryOverhead > bytes_left_ || fields_left_ == 0) [[unlikely]] {
      done_.too_large = true;
      bytes_left_ = 0;  // nothing more, however short
      return false;
    }
    bytes_left_ -= bytes + kEntryOverhead;
    --fields_left_;
    return true;
  }

  fields* into_;
  std::size_t bytes_left_;
  std::size_t fields_left_;
  DecodedBlock done_;
};

// Nothing is found at index 0, nor behind the last entry.
inline FoundEntry HpackDecoder::find(std::uint32_t index) const noexcept {
  --index;
  if (index < kStaticText.slots.size()) return {&kStaticText.slots[index], kStaticText.text.data() + kStaticText.slots[index].at};
  index -= static_cast<std::uint32_t>(kStaticText.slots.size());
  return index < table_.count() ? table_.find(index) : FoundEntry{};
}

// A string literal (RFC 7541 5.2). What is Huffman-coded is decoded to text_, from `at` on: the name's stays while the value
// comes.
HpackDecoder::Text HpackDecoder::take_text(std::span<const std::byte>& block, std::size_t at) {
  constexpr std::byte kHuffman{0x80};
  if (block.empty()) return {{}, false};
  const bool is_coded = (block.front() & kHuffman) != std::byte{0};
  const auto length = take_integer(block, 7);
  if (!length || *length > block.size()) return {{}, false};
  const auto coded = block.first(*length);
  block = block.subspan(*length);
  if (!is_coded) return {{reinterpret_cast<const char*>(coded.data()), coded.size()}};
  char* const begin = text_.data() + at;
  const char* const end = huffman_decode(coded, begin);
  if (end == nullptr) return {{}, false};
  return {{begin, static_cast<std::size_t>(end - begin)}};
}

// All that follow each other: the rest of a block, most times.
bool HpackDecoder::take_indexed(std::span<const std::byte>& block, Sink& to) {
  Sink into = to;  // nobody else sees it: it need not be in memory
  std::span<const std::byte> left = block;
  bool taken = true;
  do {
    auto index = std::to_integer<std::uint32_t>(left.front());
    if (index < 0x80) break;
    if (index == 0xFF) [[unlikely]] {
      index = take_integer(left, 7).value_or(0);
    } else {
      index -= 0x80;
      left = left.subspan(1);
    }
    const FoundEntry found = find(index);
    taken = found.slot != nullptr;
    if (!taken) break;
    into.put(found);
  } while (!left.empty());
  block = left;
  to = into;
  return taken;
}

bool HpackDecoder::take_literal(std::span<const std::byte>& block, unsigned prefix, Sink& to) {
  const auto first = std::to_integer<std::uint32_t>(block.front());
  const auto index = take_integer(block, prefix);
  if (!index) return false;
  // What is left of the block bounds both texts.
  if (text_.size() < kMostHuffmanGrowth * block.size()) text_.resize(kMostHuffmanGrowth * block.size());
  TableEntry literal;
  std::size_t used = 0;
  if (*index != 0) {
    const FoundEntry named = find(*index);
    if (named.slot == nullptr) return false;
    // The name of an entry that is not well-formed need not be at fault; it is judged again.
    literal = {named.name(), {}, named.slot->token, named.slot->well_formed || is_field_name(named.name())};
  } else {
    const Text name = take_text(block, 0);
    if (!name.valid) return false;
    used = name.bytes.size();
    literal = {name.bytes, {}, known_field_of(name.bytes), is_field_name(name.bytes)};
  }
  const Text value = take_text(block, used);
  if (!value.valid) return false;
  literal.value = value.bytes;
  literal.well_formed = literal.well_formed && is_value_of(literal.token, value.bytes);
  constexpr unsigned kIncremental = 6;
  constexpr std::uint32_t kNeverIndexed = 0x10;
  to.put(literal, prefix != kIncremental && (first & kNeverIndexed) != 0);
  if (prefix == kIncremental) {
    table_.insert(literal);
    changes_table_ = true;
  }
  return true;
}

bool HpackDecoder::take_table_size(std::span<const std::byte>& block) {
  const auto size = take_integer(block, 5);
  if (!size || *size > most_table_bytes_) return false;
  table_.set_capacity(*size);
  changes_table_ = true;
  return true;
}

bool HpackDecoder::is_as_before(std::span<const std::byte> block, const field_limits& limits) const noexcept {
  return block.size() == last_size_ && !last_message_.empty() &&
         std::memcmp(block.data(), last_block_.data(), block.size()) == 0 && last_message_.list_size() <= limits.most_bytes &&
         last_message_.size() <= limits.most_fields;
}

void HpackDecoder::note(std::span<const std::byte> block, const DecodedBlock& done, const fields& message) {
  if (changes_table_ || !done.well_formed || done.too_large || done.error != errc::no_error || block.empty() ||
      block.size() > kMostRemembered) {
    last_size_ = 0;
    return last_message_.clear();
  }
  const bool has_come = block.size() == last_size_ && std::memcmp(block.data(), last_block_.data(), block.size()) == 0;
  if (has_come) {
    constexpr std::size_t kMostBytes = 1024;
    if (message.list_size() <= kMostBytes) last_message_ = message;
    return;
  }
  last_size_ = block.size();
  std::memcpy(last_block_.data(), block.data(), block.size());
  last_message_.clear();
}

DecodedBlock HpackDecoder::decode(std::span<const std::byte> block, const field_limits& limits, fields& into) {
  const bool begins = into.empty();
  if (begins && is_as_before(block, limits)) {
    into = last_message_;
    return {.as_before = true};
  }
  changes_table_ = false;
  const DecodedBlock done = decode_anew(block, limits, into);
  if (begins) {
    note(block, done, into);
  } else {
    last_size_ = 0;
  }
  return done;
}

DecodedBlock HpackDecoder::decode_anew(std::span<const std::byte> block, const field_limits& limits, fields& into) {
  Sink to(limits, into);
  bool may_resize = true;  // only at the beginning of a block (RFC 7541 4.2)
  while (!block.empty()) {
    const auto first = std::to_integer<std::uint32_t>(block.front());
    bool taken = false;
    if ((first & 0x80U) != 0) {
      taken = take_indexed(block, to);
    } else if ((first & 0x60U) == 0x20U) {
      taken = may_resize && take_table_size(block);
      if (taken) continue;
    } else {
      taken = take_literal(block, (first & 0x40U) != 0 ? 6 : 4, to);
    }
    if (!taken) {
      to.done().error = errc::compression_error;
      break;
    }
    may_resize = false;
  }
  constexpr std::size_t kKept = 4096;
  if (text_.size() > kKept) {
    text_.clear();
    text_.shrink_to_fit();
  }
  return to.done();
}

}  // namespace uncork::http2
