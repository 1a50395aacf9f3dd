#include "lab/transmit/file_server.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <span>
#include <utility>

#include "core/syscall.hpp"
#include "lab/flagged_socket.hpp"
#include "uncork/stream/transmit_file.hpp"

namespace uncork::lab {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kLongestRequest = 8192;

/// Ends with an exception when the client goes.
asio::awaitable<void> serve(TcpSocket socket, int file) {
  std::string request;
  for (;;) {
    auto buffer = asio::dynamic_buffer(request, kLongestRequest);
    const std::size_t end = co_await asio::async_read_until(socket, buffer, "\r\n\r\n", asio::use_awaitable);
    request.erase(0, end);
    struct stat status{};
    if (::fstat(file, &status) != 0) co_return;
    const std::string head =
        fmt::format("HTTP/1.1 200 OK\r\nServer: uncork\r\nContent-Type: application/octet-stream\r\nContent-Length: {}\r\n\r\n",
                    status.st_size);
    stream::transmit_options options;
    options.head = std::as_bytes(std::span(head));
    co_await stream::async_transmit_file(socket, file, options, asio::use_awaitable);
  }
}

}  // namespace

core::Status run_file_server(const FileServerOptions& options, const std::function<void(const core::Endpoint&)>& on_listening) {
  const auto file = core::open_file(options.file, O_RDONLY | O_CLOEXEC);
  if (!file) return core::fail(file.error());
  const auto listener = core::tcp_listen(options.listen);
  if (!listener) return core::fail(listener.error());
  const auto at = core::local_endpoint(*listener);
  if (!at) return core::fail(at.error());
  on_listening(*at);
  const auto family = at->family == core::Endpoint::Family::v4 ? asio::ip::tcp::v4() : asio::ip::tcp::v6();
  for (;;) {
    auto accepted = core::tcp_accept(*listener);
    if (!accepted) return core::fail(accepted.error());
    asio::io_context context(1);
    asio::co_spawn(context, serve(TcpSocket(context.get_executor(), family, accepted->release()), file->get()),
                   [](const std::exception_ptr&) {});  // the client went away: the next one may come
    context.run();
  }
}

}  // namespace uncork::lab
