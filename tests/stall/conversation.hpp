#pragma once
// A connection told step by step in virtual time, so that a test of the ledger reads as what happened on it.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "stall/ledger.hpp"

namespace uncork::stall {

constexpr core::Micros us(std::int64_t count) { return core::Micros(count); }
constexpr core::Micros ms(std::int64_t count) { return core::Micros(count * 1000); }
inline const core::Time kStart{core::Micros(1'000'000'000)};  // far from 0, as a real clock is
inline constexpr core::Micros kRtt{100};                      // the best round trip, unless a test says another
inline constexpr std::uint32_t kMss = 1448;

/// A path without trouble.
inline SenderState quiet_path(core::Micros min_rtt = kRtt) {
  SenderState state;
  state.mss_bytes = kMss;
  state.min_rtt = min_rtt;
  return state;
}

/// One end of a connection. Steps happen at the present moment, which only after() moves. Each step checks that no time was
/// lost or counted twice; a failure prints all steps so far. What a step leaves behind is asked of ledger() and charged().
class Conversation {
 public:
  explicit Conversation(Role role = Role::requester, SenderState state = quiet_path()) : state_(state) {
    Event event;
    event.role = role;
    event.state = state;
    tell("opened", EventKind::opened, event);
  }

  Conversation& after(core::Micros pause) {
    now_ += pause;
    steps_ += "after " + std::to_string(pause.count()) + " us\n";
    return *this;
  }
  Conversation& wrote(std::uint32_t bytes) { return tell("wrote", EventKind::wrote, counting(bytes)); }
  /// More of a write that has not returned yet.
  Conversation& wrote_on(std::uint32_t bytes) {
    Event event = counting(bytes);
    event.continued = true;
    return tell("wrote on", EventKind::wrote, event);
  }
  Conversation& sent(std::uint32_t bytes) { return tell("sent", EventKind::sent, counting(bytes)); }
  /// Written, and sent in the same moment.
  Conversation& wrote_and_sent(std::uint32_t bytes) { return wrote(bytes).sent(bytes); }
  Conversation& received(std::uint32_t bytes) { return tell("received", EventKind::received, counting(bytes)); }
  Conversation& read(std::uint32_t bytes) { return tell("read", EventKind::read, counting(bytes)); }
  Conversation& acked(std::uint32_t bytes) { return tell("acked", EventKind::acked, counting(bytes)); }
  Conversation& acked_on_data(std::uint32_t bytes) {
    Event event = counting(bytes);
    event.on_data = true;
    return tell("acked on data", EventKind::acked, event);
  }
  Conversation& retransmitted() { return tell("retransmitted", EventKind::retransmitted, {}); }
  Conversation& retransmitted_fin() {
    Event event;
    event.fin_only = true;
    return tell("retransmitted the FIN", EventKind::retransmitted, event);
  }
  Conversation& reported(std::uint32_t segments) { return tell("reported", EventKind::reported, counting(segments)); }
  Conversation& finished() { return tell("finished", EventKind::finished, {}); }
  Conversation& closed() { return tell("closed", EventKind::closed, {}); }

  /// The sender's state changes: `change` edits what was told last.
  template <typename Change>
  Conversation& option(Change change) {
    return state("option changed", EventKind::option_changed, change);
  }
  /// The sender is looked at, and was in this state up to now.
  template <typename Change>
  Conversation& sampled(Change change) {
    return state("sampled", EventKind::sampled, change);
  }

  Ledger& ledger() { return ledger_; }
  /// The budget as it would stand if what is under way ended now: what is pending was lost.
  [[nodiscard]] Budget concluded() const { return ledger_.concluded().budget; }
  [[nodiscard]] core::Micros charged(Cause cause) const { return concluded()[cause]; }
  [[nodiscard]] core::Micros lost() const { return concluded().lost(); }
  [[nodiscard]] Late late(Cause cause) const { return ledger_.account().late(cause); }
  [[nodiscard]] const std::string& steps() const { return steps_; }
  [[nodiscard]] core::Micros elapsed() const { return now_ - kStart; }

 private:
  static Event counting(std::uint32_t bytes) {
    Event event;
    event.bytes = bytes;
    return event;
  }

  template <typename Change>
  Conversation& state(const char* step, EventKind kind, Change change) {
    change(state_);
    Event event;
    event.state = state_;
    state_.window_limited_for = state_.buffer_limited_for = core::Micros(0);  // told once
    return tell(step, kind, event);
  }

  Conversation& tell(const char* step, EventKind kind, Event event) {
    event.at = now_;
    event.kind = kind;
    ledger_.feed(event);
    steps_ += std::string(step) + (event.bytes != 0 ? " " + std::to_string(event.bytes) : "") + "\n";
    const core::Micros charged = ledger_.charged_until() - ledger_.opened_at();
    EXPECT_EQ(ledger_.account().budget.total() + ledger_.held() + ledger_.pending(), charged) << steps_;
    EXPECT_EQ(ledger_.concluded().budget.total(), charged) << steps_;
    return *this;
  }

  Ledger ledger_;
  SenderState state_;
  core::Time now_ = kStart;
  std::string steps_;
};

/// How much of each cause is expected, the rest being nothing.
struct Charge {
  Cause cause;
  core::Micros time;
};

inline Budget budget_of(const std::vector<Charge>& charges) {
  Budget budget;
  for (const Charge& charge : charges) budget[charge.cause] += charge.time;
  return budget;
}

inline void PrintTo(const Budget& budget, std::ostream* out) {
  *out << "{";
  for (const Cause cause : all_causes()) {
    if (budget[cause].count() != 0) *out << " " << name(cause) << " " << budget[cause].count() << " us";
  }
  *out << " }";
}

inline void PrintTo(const Late& late, std::ostream* out) {
  *out << late.total.count() << " us of " << late.writes << " writes, at most " << late.worst.count() << " us";
}

}  // namespace uncork::stall
