// What a container runtime's socket answers: any bytes are read or refused in a sentence.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/error.hpp"
#include "probe/enrich/container_id.hpp"
#include "probe/enrich/docker_names.hpp"
#include "probe/enrich/uplinks.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace uncork;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto names = probe::read_docker_answer(text);
  UNCORK_ASSERT(names || (!names.error().message.empty() && names.error().message.size() < 400));
  if (names) {
    for (const probe::ContainerName& name : *names) UNCORK_ASSERT(!name.id.empty());
  }
  // The other texts that are not ours.
  UNCORK_ASSERT(probe::container_of(text).id.size() <= size);
  (void)probe::default_interfaces(text);
  (void)probe::default_interfaces_v6(text);
  return 0;
}
