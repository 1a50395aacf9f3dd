#include "http2/hpack/huffman.hpp"

#include <array>
#include <bit>
#include <cstring>

namespace uncork::http2 {
namespace {

constexpr std::size_t kSymbols = 257;
constexpr unsigned kEos = 256;
constexpr unsigned kLongest = 30;

/// The length of each symbol's code in bits. The code is canonical: codes of one length follow each other in the order of their
/// symbols, shorter ones before longer ones, so that the lengths say all.
constexpr std::array<std::uint8_t, kSymbols> kLengths = {
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
    28, 28, 28, 6,  10, 10, 12, 13, 6,  8,  11, 10, 10, 8,  11, 8,  6,  6,  6,  5,  5,  5,  6,  6,  6,  6,  6,  6,  6,
    7,  8,  15, 6,  12, 10, 13, 6,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,
    7,  8,  7,  8,  13, 19, 13, 14, 6,  15, 5,  6,  5,  6,  5,  6,  6,  6,  5,  7,  7,  6,  6,  6,  5,  6,  7,  6,  5,
    5,  6,  7,  7,  7,  7,  7,  15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24,
    24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22,
    23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26,
    27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23,
    22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30};

struct Code {
  std::uint32_t bits = 0;  // right-aligned
  std::uint8_t length = 0;
};

/// What decoding needs: of each length the first code, how many there are, and where their symbols stand in `symbols`.
struct Tables {
  std::array<Code, kSymbols> codes{};
  std::array<std::uint16_t, kSymbols> symbols{};  // by code
  std::array<std::uint32_t, kLongest + 1> first{};
  std::array<std::uint16_t, kLongest + 1> count{};
  std::array<std::uint16_t, kLongest + 1> begin{};
};

constexpr Tables make_tables() {
  Tables t;
  std::uint32_t code = 0;
  std::uint16_t position = 0;
  for (unsigned length = 1; length <= kLongest; ++length) {
    code <<= 1;
    t.first[length] = code;
    t.begin[length] = position;
    for (unsigned symbol = 0; symbol < kSymbols; ++symbol) {
      if (kLengths[symbol] != length) continue;
      t.codes[symbol] = {code++, static_cast<std::uint8_t>(length)};
      t.symbols[position++] = static_cast<std::uint16_t>(symbol);
      ++t.count[length];
    }
  }
  return t;
}

constexpr Tables kTables = make_tables();

/// What kFast bits begin with: one symbol, or two where both have codes that short together, which nearly all text has.
constexpr unsigned kFast = 12;
struct Fast {
  std::array<char, 2> symbols{};
  std::uint8_t count = 0;   // 0: the code is longer
  std::uint8_t length = 0;  // of both codes
};

constexpr std::array<Fast, 1U << kFast> make_fast() {
  std::array<Fast, 1U << kFast> table{};
  std::array<std::uint16_t, 1U << kFast> first{};  // symbol + 1 of the code at the beginning of these bits
  for (unsigned symbol = 0; symbol < kEos; ++symbol) {
    const Code code = kTables.codes[symbol];
    if (code.length > kFast) continue;
    const unsigned rest = kFast - code.length;
    for (std::uint32_t tail = 0; tail < 1U << rest; ++tail) {
      first[code.bits << rest | tail] = static_cast<std::uint16_t>(symbol + 1);
    }
  }
  for (std::uint32_t bits = 0; bits < table.size(); ++bits) {
    if (first[bits] == 0) continue;
    const unsigned one = first[bits] - 1U;
    const unsigned length = kLengths[one];
    table[bits] = {{static_cast<char>(one), 0}, 1, static_cast<std::uint8_t>(length)};
    const std::uint16_t next = first[bits << length & (table.size() - 1)];
    if (next == 0 || length + kLengths[next - 1U] > kFast) continue;
    table[bits] = {
        {static_cast<char>(one), static_cast<char>(next - 1)}, 2, static_cast<std::uint8_t>(length + kLengths[next - 1U])};
  }
  return table;
}

constexpr std::array<Fast, 1U << kFast> kFastTable = make_fast();

/// The next bits of a code, left-aligned in 64; behind the end come ones, as padding has.
class BitReader {
 public:
  explicit BitReader(std::span<const std::byte> bytes) noexcept : at_(bytes.data()), end_(at_ + bytes.size()) {}

