// What lldpd's socket answers: any bytes are read or refused in a sentence, nothing is read beyond their end.

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/error.hpp"
#include "probe/enrich/lldp_answer.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace uncork;
  constexpr std::size_t kHead = 16;  // of the message, which the seeds have
  if (size < kHead) return 0;
  const auto answer = std::as_bytes(std::span(data, size)).subspan(kHead);
  const auto read = probe::read_lldp_answer(answer, "eth0");
  if (!read) {
    UNCORK_ASSERT(read.error().code == core::ErrorCode::not_supported && read.error().message.size() < 400);
    return 0;
  }
  if (!read->neighbour) return 0;
  const probe::LldpNeighbour& neighbour = *read->neighbour;
  UNCORK_ASSERT(neighbour.chassis_name.size() + neighbour.port_description.size() < answer.size());
  UNCORK_ASSERT(neighbour.port_id.size() <= 3 * answer.size() && neighbour.management_address.size() < 46);
  return 0;
}
