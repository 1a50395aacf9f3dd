#include "zino/front/link.hpp"

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>
#include <utility>

namespace uncork::zino {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kMostWaiting = 1024 * 1024;

void make_prompt(LinkSocket& socket) {
  boost::system::error_code ignored;  // a peer that is gone already
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket.set_option(asio::socket_base::keep_alive(true), ignored);  // clients idle for hours, or vanish
  socket.non_blocking(true, ignored);                               // for the reads that follow a wait
}

}  // namespace

LinkEnd::LinkEnd(LinkSocket socket, std::vector<char>& scratch)
    : socket_(std::move(socket)),
      scratch_(scratch),
      changed_(socket_.get_executor(), std::chrono::steady_clock::time_point::max()) {
  make_prompt(socket_);
}

void LinkEnd::send(const std::string& bytes) {
  if (bytes.empty() || failed_) return;
  waiting_ += bytes;
  if (writing_.empty()) write();
}

void LinkEnd::write() {
  writing_ = std::exchange(waiting_, {});
  asio::async_write(socket_, asio::buffer(writing_),
                    [self = shared_from_this()](const boost::system::error_code& error, std::size_t /*count*/) {
                      self->writing_ = {};
                      self->failed_ = error;
                      if (!error && !self->waiting_.empty()) self->write();
                      self->changed_.cancel();
                    });
}

asio::awaitable<void> LinkEnd::wait_for_room() {
  boost::system::error_code cancelled;
  while (!failed_ && waiting_.size() + writing_.size() > kMostWaiting) {
    co_await changed_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }
  if (failed_) throw boost::system::system_error(failed_);
}

asio::awaitable<void> LinkEnd::wait_for_empty() {
  boost::system::error_code cancelled;
  while (!failed_ && !(waiting_.empty() && writing_.empty())) {
    co_await changed_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }
}

asio::awaitable<std::string_view> LinkEnd::read() {
  for (;;) {
    co_await socket_.async_wait(LinkSocket::wait_read, asio::use_awaitable);
    boost::system::error_code error;
    const std::size_t count = socket_.read_some(asio::buffer(scratch_), error);
    if (error == asio::error::would_block) continue;
    if (error && error != asio::error::eof) throw boost::system::system_error(error);
    co_return std::string_view(scratch_.data(), count);
  }
}

void LinkEnd::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
  if (!failed_) failed_ = asio::error::operation_aborted;
  changed_.cancel();
}

asio::awaitable<LinkSocket> connect_to_server(asio::io_context& loop, const FrontOptions& options, std::uint16_t port) {
  // Closing what is waited for is how Asio gives up.
  const auto resolver = std::make_shared<asio::ip::tcp::resolver>(loop);
  const auto socket = std::make_shared<LinkSocket>(loop.get_executor());
  asio::steady_timer limit(loop, options.connect_timeout);
  limit.async_wait([resolver, socket](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    resolver->cancel();
    boost::system::error_code ignored;
    socket->close(ignored);
  });
  const auto found = co_await resolver->async_resolve(options.host, std::to_string(port), asio::use_awaitable);
  co_await asio::async_connect(*socket, found, asio::use_awaitable);
  limit.cancel();
  co_return std::move(*socket);
}

}  // namespace uncork::zino
