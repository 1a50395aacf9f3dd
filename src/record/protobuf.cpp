#include "record/protobuf.hpp"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

// Ten thousand rows of a hundred fields in a millisecond leave a nanosecond a field: no time for a wrong guess of the branch
// predictor. So each number is written without a branch: its tag and its varint in one wide store, whose surplus the next field
// overwrites, and the place moves on by the length, which is 0 for the number 0. Only numbers that do not fit into the store (a
// time, a rate without limit) take a branch, and the same one in nearly every row. A row's length precedes it: two bytes are left
// for it, since nearly every row has 128 to 16,383 bytes, and another row is moved. Measured: bench/record.cpp.

namespace uncork::record {

namespace {

/// By a number's leading zeros, for a tag of `kTagBytes`: the continuation bits of its varint, after the tag, in a word of eight
/// bytes; and the bytes of both, which are 0 for the number 0: that is not written.
template <std::size_t kTagBytes>
struct Shapes {
  std::array<std::uint64_t, 65> continuation{};
  std::array<std::uint64_t, 65> bytes{};

  consteval Shapes() {
    for (unsigned zeros = 0; zeros < 64; ++zeros) {
      const unsigned varint_bytes = (64 - zeros + 6) / 7;
      bytes[zeros] = kTagBytes + varint_bytes;
      for (unsigned byte = 0; byte + 1 < varint_bytes && kTagBytes + byte < 8; ++byte) {
        continuation[zeros] |= std::uint64_t{0x80} << (8 * (kTagBytes + byte));
      }
    }
  }
};
template <std::size_t kTagBytes>
constexpr Shapes<kTagBytes> kShapes;

enum WireType : std::uint32_t { varint = 0, delimited = 2 };

/// A field's tag as a varint, first byte lowest.
template <std::uint32_t kNumber, WireType kType>
struct Tag {
  static constexpr std::uint32_t kTag = kNumber << 3 | kType;
  static constexpr std::size_t kSize = kTag < 0x80 ? 1 : kTag < 0x4000 ? 2 : 3;
  static_assert(kTag < 0x200000, "three bytes are enough for every field");
  static constexpr std::uint32_t kMore = kSize == 1 ? 0 : kSize == 2 ? 0x80 : 0x8080;
  static constexpr std::uint32_t kBytes = (kTag & 0x7f) | (kTag >> 7 & 0x7f) << 8 | (kTag >> 14) << 16 | kMore;
};

/// The bits of a varint that carry the number, in a word of eight bytes that begins with a tag.
template <std::size_t kTagBytes>
constexpr std::uint64_t kCarriers = 0x7f7f7f7f7f7f7f7f << (8 * kTagBytes);

struct Plain {
  static std::size_t leading_zeros(std::uint64_t value) { return static_cast<std::size_t>(std::countl_zero(value)); }
  template <std::size_t kTagBytes>
  static std::uint64_t spread(std::uint64_t value) {
    value = (value & 0x000000000fffffff) | (value & 0x00fffffff0000000) << 4;
    value = (value & 0x00003fff00003fff) | (value & 0x0fffc0000fffc000) << 2;
    value = (value & 0x007f007f007f007f) | (value & 0x3f803f803f803f80) << 1;
    return value << (8 * kTagBytes);
  }
};

#ifdef __x86_64__
/// BMI2 and LZCNT, written out: the rest of the program must run without them.
struct Parallel {
  static std::size_t leading_zeros(std::uint64_t value) {
    std::size_t zeros = 0;
    asm("lzcntq %1, %0" : "=r"(zeros) : "r"(value) : "cc");
    return zeros;
  }
  template <std::size_t kTagBytes>
  static std::uint64_t spread(std::uint64_t value) {
    std::uint64_t bytes = 0;
    asm("pdepq %2, %1, %0" : "=r"(bytes) : "r"(value), "r"(kCarriers<kTagBytes>));
    return bytes;
  }
};
#else
using Parallel = Plain;
#endif

template <class T>
void store(char* to, T value) {
  static_assert(std::endian::native == std::endian::little, "tags and varints are stored lowest byte first");
  std::memcpy(to, &value, sizeof value);
}

[[gnu::noinline]] char* write_long(char* to, std::uint32_t tag, std::size_t tag_bytes, std::uint64_t value) {
  store(to, tag);
  return write_varint(value, to + tag_bytes);
}

#define UNCORK_PUT(type)           \
  template <std::uint32_t kNumber> \
  [[gnu::always_inline]] void type

/// Writes fields, by the type names of fields.inc, one after the other.
template <class Instructions>
class Put {
 public:
  Put(char* to, std::size_t address_size) : to_(to), address_size_(address_size) {}
  [[nodiscard]] char* end() const { return to_; }

  UNCORK_PUT(u32)(std::uint32_t value) { short_number<kNumber>(value, Instructions::leading_zeros(value)); }

  UNCORK_PUT(u64)(std::uint64_t value) {
    using Field = Tag<kNumber, varint>;
    const std::size_t zeros = Instructions::leading_zeros(value);
    if (zeros < 64 - 7 * (8 - Field::kSize)) {
      to_ = write_long(to_, Field::kBytes, Field::kSize, value);
      return;
    }
    short_number<kNumber>(value, zeros);
  }

