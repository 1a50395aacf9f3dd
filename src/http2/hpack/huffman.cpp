#include "http2/hpack/huffman.hpp"

#include <array>
#include <bit>

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

/// The symbol that some bits begin with: codes of up to kFast bits, which nearly all text has.
constexpr unsigned kFast = 10;
struct Fast {
  std::uint8_t symbol = 0;
  std::uint8_t length = 0;  // 0: the code is longer
};

constexpr std::array<Fast, 1U << kFast> make_fast() {
  std::array<Fast, 1U << kFast> table{};
  for (unsigned symbol = 0; symbol < kEos; ++symbol) {
    const Code code = kTables.codes[symbol];
    if (code.length > kFast) continue;
    const unsigned rest = kFast - code.length;
    for (std::uint32_t tail = 0; tail < 1U << rest; ++tail) {
      table[code.bits << rest | tail] = {static_cast<std::uint8_t>(symbol), code.length};
    }
  }
  return table;
}

constexpr std::array<Fast, 1U << kFast> kFastTable = make_fast();

/// The next bits of a code, left-aligned in 64; behind the end come ones, as padding has.
class BitReader {
 public:
  explicit BitReader(std::span<const std::byte> bytes) noexcept : at_(bytes.data()), end_(at_ + bytes.size()) {}

  void fill() noexcept {
    while (count_ <= 56 && at_ != end_) {
      bits_ |= std::to_integer<std::uint64_t>(*at_++) << (56 - count_);
      count_ += 8;
    }
  }
  /// Bits of the code that are left, as far as they have been filled in.
  [[nodiscard]] unsigned count() const noexcept { return count_; }
  [[nodiscard]] std::uint64_t bits() const noexcept { return count_ == 64 ? bits_ : bits_ | ~std::uint64_t{0} >> count_; }
  void skip(unsigned length) noexcept {
    bits_ <<= length;
    count_ -= length;
  }

 private:
  const std::byte* at_;
  const std::byte* end_;
  std::uint64_t bits_ = 0;
  unsigned count_ = 0;
};

struct Symbol {
  unsigned symbol;
  unsigned length;
};

Symbol long_symbol(std::uint64_t bits) noexcept {
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
    if (reader.count() == 0) return into;
    const std::uint64_t bits = reader.bits();
    const Fast fast = kFastTable[bits >> (64 - kFast)];
    if (fast.length != 0 && fast.length <= reader.count()) {
      *into++ = static_cast<char>(fast.symbol);
      reader.skip(fast.length);
      continue;
    }
    if (reader.count() < 8 && bits == ~std::uint64_t{0}) return into;  // padding
    const Symbol found = fast.length != 0 ? Symbol{fast.symbol, fast.length} : long_symbol(bits);
    if (found.length > reader.count() || found.symbol == kEos) return nullptr;
    *into++ = static_cast<char>(found.symbol);
    reader.skip(found.length);
  }
}

}  // namespace uncork::http2
