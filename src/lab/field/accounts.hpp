#pragma once
// The accounts of connection ends while a case is played, from either of the two ledgers that must agree.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/result.hpp"
#include "probe/witness.hpp"
#include "stall/ledger.hpp"

namespace uncork::lab::field {

enum class LedgerKind : std::uint8_t {
  kernel,    ///< kept by the witness's programs
  streamed,  ///< kept here, from the events that they stream
};

/// The witness of the whole machine, with whole accounts. Needs root. One thread.
class Accounts {
 public:
  [[nodiscard]] static core::Result<Accounts> attach(LedgerKind kind);

  /// Forgets all sockets that were seen so far: a new case begins.
  void forget();
  /// Takes what has been streamed; to be called every few milliseconds while a case is played.
  [[nodiscard]] core::Status keep_up();
  /// Every end that was seen since forget(), with its last account; ended ones too. Ends that have carried nothing are not there.
  [[nodiscard]] core::Result<std::vector<probe::ConnectionRow>> read();
  /// Streamed events that were dropped since the witness was attached: verdicts by them are worth nothing then.
  [[nodiscard]] std::uint64_t events_lost() const { return witness_->losses().ring_full; }

 private:
  Accounts(std::unique_ptr<probe::Witness> witness, LedgerKind kind) : witness_(std::move(witness)), kind_(kind) {}

  std::unique_ptr<probe::Witness> witness_;
  LedgerKind kind_;
  std::unordered_map<std::uint64_t, probe::ConnectionRow> rows_;  // by cookie
  std::unordered_map<std::uint64_t, stall::Ledger> ledgers_;
};

}  // namespace uncork::lab::field
