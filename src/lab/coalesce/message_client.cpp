#include "lab/coalesce/message_client.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/syscall.hpp"

namespace uncork::lab {

namespace asio = boost::asio;

struct MessageClient::Connection {
  using Socket = asio::ip::tcp::socket;

  Connection(asio::ip::tcp family, int connected) : plain(context, family, connected) {}

  void start_tls(boost::system::error_code& error) {
    tls.emplace(std::move(plain), tls_context);
    tls->handshake(asio::ssl::stream_base::client, error);
  }
  [[nodiscard]] const Socket& socket() const { return tls ? tls->next_layer() : plain; }

  asio::io_context context;  // nothing runs on it: every call here blocks
  asio::ssl::context tls_context{asio::ssl::context::tls_client};
  Socket plain;
  std::optional<asio::ssl::stream<Socket>> tls;
  std::vector<char> received = std::vector<char>(1 << 16);
};

namespace {

core::Error error_of(const char* attempt, const boost::system::error_code& error) {
  return {core::ErrorCode::refused, 0, std::string(attempt) + ": " + error.message()};
}

template <typename Stream>
boost::system::error_code exchange(Stream& stream, std::uint32_t messages, std::vector<char>& into) {
  boost::system::error_code error;
  const std::array<std::uint8_t, 4> request = {static_cast<std::uint8_t>(messages >> 24),
                                               static_cast<std::uint8_t>(messages >> 16),
                                               static_cast<std::uint8_t>(messages >> 8), static_cast<std::uint8_t>(messages)};
  asio::write(stream, asio::buffer(request), error);
  for (std::size_t left = messages * kMessageBytes; left > 0 && !error;) {
    left -= stream.read_some(asio::buffer(into.data(), std::min(left, into.size())), error);
  }
  return error;
}

}  // namespace

MessageClient::MessageClient(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
MessageClient::MessageClient(MessageClient&&) noexcept = default;
MessageClient& MessageClient::operator=(MessageClient&&) noexcept = default;
MessageClient::~MessageClient() = default;

core::Result<MessageClient> MessageClient::connect(const core::Endpoint& server, Transport transport) {
  auto fd = core::tcp_connect(server);
  if (!fd) return core::fail(fd.error());
  if (auto set = core::set_option(*fd, IPPROTO_TCP, TCP_NODELAY, 1); !set) return core::fail(set.error());
  const auto family = server.family == core::Endpoint::Family::v4 ? asio::ip::tcp::v4() : asio::ip::tcp::v6();
  auto connection = std::make_unique<Connection>(family, fd->release());
  if (transport == Transport::tls) {
    boost::system::error_code error;
    connection->start_tls(error);
    if (error) return core::fail(error_of("TLS handshake", error));
  }
  return MessageClient(std::move(connection));
}

core::Result<core::Micros> MessageClient::request(std::uint32_t messages) {
  const core::Time begin = core::MonotonicClock::now();
  const auto error = connection_->tls ? exchange(*connection_->tls, messages, connection_->received)
                                      : exchange(connection_->plain, messages, connection_->received);
  if (error) return core::fail(error_of("read the messages", error));
  return core::MonotonicClock::now() - begin;
}

std::uint16_t MessageClient::local_port() const { return connection_->socket().local_endpoint().port(); }

}  // namespace uncork::lab
