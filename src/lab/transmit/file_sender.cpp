#include "lab/transmit/file_sender.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <optional>
#include <span>
#include <utility>

#include "core/count.hpp"
#include "core/syscall.hpp"
#include "uncork/stream/tcp_progress.hpp"
#include "uncork/stream/transmit_file.hpp"

namespace uncork::lab {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kFirstLook = std::chrono::microseconds(100);
constexpr auto kSlowestLook = std::chrono::microseconds(10'000);

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

/// One connection's transmission, callback by callback; on one thread, in run().
class Sending {
 public:
  Sending(const SendOptions& options, core::Fd socket, std::function<void(std::uint64_t, std::uint64_t)> on_progress)
      : options_(options),
        socket_(context_, options.to.family == core::Endpoint::Family::v4 ? tcp::v4() : tcp::v6(), socket.release()),
        on_progress_(std::move(on_progress)) {}

  core::Result<SendSummary> run(int file) {
    signals_.async_wait([this](error_code error, int) {
      if (!error) interrupt();
    });
    stream::transmit_options transmit;
    transmit.head = bytes_of(options_.head);
    transmit.tail = bytes_of(options_.tail);
    transmit.progress = [this](const stream::transmit_result& now) { on_progress_(now.sent, now.expected); };
    begun_ = core::MonotonicClock::now();
    stream::async_transmit_file(
        socket_, file, transmit,
        asio::bind_cancellation_slot(cancel_.slot(),
                                     [this](error_code error, stream::transmit_result result) { transmitted(error, result); }));
    context_.run();
    summary_.took = core::MonotonicClock::now() - begun_;
    if (failed_ && !summary_.interrupted) return core::fail(error());
    const auto segments = read_segments(socket_.native_handle());
    if (!segments) return core::fail(segments.error());
    summary_.segments = *segments;
    return summary_;
  }

 private:
  void interrupt() {
    summary_.interrupted = true;
    cancel_.emit(asio::cancellation_type::terminal);
    timer_.cancel();
  }

  void transmitted(error_code error, stream::transmit_result result) {
    summary_.sent = result.sent;
    summary_.expected = result.expected;
    failed_ = error;
    if (error) return end();
    error_code ignored;  // gone already: acknowledged() finds out
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    acknowledged();
  }

  void acknowledged() {
    const auto progress = stream::read_tcp_progress(socket_.native_handle());
    if (!progress || progress->unacknowledged == 0 || summary_.interrupted) return end();
    if (progress->closed) {
      failed_ = asio::error::connection_reset;
      return end();
    }
    look_after_ = std::min(look_after_ * 2, kSlowestLook);
    timer_.expires_after(look_after_);
    timer_.async_wait([this](error_code) { acknowledged(); });
  }

  void end() { signals_.cancel(); }

  [[nodiscard]] core::Error error() const {
    const std::string how_far = fmt::format("send {} to {}: after {} of {}", options_.file, core::to_string(options_.to),
                                            summary_.sent, core::count_of(summary_.expected, "byte"));
    if (failed_.category() == boost::system::system_category()) return core::system_error(how_far, failed_.value());
    return {core::ErrorCode::system, 0, how_far + ": " + failed_.message()};
  }

  const SendOptions& options_;
  asio::io_context context_{1};
  asio::basic_stream_socket<tcp, asio::io_context::executor_type> socket_;
  std::function<void(std::uint64_t, std::uint64_t)> on_progress_;
  asio::signal_set signals_{context_, SIGINT, SIGTERM};
  asio::steady_timer timer_{context_};
  std::chrono::microseconds look_after_ = kFirstLook;
  asio::cancellation_signal cancel_;
  core::Time begun_{};
  error_code failed_;
  SendSummary summary_;
};

}  // namespace

std::uint64_t SendSummary::minimum_segments() const { return stream::minimum_segments(sent, segments.mss); }

core::Result<SendSummary> send_file(const SendOptions& options,
                                    const std::function<void(std::uint64_t, std::uint64_t)>& on_progress) {
  std::optional<core::Fd> opened;
  if (options.file != "-") {
    auto file = core::open_file(options.file, O_RDONLY | O_CLOEXEC);
    if (!file) return core::fail(file.error());
    opened = std::move(*file);
  }
  auto socket = core::tcp_connect(options.to);
  if (!socket) return core::fail(socket.error());
  Sending sending(options, std::move(*socket), on_progress);
  return sending.run(opened ? opened->get() : STDIN_FILENO);
}

}  // namespace uncork::lab