  UNCORK_PUT(i64)(std::int64_t value) { u64<kNumber>(static_cast<std::uint64_t>(value)); }
  UNCORK_PUT(block_set)(Blocks value) { u64<kNumber>(value.bits()); }
  UNCORK_PUT(congestion_algorithm)(CongestionAlgorithm value) { u32<kNumber>(static_cast<std::uint32_t>(value)); }
  UNCORK_PUT(row_kind)(RowKind value) { u32<kNumber>(static_cast<std::uint32_t>(value)); }
  UNCORK_PUT(close_reason)(CloseReason value) { u32<kNumber>(static_cast<std::uint32_t>(value)); }

  UNCORK_PUT(flag)(bool value) {
    using Field = Tag<kNumber, varint>;
    store(to_, Field::kBytes | std::uint32_t{1} << (8 * Field::kSize));
    to_ += std::size_t{value} * (Field::kSize + 1);
  }

  UNCORK_PUT(text)(Text value) {
    using Field = Tag<kNumber, delimited>;
    if (value.empty()) return;
    store(to_, Field::kBytes);
    to_ += Field::kSize;
    const std::size_t size = value.encoded_size();
    std::memcpy(to_, value.encoded(), 32);  // so far an entry may be read
    if (size > 32) std::memcpy(to_ + 32, value.encoded() + 32, size - 32);
    to_ += size;
  }

  UNCORK_PUT(address)(const Address& value) {
    using Field = Tag<kNumber, delimited>;
    store(to_, Field::kBytes | static_cast<std::uint32_t>(address_size_) << (8 * Field::kSize));
    std::memcpy(to_ + Field::kSize + 1, value.data(), value.size());
    to_ += std::size_t{address_size_ != 0} * (Field::kSize + 1) + address_size_;
  }

  UNCORK_PUT(tail)(const Tail& value) {
    using Field = Tag<kNumber, delimited>;
    if (value.size == 0) return;
    store(to_, Field::kBytes | std::uint32_t{value.size} << (8 * Field::kSize));
    std::memcpy(to_ + Field::kSize + 1, value.bytes.data(), value.size);
    to_ += Field::kSize + 1 + value.size;
  }

 private:
  /// One whose varint fits into eight bytes together with the tag.
  template <std::uint32_t kNumber>
  [[gnu::always_inline]] void short_number(std::uint64_t value, std::size_t zeros) {
    using Field = Tag<kNumber, varint>;
    constexpr const auto& kShape = kShapes<Field::kSize>;
    store(to_, Field::kBytes | kShape.continuation[zeros] | Instructions::template spread<Field::kSize>(value));
    to_ += kShape.bytes[zeros];
  }

  char* to_;
  std::size_t address_size_;
};
#undef UNCORK_PUT

template <class Instructions>
char* write_fields(const Row& row, char* to) {
  const Blocks blocks = row.blocks;
  Put<Instructions> put(to, row.address_size());
// NOLINTBEGIN(bugprone-macro-parentheses): a type and a member take none
#define RUN(run)                \
  if (blocks.has(Block::run)) { \
    constexpr Block kRun = Block::run;
#define RUN_END }
#define FIELD(name, number, type, block, unit, source) \
  static_assert(kRun == Block::block);                 \
  put.template type<number>(row.name);
#define ELEMENT(member, index, name, number, type, block, unit, source) \
  static_assert(kRun == Block::block);                                  \
  put.template type<number>(row.member[index]);
#include "record/fields.inc"
  // NOLINTEND(bugprone-macro-parentheses)
  return put.end();
}

}  // namespace

Varints fastest_varints() {
#ifdef __x86_64__
  // The first two generations of Zen take some twenty cycles for a pdep.
  static const bool kParallel = __builtin_cpu_supports("bmi2") != 0 && __builtin_cpu_supports("lzcnt") != 0 &&
                                __builtin_cpu_is("znver1") == 0 && __builtin_cpu_is("znver2") == 0;
  return kParallel ? Varints::parallel : Varints::plain;
#else
  return Varints::plain;
#endif
}

char* write_varint(std::uint64_t value, char* to) {
  while (value >= 0x80) {
    *to++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *to++ = static_cast<char>(value);
  return to;
}

char* write_message(const Row& row, char* to, Varints varints) {
  return varints == Varints::parallel ? write_fields<Parallel>(row, to) : write_fields<Plain>(row, to);
}

char* write_prefixed(const Row& row, char* to, char tag, Varints varints) {
  *to = tag;
  to += tag != 0 ? 1 : 0;
  constexpr std::size_t kLeft = 2;
  char* const message = to + kLeft;
  char* const end = write_message(row, message, varints);
  const auto size = static_cast<std::size_t>(end - message);
  if (size >= 0x80 && size < 0x4000) [[likely]] {
    store(to, static_cast<std::uint16_t>((size & 0x7f) | 0x80 | size >> 7 << 8));
    return end;
  }
  char length[10];
  const auto length_bytes = static_cast<std::size_t>(write_varint(size, length) - length);
  std::memmove(to + length_bytes, message, size);
  std::memcpy(to, length, length_bytes);
  return to + length_bytes + size;
}

}  // namespace uncork::record
