#pragma once
// A socket of a dump, or of a close event, as a row.

#include <cstdint>
#include <span>

#include "core/result.hpp"
#include "probe/diag/attributes.hpp"
#include "probe/diag/kernel_version.hpp"
#include "probe/diag/netlink.hpp"
#include "record/row.hpp"

namespace uncork::probe {

/// What kind of socket a row came from; only a full one has tcp_info, an owner and queues.
enum class SocketKind : std::uint8_t { other_family, full, time_wait, request };

/// Reads the sockets that the kernel tells of. Sans-I/O; any bytes, any alignment. Keeps texts in the Texts it was given.
class RowDecoder {
 public:
  /// `kernel`: who wrote the bytes; where it is not known, what depends on it is kept unread (tcp_info_tail).
  RowDecoder(Attributes attributes, KernelVersion kernel, record::Texts& texts)
      : attributes_(attributes), kernel_(kernel), texts_(&texts) {}

  /// Writes what the message (an inet_diag_msg and its attributes, at least that long) says over what is in `into`. Attributes
  /// that were not selected are passed over; those that nobody here knows are counted in the row. An error names the byte, and
  /// leaves half a row.
  [[nodiscard]] core::Result<SocketKind> decode(const NetlinkMessage& message, record::Row& into);

 private:
  struct Found;
  void read_attribute(unsigned type, std::span<const std::byte> value, record::Row& into, Found& found);
  void read_congestion_name(std::span<const std::byte> value, record::Row& into);
  void read_congestion_state(std::span<const std::byte> value, unsigned type, record::Row& into) const;

  Attributes attributes_;
  KernelVersion kernel_;
  record::Texts* texts_;
  record::Text last_congestion_;  // most sockets have the same
};

}  // namespace uncork::probe
