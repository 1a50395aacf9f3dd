#pragma once
// The outlet to a Unix or UDP datagram socket.

#include <cstddef>
#include <vector>

#include "core/fd.hpp"
#include "sink/outlet/dialer.hpp"
#include "sink/outlet/outlet.hpp"

namespace uncork::sink {

/// Sends each parcel as one datagram, or cut between rows as several, which are whole envelopes again. Refused are parcels that
/// cannot be cut to fit. Delivered means here that the kernel has sent it: datagrams have no acknowledgement. A receiver on this
/// machine that is not there is noticed, and the parcel comes again.
class DatagramOutlet final : public Outlet {
 public:
  /// What a UDP datagram carries over IPv4; for Unix datagrams too, since receivers have buffers for so many.
  static constexpr std::size_t kMost = 65'507;

  explicit DatagramOutlet(Destination destination, std::size_t most = kMost) : dialer_(std::move(destination)), most_(most) {}

  [[nodiscard]] Delivery deliver(const Parcel& parcel, core::Time deadline) override;
  void forget() override { parts_.clear(); }
  [[nodiscard]] std::size_t most_bytes() const override { return most_; }

 private:
  [[nodiscard]] Delivery send_parts(core::Time deadline);
  [[nodiscard]] Delivery failed(const core::Error& error);

  Dialer dialer_;
  std::size_t most_;
  core::Fd socket_;
  std::vector<Parcel> parts_;  // of the parcel that deliver() is in the middle of
  std::size_t sent_ = 0;       // parts
};

}  // namespace uncork::sink
