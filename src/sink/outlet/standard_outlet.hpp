#pragma once
// The outlet to standard output or error.

#include <cstddef>
#include <string>

#include "sink/outlet/outlet.hpp"

namespace uncork::sink {

/// Writes parcels as they are. A reader that does not read holds up nobody beyond the deadline: bytes are written while there is
/// room for them, and the descriptor stays blocking, since other programs share it. A reader that has gone is not_now.
class StandardOutlet final : public Outlet {
 public:
  /// `descriptor` stays the caller's; `name` is what messages call it.
  StandardOutlet(int descriptor, std::string name) : descriptor_(descriptor), name_(std::move(name)) {}

  [[nodiscard]] Delivery deliver(const Parcel& parcel, core::Time deadline) override;
  void forget() override { written_ = 0; }

 private:
  int descriptor_;
  std::string name_;
  std::size_t written_ = 0;  // of the parcel that deliver() is in the middle of
};

}  // namespace uncork::sink
