#pragma once
// Single sockets, looked at again between two looks.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "core/result.hpp"
#include "probe/diag/attributes.hpp"
#include "probe/diag/channel.hpp"
#include "probe/diag/row_decoder.hpp"
#include "record/row.hpp"
#include "record/texts.hpp"

namespace uncork::probe {

/// Asks the kernel for one socket by its addresses and cookie (inet_diag_dump_one_icsk() in net/ipv4/inet_diag.c), which walks no
/// table: 3 us each (measured). For other namespaces it keeps a netlink socket in each, which keeps the namespace alive: see
/// keep_only(). Needs what a Looker needs to enter them. One thread.
class CloseUp {
 public:
  explicit CloseUp(Attributes attributes = Attributes::usual());

  /// Appends a row of each socket that is there still: the counters of now, and what else `known`, its row of a look, says of its
  /// process and namespace. Sums of the stall ledger are left out: those of the look are not those of now. Those that have ended,
  /// or whose namespace cannot be entered, are passed over: their last rows come with the next look. The error is that there is
  /// no netlink at all.
  [[nodiscard]] core::Status look(std::span<const record::Row> known, std::vector<record::Row>& into);

  /// Leaves the namespaces in which none of these sockets is.
  void keep_only(std::span<const record::Row> known);

 private:
  /// Null: it cannot be entered.
  [[nodiscard]] core::Result<const DiagChannel*> channel_into(const record::Row& known);
  [[nodiscard]] core::Result<bool> look_at(const DiagChannel& channel, const record::Row& known, record::Row& into);

  Attributes attributes_;
  record::Texts texts_;
  RowDecoder decoder_;
  std::uint64_t own_inode_ = 0;
  std::unordered_map<std::uint64_t, std::optional<DiagChannel>> channels_;  // by inode; nullopt: it could not be entered
  std::vector<std::byte> buffer_;
  std::uint32_t request_ = 0;
};

}  // namespace uncork::probe