  /// 56 bits at least, or all that are left.
  void fill() noexcept {
    if (end_ - at_ >= 8) return fill_from_eight();
    if (count_ < 64) bits_ &= ~(~std::uint64_t{0} >> count_);  // see fill_from_eight
    while (count_ <= 56 && at_ != end_) {
      bits_ |= std::to_integer<std::uint64_t>(*at_++) << (56 - count_);
      count_ += 8;
    }
  }
  [[nodiscard]] bool is_at_end() const noexcept { return at_ == end_; }
  /// Bits of the code that are left, as far as they have been filled in.
  [[nodiscard]] unsigned count() const noexcept { return count_; }
  [[nodiscard]] std::uint64_t bits() const noexcept { return count_ == 64 ? bits_ : bits_ | ~std::uint64_t{0} >> count_; }
  /// The first kFast of them, of which there must be as many.
  [[nodiscard]] std::size_t next() const noexcept { return bits_ >> (64 - kFast); }
  void skip(unsigned length) noexcept {
    bits_ <<= length;
    count_ -= length;
  }

 private:
  // Of the last byte that does not fit whole, the beginning is in bits_ without being counted; it comes again.
  void fill_from_eight() noexcept {
    std::uint64_t eight = 0;
    std::memcpy(&eight, at_, sizeof eight);
    if constexpr (std::endian::native == std::endian::little) eight = __builtin_bswap64(eight);
    bits_ |= eight >> count_;
    at_ += (63 - count_) / 8;
    count_ |= 56U;
  }

  const std::byte* at_;
  const std::byte* end_;
  std::uint64_t bits_ = 0;
  unsigned count_ = 0;
};

struct Symbol {
  unsigned symbol;
  unsigned length;
};

Symbol one_symbol(std::uint64_t bits) noexcept {
  const Fast fast = kFastTable[bits >> (64 - kFast)];
  if (fast.count != 0) {
    const auto symbol = static_cast<unsigned char>(fast.symbols[0]);
    return {symbol, kLengths[symbol]};
  }
  for (unsigned length = kFast + 1; length < kLongest; ++length) {
    const auto code = static_cast<std::uint32_t>(bits >> (64 - length));
    const std::uint32_t offset = code - kTables.first[length];
    if (code >= kTables.first[length] && offset < kTables.count[length]) {
      return {kTables.symbols[kTables.begin[length] + offset], length};
    }
  }
  const auto offset = static_cast<std::uint32_t>(bits >> (64 - kLongest)) - kTables.first[kLongest];
  return {kTables.symbols[kTables.begin[kLongest] + offset], kLongest};
}

}  // namespace

std::size_t huffman_size(std::string_view text) noexcept {
  std::size_t bits = 0;
  for (const char c : text) bits += kLengths[static_cast<unsigned char>(c)];
  return (bits + 7) / 8;
}

void huffman_encode(std::string_view text, std::vector<std::byte>& into) {
  std::uint64_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const Code code = kTables.codes[static_cast<unsigned char>(c)];
    bits = bits << code.length | code.bits;
    count += code.length;
    while (count >= 8) {
      count -= 8;
      into.push_back(static_cast<std::byte>(bits >> count));
    }
  }
  if (count != 0) into.push_back(static_cast<std::byte>(bits << (8 - count) | 0xFFU >> count));
}

char* huffman_decode(std::span<const std::byte> code, char* into) noexcept {
  BitReader reader(code);
  for (;;) {
    reader.fill();
    bool is_long = false;
    while (reader.count() >= kFast && !is_long) {
      // Two are written even where there is one or none: of so many bits that are left, there is room for them.
      const Fast fast = kFastTable[reader.next()];
      std::memcpy(into, fast.symbols.data(), 2);
      into += fast.count;
      reader.skip(fast.length);
      is_long = fast.count == 0;
    }
    if (!is_long && !reader.is_at_end()) continue;
    reader.fill();
    if (reader.count() == 0) return into;
    const std::uint64_t bits = reader.bits();
    if (reader.count() < 8 && bits == ~std::uint64_t{0}) return into;  // padding
    const Symbol found = one_symbol(bits);
    if (found.length > reader.count() || found.symbol == kEos) return nullptr;
    *into++ = static_cast<char>(found.symbol);
    reader.skip(found.length);
  }
}

}  // namespace uncork::http2
