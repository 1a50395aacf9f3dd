#pragma once
// From the kernel programs' records to the ledger's events and the table's rows. Sans-I/O.

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "core/result.hpp"
#include "probe/bpf/records.h"
#include "probe/source.hpp"
#include "stall/event.hpp"

namespace uncork::probe {

/// An event of one connection, named by its socket's cookie.
struct SocketEvent {
  std::uint64_t cookie = 0;
  stall::Event event;
};

/// Turns streamed kernel records into events, one a record (and an option_changed where TCP_NODELAY was set since). It remembers
/// how each sender looked, so records must come in the order of the ring. Not thread-safe.
class RecordDecoder {
 public:
  /// An Error names what is wrong with the bytes; the state is then as before.
  [[nodiscard]] core::Result<std::vector<SocketEvent>> decode(std::span<const std::byte> bytes);

 private:
  std::unordered_map<std::uint64_t, stall::SenderState> states_;  // by cookie
};

/// What the kernel programs call a role.
[[nodiscard]] stall::Role role_of(std::uint8_t role);
/// An address of theirs: IPv4 in the first four bytes.
[[nodiscard]] core::Endpoint endpoint_of(std::uint8_t family, const std::uint8_t (&address)[16], std::uint16_t port);

/// A table row from the kernel's row; an Error names what is wrong with the bytes.
[[nodiscard]] core::Result<ConnectionRow> decode_row(std::span<const std::byte> bytes);

}  // namespace uncork::probe
