#include "zino/server/output.hpp"

#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <utility>

namespace uncork::zino {

namespace asio = boost::asio;

Output::Output(Socket socket, const ServerOptions& options, stream::coalescing_limits limits)
    : writes_(options.writes),
      nagle_(options.nagle),
      patience_(options.write_timeout),
      stream_(stream::coalescing_options{.limits = limits}, std::move(socket)) {
  boost::system::error_code ignored;                                              // a client that is gone already
  stream_.next_layer().set_option(asio::socket_base::keep_alive(true), ignored);  // clients idle for hours, or vanish
  apply_nagle();
}

void Output::apply_nagle() {
  boost::system::error_code ignored;  // a client that is gone already
  stream_.next_layer().set_option(asio::ip::tcp::no_delay(!nagle_), ignored);
}

asio::awaitable<void> Output::write(std::string bytes) {
  if (writes_ == Writes::per_line) {
    sent_lines_ += bytes.size();
    for (const std::string_view line : sends_of(bytes, writes_)) {
      const asio::const_buffer buffer(line.data(), line.size());
      taken_lines_ += co_await asio::async_write(stream_.next_layer(), buffer, asio::use_awaitable);
    }
    co_return;
  }
  const bool first = stream_.sends() == 0;
  if (!stream_.append(std::as_bytes(std::span(bytes)))) {
    const asio::const_buffer buffer(bytes.data(), bytes.size());
    co_await stream_.async_write(buffer, asio::use_awaitable);
  }
  if (first && nagle_) {
    co_await flush();  // the stream turns Nagle off with its first send; this one is meant to have it
    apply_nagle();
  }
}

bool Output::write_now(const std::string& bytes) {
  if (writes_ == Writes::coalesced) return stream_.append(std::as_bytes(std::span(bytes))).has_value();
  boost::system::error_code error;
  stream_.next_layer().non_blocking(true, error);
  for (const std::string_view line : sends_of(bytes, writes_)) {
    const std::size_t count = stream_.next_layer().write_some(asio::const_buffer(line.data(), line.size()), error);
    if (error || count != line.size()) return false;
  }
  return true;
}

asio::awaitable<void> Output::flush() {
  if (writes_ == Writes::coalesced) co_await stream_.async_flush(asio::use_awaitable);
}

bool Output::stalled(core::Time now) {
  const std::uint64_t accepted = stream_.accepted() + sent_lines_;
  const std::uint64_t taken = stream_.written() + taken_lines_;
  if (accepted == taken || taken != progress_ || !waiting_) {
    waiting_ = accepted != taken;
    progress_ = taken;
    progress_at_ = now;
    return false;
  }
  return now - progress_at_ > patience_;
}

void Output::close() {
  boost::system::error_code ignored;
  stream_.next_layer().close(ignored);
}

}  // namespace uncork::zino
