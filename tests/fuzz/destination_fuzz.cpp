// Any text in place of a destination: it is refused in a sentence, or written so that it is read to the same.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/error.hpp"
#include "sink/outlet/destination.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace uncork;
  const auto destination = sink::parse_destination({reinterpret_cast<const char*>(data), size});
  if (!destination) {
    UNCORK_ASSERT(destination.error().message.starts_with("destination '"));
    return 0;
  }
  const auto again = sink::parse_destination(sink::to_string(*destination));
  UNCORK_ASSERT(again && *again == *destination);
  return 0;
}
