#include "lab/coalesce/message_server.hpp"

#include <sys/socket.h>

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>

#include "core/syscall.hpp"
#include "lab/flagged_socket.hpp"
#include "lab/tls_contexts.hpp"
#include "uncork/stream/coalescing_stream.hpp"

namespace uncork::lab {
namespace {

namespace asio = boost::asio;

using Tls = asio::ssl::stream<FlaggedSocket>;

// What the next send carries, where a stream can tell its socket.
void set_flags(FlaggedSocket& socket, int flags) { socket.set_flags(flags); }
void set_flags(Tls& stream, int flags) { stream.next_layer().set_flags(flags); }
template <typename Stream>
void set_flags(stream::coalescing_stream<Stream>& /*stream*/, int /*flags*/) {}

/// The server proper: the same for every stream. Ends with an exception when the client goes.
template <typename Stream>
asio::awaitable<void> serve(Stream& stream, MessageWrites writes) {
  const std::string message(kMessageBytes, 'm');
  std::array<std::uint8_t, 4> request{};
  for (;;) {
    co_await asio::async_read(stream, asio::buffer(request), asio::use_awaitable);
    std::uint32_t left = 0;
    for (const std::uint8_t byte : request) left = left << 8 | byte;
    for (; left > 0; --left) {
      set_flags(stream, writes == MessageWrites::msg_more && left > 1 ? MSG_MORE : 0);
      co_await asio::async_write(stream, asio::buffer(message), asio::use_awaitable);
    }
  }
}

asio::awaitable<void> serve_connection(TcpSocket socket, MessageServerOptions options, TlsContexts& contexts) {
  const bool coalesced = options.writes == MessageWrites::coalesced;
  socket.set_option(asio::ip::tcp::no_delay(options.writes != MessageWrites::nagle));
  FlaggedSocket plain(std::move(socket));
  if (options.transport == Transport::tcp) {
    if (!coalesced) co_return co_await serve(plain, options.writes);
    stream::coalescing_stream<FlaggedSocket> gathering(std::move(plain));
    co_return co_await serve(gathering, options.writes);
  }
  Tls tls(std::move(plain), contexts.server);
  co_await tls.async_handshake(asio::ssl::stream_base::server, asio::use_awaitable);
  if (!coalesced) co_return co_await serve(tls, options.writes);
  stream::coalescing_stream<Tls> gathering(std::move(tls));
  co_await serve(gathering, options.writes);
}

}  // namespace

core::Status run_message_server(const MessageServerOptions& options,
                                const std::function<void(const core::Endpoint&)>& on_listening) {
  const auto listener = core::tcp_listen(options.listen);
  if (!listener) return core::fail(listener.error());
  const auto at = core::local_endpoint(*listener);
  if (!at) return core::fail(at.error());
  TlsContexts contexts;
  on_listening(*at);
  const auto family = at->family == core::Endpoint::Family::v4 ? asio::ip::tcp::v4() : asio::ip::tcp::v6();
  for (;;) {
    auto accepted = core::tcp_accept(*listener);
    if (!accepted) return core::fail(accepted.error());
    asio::io_context context(1);
    asio::co_spawn(context, serve_connection(TcpSocket(context.get_executor(), family, accepted->release()), options, contexts),
                   [](const std::exception_ptr&) {});  // the client went away: the next one may come
    context.run();
  }
}

}  // namespace uncork::lab
