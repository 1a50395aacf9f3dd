// Any stream of events into the ledger: after each, every microsecond is charged once; each exchange adds up to its wall time and
// none overlap. An input is a row of 16-byte events; see event_from() for their fields.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "core/error.hpp"
#include "stall/ledger.hpp"
#include "stall/verdict.hpp"

namespace {

using namespace uncork;
using stall::Cause;

struct Bytes {
  std::uint8_t kind;   // lowest bits: EventKind; 0x80: paced; 0x40: SO_SNDBUF set
  std::uint8_t flags;  // of the sender's state
  std::uint8_t role;   // lowest bits; 0x80: on data; 0x40: a large step in time; 0x20: continued; 0x10: FIN only; 0x08: MSG_MORE
  std::uint8_t credit_ms;
  std::int32_t step_us;  // from the event before; negative: back
  std::uint32_t count;   // bytes
  std::uint16_t mss;
  std::uint16_t rtt_us;
};
static_assert(sizeof(Bytes) == 16);

stall::Event event_from(const Bytes& b, core::Time before) {
  constexpr std::int64_t kLarge = std::int64_t{1} << 28;
  stall::Event event;
  const core::Micros step(b.step_us * ((b.role & 0x40U) != 0 ? kLarge : 1));
  constexpr core::Micros kFar(std::int64_t{1} << 62);
  const bool near = before.time_since_epoch() < kFar && before.time_since_epoch() > -kFar;
  event.at = near ? before + step : core::Time{};
  event.kind = static_cast<stall::EventKind>((b.kind & 0x3fU) % 12);
  event.bytes = b.count;
  event.on_data = (b.role & 0x80U) != 0;
  event.continued = (b.role & 0x20U) != 0;
  event.fin_only = (b.role & 0x10U) != 0;
  event.role = static_cast<stall::Role>((b.role & 0x07U) % 3);
  event.state.mss_bytes = b.mss;
  event.state.min_rtt = core::Micros(b.rtt_us);
  event.state.nodelay = (b.flags & 1U) != 0;
  event.state.more = (b.role & 0x08U) != 0;
  event.state.paced = (b.kind & 0x80U) != 0;
  event.state.buffer_fixed = (b.kind & 0x40U) != 0;
  event.state.corked = (b.flags & 2U) != 0;
  event.state.window_limited = (b.flags & 4U) != 0;
  event.state.congestion_limited = (b.flags & 8U) != 0;
  event.state.recovering = (b.flags & 16U) != 0;
  event.state.writer_blocked = (b.flags & 32U) != 0;
  if ((b.flags & 64U) != 0) event.state.window_limited_for = core::Micros(b.credit_ms * 1000);
  if ((b.flags & 128U) != 0) event.state.buffer_limited_for = core::Micros(b.credit_ms * 1000);
  return event;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  stall::Ledger ledger;
  core::Time at{core::Micros(1'000'000'000)};
  core::Time exchange_end{};
  for (std::span left(data, size); left.size() >= sizeof(Bytes); left = left.subspan(sizeof(Bytes))) {
    Bytes bytes;
    std::memcpy(&bytes, left.data(), sizeof bytes);
    const stall::Event event = event_from(bytes, at);
    at = event.at;
    const stall::Budget before = ledger.account().budget;
    ledger.feed(event);
    const stall::Budget after = ledger.account().budget;
    for (const Cause cause : stall::all_causes()) UNCORK_ASSERT(after[cause] >= before[cause]);
    const core::Micros charged = ledger.charged_until() - ledger.opened_at();
    UNCORK_ASSERT(after.total() + ledger.held() + ledger.pending() == charged);
    UNCORK_ASSERT(ledger.concluded().budget.total() == charged);
    for (const stall::Exchange& exchange : ledger.take_exchanges()) {
      UNCORK_ASSERT(exchange.begin >= exchange_end && exchange.end >= exchange.begin);
      UNCORK_ASSERT(exchange.budget.total() == exchange.wall());
      UNCORK_ASSERT(exchange.budget[Cause::idle] == core::Micros(0));
      exchange_end = exchange.end;
    }
  }
  const stall::Verdict verdict = stall::conclude({}, ledger.account(), stall::Confidence::witnessed);
  UNCORK_ASSERT((verdict.lost > core::Micros(0)) == stall::is_stall(verdict.cause));
  return 0;
}
