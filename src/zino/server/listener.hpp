#pragma once
// Listening sockets of the server and of the front.

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <string>

#include "core/endpoint.hpp"
#include "core/result.hpp"

namespace uncork::zino {

using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

/// Accepts on a numeric address, IPv6 without IPv4; port 0: the kernel chooses. The error names the address.
[[nodiscard]] core::Result<Acceptor> listen_on(boost::asio::io_context& loop, const std::string& address, std::uint16_t port);

[[nodiscard]] core::Endpoint endpoint_of(const Acceptor& acceptor);

/// As many descriptors as the system lets us have.
void raise_descriptor_limit();

}  // namespace uncork::zino
