// Any bytes in place of a state file: read, or refused in a sentence that names a line; what is read is written to something that
// reads as the same and is written to the same bytes.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/error.hpp"
#include "zino/state/state.hpp"
#include "zino/state/store.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace uncork::zino;
  constexpr Timestamp kNow{std::chrono::seconds(1'763'900'000)};
  const auto state = parse_state({reinterpret_cast<const char*>(data), size}, kNow);
  if (!state) {
    UNCORK_ASSERT(state.error().message.starts_with("line "));
    return 0;
  }
  const std::string text = dump_state(*state);
  const auto again = parse_state(text, kNow);
  UNCORK_ASSERT(again && dump_state(*again) == text);
  for (const auto& [id, record] : state->cases) UNCORK_ASSERT(attribute_lines(record).ends_with("\r\n"));
  Store store(*state);
  store.apply({kNow, "", RunMaintenance{}});
  store.apply({kNow, "", CloseDuplicates{}});
  store.apply({kNow, "", Scavenge{store.expired_cases(kNow)}});
  UNCORK_ASSERT(!store.has_duplicates());
  UNCORK_ASSERT(parse_state(dump_state(store.state()), kNow));
  return 0;
}
