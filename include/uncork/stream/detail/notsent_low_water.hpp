#pragma once
// TCP_NOTSENT_LOWAT for Asio.

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cstddef>

namespace uncork::stream::detail {

/// The option as Asio takes it (SettableSocketOption).
class notsent_low_water {
 public:
  explicit notsent_low_water(int bytes) : bytes_(bytes) {}
  template <typename Protocol>
  [[nodiscard]] int level(const Protocol& /*any*/) const noexcept {
    return IPPROTO_TCP;
  }
  template <typename Protocol>
  [[nodiscard]] int name(const Protocol& /*any*/) const noexcept {
    return TCP_NOTSENT_LOWAT;
  }
  template <typename Protocol>
  [[nodiscard]] const int* data(const Protocol& /*any*/) const noexcept {
    return &bytes_;
  }
  template <typename Protocol>
  [[nodiscard]] std::size_t size(const Protocol& /*any*/) const noexcept {
    return sizeof bytes_;
  }

 private:
  int bytes_;
};

}  // namespace uncork::stream::detail
