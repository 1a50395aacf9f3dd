#include "lab/field/accounts.hpp"

namespace uncork::lab::field {

core::Result<Accounts> Accounts::attach(LedgerKind kind) {
  probe::WitnessOptions options;
  options.stream = kind == LedgerKind::streamed;
  auto witness = probe::Witness::attach(options);
  if (!witness) return core::fail(witness.error());
  return Accounts(std::move(*witness), kind);
}

void Accounts::forget() {
  rows_.clear();
  ledgers_.clear();
}

core::Status Accounts::keep_up() {
  if (kind_ == LedgerKind::kernel) return {};
  const auto taken = witness_->read_events(core::Micros(0),
                                           [this](const probe::SocketEvent& event) { ledgers_[event.cookie].feed(event.event); });
  return taken ? core::Status() : core::fail(taken.error());
}

core::Result<std::vector<probe::ConnectionRow>> Accounts::read() {
  auto polled = witness_->poll();
  if (!polled) return core::fail(polled.error());
  for (probe::ConnectionRow& row : *polled) {
    const std::uint64_t cookie = row.where.cookie;
    rows_.insert_or_assign(cookie, std::move(row));
  }
  if (auto taken = keep_up(); !taken) return core::fail(taken.error());
  std::vector<probe::ConnectionRow> all;
  for (const auto& [cookie, row] : rows_) {
    all.push_back(row);
    if (kind_ == LedgerKind::streamed) all.back().account = ledgers_[cookie].concluded();
  }
  return all;
}

}  // namespace uncork::lab::field
