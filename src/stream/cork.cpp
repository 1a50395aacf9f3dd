#include "uncork/stream/detail/cork.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>

namespace uncork::stream::detail {

cork_guard::cork_guard(const transmit_system& system, int socket, bool before) noexcept : system_(system), socket_(socket) {
  if (before) return;
  error_ = set(1);
  holding_ = !error_;
}

cork_guard::~cork_guard() {
  if (holding_) error_ = set(0);  // nobody is left to be told
}

boost::system::error_code cork_guard::put_back() noexcept {
  if (!holding_) return {};
  const auto error = set(0);
  holding_ = error.failed();
  return error;
}

boost::system::error_code cork_guard::set(int value) noexcept {
  if (system_.setsockopt(socket_, IPPROTO_TCP, TCP_CORK, &value, sizeof value) == 0) return {};
  return {errno, boost::system::system_category()};
}

}  // namespace uncork::stream::detail
