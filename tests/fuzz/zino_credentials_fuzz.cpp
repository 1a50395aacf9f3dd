// Any bytes in place of a ~/.ritz.tcl or a secrets file: read without a fault, and what is found was there.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/error.hpp"
#include "zino/client/credentials.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 64 * 1024) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const char* profile : {"default", "lab"}) {
    const auto found = uncork::zino::parse_ritz_tcl(text, profile);
    UNCORK_ASSERT(found.server.size() + found.port.size() + found.user.size() + found.secret.size() <= size);
  }
  if (const auto found = uncork::zino::from_secrets(text, "operator")) UNCORK_ASSERT(found->user == "operator");
  return 0;
}
