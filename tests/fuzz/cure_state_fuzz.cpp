// The record of what a cure changed: any bytes are read or refused in a sentence, and what is read is written back to the byte.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/error.hpp"
#include "cure/state_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kLongestSentence = 200;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto state = uncork::cure::parse_cure_state(text);
  if (state) {
    UNCORK_ASSERT(uncork::cure::serialize(*state) == text);
    UNCORK_ASSERT(state->process.pid > 0);
  } else {
    UNCORK_ASSERT(state.error().code == uncork::core::ErrorCode::invalid_argument);
    UNCORK_ASSERT(!state.error().message.empty() && state.error().message.size() < kLongestSentence);
  }
  return 0;
}
