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

/// Turns streamed kernel records into events. It remembers each socket's sequence numbers, so records must come in the
/// order of the ring. Not thread-safe.
class RecordDecoder {
 public:
  /// The events of one record, in order of their time. An Error names what is wrong with the bytes; the state is then as before.
  [[nodiscard]] core::Result<std::vector<SocketEvent>> decode(std::span<const std::byte> bytes);

 private:
  struct Socket {
    std::uint32_t write_seq = 0;
    std::uint32_t snd_nxt = 0;
    std::uint32_t acked = 0;
    bool fresh = false;         // nothing but its opening was told
    std::uint64_t last_us = 0;  // of the last event told
    stall::SenderState state;   // as told last
  };

  static void tell_what_was(Socket& socket, const uncork_record& record, std::vector<SocketEvent>& events);
  static void tell_what_happened(Socket& socket, const uncork_record& record, std::uint64_t now,
                                 std::vector<SocketEvent>& events);

  std::unordered_map<std::uint64_t, Socket> sockets_;
};

/// A table row from the kernel's row; an Error names what is wrong with the bytes.
[[nodiscard]] core::Result<ConnectionRow> decode_row(std::span<const std::byte> bytes);

}  // namespace uncork::probe
