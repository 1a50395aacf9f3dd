// A capture of netlink: any bytes are replayed or refused in a sentence, and a replay ends.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/error.hpp"
#include "probe/look/replay_looker.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace uncork;
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto looker = probe::ReplayLooker::of_bytes({bytes.begin(), bytes.end()}, {.attributes = probe::Attributes::all()});
  if (!looker) {
    UNCORK_ASSERT(!looker.error().message.empty());
    return 0;
  }
  probe::Look look;
  for (std::size_t looks = 0;; ++looks) {
    UNCORK_ASSERT(looks <= size);
    const auto made = (*looker)->look(look);
    if (!made || *made == probe::Looker::Outcome::end) return 0;
    UNCORK_ASSERT(look.rows.size() <= size / 88);
    UNCORK_ASSERT(!look.coverage.sentence().empty());
  }
}
