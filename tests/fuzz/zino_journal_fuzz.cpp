// Any bytes in place of a journal: its whole records are read and the rest is counted, or it is refused in a sentence that names
// the byte; what was read is written to the same changes, and can be applied to a state that can then be written.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "zino/journal/journal_codec.hpp"
#include "zino/state/store.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace uncork;
  using namespace uncork::zino;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  constexpr Timestamp kNow{std::chrono::seconds(1'763'900'000)};
  // The check sums keep a fuzzer out: the changes themselves are read as well.
  if (const auto change = parse_change(bytes)) {
    const auto again = parse_change(serialize(*change));
    UNCORK_ASSERT(again && *again == *change);
  }
  const auto journal = decode_journal(bytes);
  if (!journal) {
    UNCORK_ASSERT(journal.error().message.starts_with("byte "));
    return 0;
  }
  UNCORK_ASSERT(journal->good_bytes + journal->damaged_bytes + journal->torn_bytes == size);
  std::string written = journal_header(journal->base);
  Store store{State()};
  for (const Change& change : journal->changes) {
    written += journal_record(change);
    store.apply(change);
  }
  const auto again = decode_journal(written);
  UNCORK_ASSERT(again && again->changes == journal->changes && again->torn_bytes == 0 && again->damaged_bytes == 0);
  UNCORK_ASSERT(parse_state(dump_state(store.state()), kNow));
  return 0;
}
