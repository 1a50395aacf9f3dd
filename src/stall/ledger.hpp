#pragma once
// The stall ledger of one connection, in virtual time: fed events, it charges every microsecond to one cause and cuts the
// stream into exchanges.

#include <vector>

#include "stall/account.hpp"
#include "stall/event.hpp"

namespace uncork::stall {

/// One request and its answer: when, how long, and where the time went. `budget.total() == end - begin`, exactly.
struct Exchange {
  core::Time begin{};
  core::Time end{};
  Budget budget;

  [[nodiscard]] core::Micros wall() const { return end - begin; }
};

/// The ledger of one connection seen from one end. Sans-I/O: the only clock is the events'. Any event sequence is accepted; a
/// nonsensical one (more acknowledged than sent) is clamped, never lost time; what follows `closed` is ignored. Not thread-safe.
/// Shares its accounting with the kernel's ledger (flow_ledger.h): this class rebuilds the sender's state from events, the kernel
/// reads it.
class Ledger {
 public:
  void feed(const Event& event);

  /// Everything charged so far. total() of its budget plus held() and pending() is the time from the first event to
  /// charged_until().
  [[nodiscard]] Account account() const { return account_of(flow_); }
  /// The account as it would stand if what is under way ended at charged_until(), as it looks.
  [[nodiscard]] Account concluded() const;
  [[nodiscard]] core::Micros held() const { return core::Micros(static_cast<std::int64_t>(flow_.held_us)); }
  /// Stalled, and not known yet whether anything was lost by it.
  [[nodiscard]] core::Micros pending() const;
  [[nodiscard]] core::Time opened_at() const { return core::Time(core::Micros(static_cast<std::int64_t>(flow_.opened_us))); }
  [[nodiscard]] core::Time charged_until() const {
    return core::Time(core::Micros(static_cast<std::int64_t>(flow_.charged_until_us)));
  }
  /// Exchanges finished since the last call, in order. The running one follows when the next begins or the connection closes.
  [[nodiscard]] std::vector<Exchange> take_exchanges();

 private:
  void open(const Event& event);
  void apply(const SenderState& state);
  void refresh_sender();
  [[nodiscard]] bool releases() const;
  void finish_exchange(const Budget& now);

  uncork_flow flow_{};
  uncork_sender sender_{};
  std::uint64_t wrote_ = 0;  // byte positions since opened
  std::uint64_t sent_ = 0;
  std::uint64_t acked_ = 0;
  std::uint64_t last_small_end_ = 0;  // end of the last partial segment sent (the kernel's snd_sml)
  bool opened_ = false;
  bool closed_ = false;
  bool let_go_ = false;  // an ACK ended the hold; the `sent` of what it let go is still to come
  Budget exchange_base_;
  core::Time exchange_begin_{};
  std::vector<Exchange> exchanges_;
};

}  // namespace uncork::stall
