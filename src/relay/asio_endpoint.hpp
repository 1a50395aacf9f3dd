#pragma once
// Addresses as Asio has them.

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>

#include "core/endpoint.hpp"

namespace uncork::relay {

inline boost::asio::ip::tcp::endpoint to_asio(const core::Endpoint& from) {
  if (from.family == core::Endpoint::Family::v6) {
    return {boost::asio::ip::address_v6(from.bytes), from.port};
  }
  boost::asio::ip::address_v4::bytes_type bytes{};
  std::copy_n(from.bytes.begin(), bytes.size(), bytes.begin());
  return {boost::asio::ip::address_v4(bytes), from.port};
}

inline core::Endpoint from_asio(const boost::asio::ip::tcp::endpoint& from) {
  core::Endpoint to;
  to.port = from.port();
  if (from.address().is_v6()) {
    to.family = core::Endpoint::Family::v6;
    std::ranges::copy(from.address().to_v6().to_bytes(), to.bytes.begin());
  } else {
    std::ranges::copy(from.address().to_v4().to_bytes(), to.bytes.begin());
  }
  return to;
}

}  // namespace uncork::relay
