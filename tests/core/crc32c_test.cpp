// CRC-32C.

#include "core/crc32c.hpp"

#include <gtest/gtest.h>

#include <string>

namespace uncork::core {
namespace {

TEST(Crc32c, agrees_with_the_published_examples) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);  // RFC 3720 B.4
  EXPECT_EQ(crc32c("6789", crc32c("12345")), crc32c("123456789"));
}

TEST(Crc32c, is_the_same_however_the_bytes_are_cut) {
  std::string bytes;
  for (int i = 0; i < 100; ++i) bytes += static_cast<char>(i * 37);
  const std::uint32_t whole = crc32c(bytes);
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    EXPECT_EQ(crc32c(std::string_view(bytes).substr(cut), crc32c(std::string_view(bytes).substr(0, cut))), whole) << cut;
  }
}

}  // namespace
}  // namespace uncork::core
