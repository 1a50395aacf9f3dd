#pragma once
// CRC-32C (Castagnoli), as in iSCSI (RFC 3720 B.4) and ext4.

#include <cstdint>
#include <string_view>

namespace uncork::core {

/// `seed` is the result for the bytes before these; 0 at the beginning.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed = 0);

}  // namespace uncork::core
