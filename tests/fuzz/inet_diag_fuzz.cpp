// What the kernel answers when it is asked for its sockets: any bytes are read or refused in a sentence, nothing is read beyond
// their end, and whatever tcp_info was in them, the ledger's budget adds up.

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/error.hpp"
#include "probe/diag/inet_diag.hpp"
#include "stall/sampled_ledger.hpp"

namespace {

using namespace uncork;

constexpr std::uint32_t kSequence = 1;  // of the seeds

void reply(std::span<const std::byte> bytes) {
  constexpr std::size_t kLeastSocket = 88;  // netlink header and inet_diag_msg
  probe::SocketList list;
  const auto read = probe::read_reply(bytes, kSequence, core::Time{}, list);
  UNCORK_ASSERT(list.sockets.size() <= bytes.size() / kLeastSocket);
  UNCORK_ASSERT(read || (!read.error().message.empty() && read.error().message.size() < 400));

  stall::SampledLedger ledger;
  core::Time at{};
  for (const probe::DiagSocket& socket : list.sockets) {
    if (!socket.info) continue;
    ledger.feed(probe::sample_of(*socket.info, at));
    at += core::Micros(5000);
  }
  const core::Micros watched = at > core::Time{} ? at - core::Time{} - core::Micros(5000) : core::Micros(0);
  UNCORK_ASSERT(ledger.account().budget.total() == watched);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  reply(bytes);
  (void)probe::decode_tcp_info(bytes);
  return 0;
}
