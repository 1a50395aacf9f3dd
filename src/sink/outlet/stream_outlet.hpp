#pragma once
// The outlet to a Unix or TCP stream.

#include <cstddef>
#include <deque>
#include <string>

#include "core/fd.hpp"
#include "sink/outlet/dialer.hpp"
#include "sink/outlet/outlet.hpp"

namespace uncork::sink {

/// Writes parcels one after the other to a connection, and connects again when that has broken. A parcel that was begun on a
/// broken connection begins again on the next one, and so do those before it that the peer's kernel has not acknowledged (TCP) or
/// the peer has not read (Unix): a peer may see a parcel twice, none is missing that could be known to be. What a TCP peer's
/// kernel has taken and its program had not read when it died is beyond knowing; HTTP has an answer for that.
///
/// The peer is not expected to say anything: what it says is thrown away, and when it ends its side the connection is over.
class StreamOutlet final : public Outlet {
 public:
  explicit StreamOutlet(Destination destination) : dialer_(std::move(destination)) {}

  [[nodiscard]] Delivery deliver(const Parcel& parcel, core::Time deadline) override;
  void forget() override;
  /// Waits until the peer has everything.
  [[nodiscard]] core::Status flush(core::Time deadline) override;

  /// Bytes that will be sent again, should the connection break now.
  [[nodiscard]] std::size_t unconfirmed_bytes() const;

 private:
  enum class Step : std::uint8_t { done, deadline };
  [[nodiscard]] core::Result<Step> catch_up(core::Time deadline);
  [[nodiscard]] core::Result<Step> write(const std::string& bytes, core::Time deadline);
  [[nodiscard]] core::Status check_peer();
  [[nodiscard]] core::Result<Step> wait_for_room(core::Time deadline);
  void drop_confirmed();
  void disconnect();

  Dialer dialer_;
  core::Fd socket_;
  std::deque<std::string> unconfirmed_;  // in the order in which they were delivered
  std::size_t next_ = 0;                 // the first of them that this connection has not been given
  std::size_t offset_ = 0;               // what it has been given of the one that is being written
};

}  // namespace uncork::sink
