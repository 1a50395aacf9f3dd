#pragma once
// Events that no sane source would tell: any kind, any time, any count, any state.

#include <rapidcheck.h>

#include <cstdint>
#include <limits>
#include <ostream>
#include <vector>

#include "stall/event.hpp"

namespace uncork::stall {

template <typename T>
T any_count() {
  return *rc::gen::oneOf(rc::gen::inRange<T>(0, 200), rc::gen::element<T>(1447, 1448, 1449, 2896), rc::gen::arbitrary<T>(),
                         rc::gen::just(std::numeric_limits<T>::max()));
}

/// Mostly microseconds to seconds onwards, at times the same moment, a step back, or anything.
inline core::Time any_time_after(core::Time at) {
  const auto step = *rc::gen::weightedOneOf<std::int64_t>({{8, rc::gen::inRange<std::int64_t>(0, 1000)},
                                                           {8, rc::gen::inRange<std::int64_t>(0, 100'000)},
                                                           {4, rc::gen::just<std::int64_t>(0)},
                                                           {2, rc::gen::inRange<std::int64_t>(0, 3'000'000)},
                                                           {2, rc::gen::inRange<std::int64_t>(-50'000, 0)}});
  if (*rc::gen::inRange(0, 200) == 0) return core::Time(core::Micros(*rc::gen::arbitrary<std::int64_t>()));
  const std::int64_t from = at.time_since_epoch().count();
  if (step > 0 && from > std::numeric_limits<std::int64_t>::max() - step) return at;
  if (step < 0 && from < std::numeric_limits<std::int64_t>::min() - step) return at;
  return at + core::Micros(step);
}

inline SenderState any_state() {
  // Set in one of four, so that bytes get away now and then.
  const auto seldom = [] { return *rc::gen::inRange(0, 4) == 0; };
  SenderState state;
  state.mss_bytes = *rc::gen::element(0U, 1U, 536U, 1448U, 65483U, ~0U);
  state.min_rtt = core::Micros(*rc::gen::oneOf(rc::gen::inRange<std::int64_t>(0, 50'000), rc::gen::arbitrary<std::int64_t>()));
  state.nodelay = seldom();
  state.corked = seldom();
  state.more = seldom();
  state.window_limited = seldom();
  state.writer_blocked = seldom();
  state.buffer_fixed = seldom();
  state.paced = seldom();
  state.congestion_limited = seldom();
  state.recovering = seldom();
  if (seldom())
    state.window_limited_for =
        core::Micros(*rc::gen::oneOf(rc::gen::inRange<std::int64_t>(0, 9'000), rc::gen::arbitrary<std::int64_t>()));
  if (seldom())
    state.buffer_limited_for =
        core::Micros(*rc::gen::oneOf(rc::gen::inRange<std::int64_t>(0, 9'000), rc::gen::arbitrary<std::int64_t>()));
  return state;
}

inline Event any_event_after(core::Time at) {
  Event event;
  event.at = any_time_after(at);
  event.kind = static_cast<EventKind>(*rc::gen::inRange(0, static_cast<int>(EventKind::closed)));
  // The end comes seldom, so that there is something before it (and after it).
  if (*rc::gen::inRange(0, 100) == 0) event.kind = EventKind::closed;
  event.bytes = any_count<std::uint32_t>();
  event.on_data = *rc::gen::arbitrary<bool>();
  event.fin_only = *rc::gen::inRange(0, 4) == 0;
  event.continued = *rc::gen::inRange(0, 4) == 0;
  event.role = *rc::gen::element(Role::unknown, Role::requester, Role::responder);
  event.state = any_state();
  return event;
}

/// A row of them; a counterexample prints the events.
inline std::vector<Event> any_events(core::Time start) {
  return *rc::gen::exec([start] {
    std::vector<Event> events;
    core::Time at = start;
    for (int left = *rc::gen::inRange(1, 60); left > 0; --left) {
      events.push_back(any_event_after(at));
      at = events.back().at;
    }
    return events;
  });
}

/// Found by rapidcheck when it shows a counterexample.
inline void showValue(const Event& event, std::ostream& out) {
  static constexpr const char* kKinds[] = {"opened",        "wrote",    "sent",           "received", "acked",    "read",
                                           "retransmitted", "reported", "option_changed", "sampled",  "finished", "closed"};
  const SenderState& s = event.state;
  out << "\n"
      << event.at.time_since_epoch().count() << " us " << kKinds[static_cast<int>(event.kind)] << " " << event.bytes
      << (event.on_data ? " on data" : "") << (event.fin_only ? " fin only" : "") << (event.continued ? " continued" : "")
      << " role " << static_cast<int>(event.role) << " {mss " << s.mss_bytes << " rtt " << s.min_rtt.count()
      << (s.nodelay ? " nodelay" : "") << (s.corked ? " corked" : "") << (s.more ? " more" : "") << (s.paced ? " paced" : "")
      << (s.buffer_fixed ? " fixed" : "") << (s.window_limited ? " window" : "") << (s.writer_blocked ? " blocked" : "")
      << (s.congestion_limited ? " congestion" : "") << (s.recovering ? " recovering" : "") << " credits "
      << s.window_limited_for.count() << " " << s.buffer_limited_for.count() << "}";
}

}  // namespace uncork::stall
