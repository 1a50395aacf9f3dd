#include "rpc/status.hpp"

namespace uncork::rpc {

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string made;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte <= 0x7e && c != '%') {
      made += c;
    } else {
      made += {'%', kDigits[byte / 16], kDigits[byte % 16]};
    }
  }
  return made;
}

}  // namespace uncork::rpc
