// What the kernel programs stream: any bytes are decoded or refused in a sentence, and whatever was in them, the ledgers that the
// events feed add up. The first byte of an input says how it is cut: 0 into rows, else into records of that many bytes more than
// half a record (so that some are too short).

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>

#include "core/error.hpp"
#include "probe/record_decoder.hpp"
#include "stall/ledger.hpp"

namespace {

using namespace uncork;

void refused_in_a_sentence(const core::Error& error) {
  UNCORK_ASSERT(error.code == core::ErrorCode::invalid_argument);
  UNCORK_ASSERT(!error.message.empty() && error.message.size() < 200);
}

void records(std::span<const std::byte> bytes, std::size_t size) {
  probe::RecordDecoder decoder;
  std::unordered_map<std::uint64_t, stall::Ledger> ledgers;
  for (; !bytes.empty(); bytes = bytes.subspan(std::min(size, bytes.size()))) {
    const auto events = decoder.decode(bytes.first(std::min(size, bytes.size())));
    UNCORK_ASSERT(events.has_value() ==
                  (bytes.size() >= sizeof(uncork_record) && size >= sizeof(uncork_record) &&
                   static_cast<std::uint8_t>(bytes[offsetof(uncork_record, kind)]) <= UNCORK_RECORD_CLOSED));
    if (!events) {
      refused_in_a_sentence(events.error());
      continue;
    }
    for (const probe::SocketEvent& event : *events) {
      stall::Ledger& ledger = ledgers[event.cookie];
      ledger.feed(event.event);
      UNCORK_ASSERT(ledger.account().budget.total() + ledger.held() + ledger.pending() ==
                    ledger.charged_until() - ledger.opened_at());
    }
  }
}

void row(std::span<const std::byte> bytes) {
  const auto row = probe::decode_row(bytes);
  if (!row) return refused_in_a_sentence(row.error());
  UNCORK_ASSERT(bytes.size() >= sizeof(uncork_socket_row));
  UNCORK_ASSERT(row->where.process.command.size() <= sizeof(uncork_socket_row::command));
  UNCORK_ASSERT(!core::to_string(row->where.local).empty() && !core::to_string(row->where.remote).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto bytes = std::as_bytes(std::span(data, size)).subspan(1);
  if (data[0] == 0) {
    row(bytes);
  } else {
    records(bytes, sizeof(uncork_record) / 2 + data[0]);
  }
  return 0;
}
