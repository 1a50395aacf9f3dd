#pragma once
// Addresses as Asio has them, and as the rest of this program does.

#include <boost/asio/ip/tcp.hpp>

#include "core/endpoint.hpp"

namespace uncork::web {

[[nodiscard]] boost::asio::ip::tcp::endpoint to_asio(const core::Endpoint& at);
[[nodiscard]] core::Endpoint from_asio(const boost::asio::ip::tcp::endpoint& at);

}  // namespace uncork::web
