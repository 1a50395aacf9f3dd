// Points in time from the command line: any text is read or refused in a sentence, whatever the time is now.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/error.hpp"
#include "core/when.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace uncork::core;
  constexpr std::int64_t kNow = 1'795'788'000'000'000'000;  // 2026-11-27T14:00:00Z
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto when = parse_when("--at", text, kNow);
  if (!when) {
    constexpr std::size_t kLongest = 400;
    UNCORK_ASSERT(when.error().code == ErrorCode::invalid_argument);
    UNCORK_ASSERT(!when.error().message.empty() && when.error().message.size() < kLongest);
    return 0;
  }
  // What was meant as a time of day, or as so long ago, is not after now; a day may be.
  UNCORK_ASSERT(text.find('-') != std::string_view::npos || *when <= kNow);
  UNCORK_ASSERT(!local_time_text(*when).empty());
  return 0;
}
