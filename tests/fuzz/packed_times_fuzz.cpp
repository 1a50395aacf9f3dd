// Histograms as the store keeps them: any bytes are read, and what was read is written and read as the same again.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/error.hpp"
#include "sink/store/packed_times.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const uncork::stall::ExchangeTimes times = uncork::sink::unpacked(bytes);
  UNCORK_ASSERT(uncork::sink::unpacked(uncork::sink::packed(times)) == times);
  return 0;
}
