#include "lab/heartbeat_peer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <random>
#include <utility>

#include "core/syscall.hpp"
#include "uncork/stream/heartbeat_stream.hpp"

namespace uncork::lab {
namespace {

namespace asio = boost::asio;
using Socket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;
using Stream = stream::heartbeat_stream<Socket>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>,
                                         asio::io_context::executor_type>;

struct Checked {
  std::uint64_t frames = 0;
  std::uint64_t out_of_order = 0;
};

std::uint32_t number_of(const stream::frame& frame) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4 && i < frame.payload.size(); ++i) {
    number = number << 8U | std::to_integer<std::uint32_t>(frame.payload[i]);
  }
  return number;
}

/// Ends with an exception when the stream does.
asio::awaitable<void> read_slowly(Stream& stream, core::Micros pause, std::uint32_t seed, Checked& checked) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> draw(0, std::chrono::duration<double, std::milli>(pause).count());
  Timer timer(stream.get_executor());
  for (;;) {
    const stream::frame frame = co_await stream.async_read_frame(asio::use_awaitable);
    if (frame.payload.size() != kNumberedBytes || number_of(frame) != checked.frames) ++checked.out_of_order;
    ++checked.frames;
    const auto sleep = std::chrono::milliseconds(static_cast<std::int64_t>(std::max(0.0, draw(generator))));
    if (sleep.count() == 0) continue;
    timer.expires_after(sleep);
    co_await timer.async_wait(asio::use_awaitable);
  }
}

asio::awaitable<void> send_data(Stream& stream, core::Micros interval) {
  constexpr std::array<char, 4> kData = {'d', 'a', 't', 'a'};
  Timer timer(stream.get_executor());
  auto due = std::chrono::steady_clock::now();
  for (;;) {
    timer.expires_at(due += interval);
    co_await timer.async_wait(asio::use_awaitable);
    co_await stream.async_write_frame(stream::frame_type{24}, asio::buffer(kData), asio::use_awaitable);
  }
}

stream::heartbeat_options stream_options(const HeartbeatPeerOptions& options) {
  stream::heartbeat_options chosen;
  chosen.liveness.interval = options.interval;
  chosen.liveness.silence = options.limit;
  chosen.liveness.no_progress = options.limit;
  chosen.inbox_bound = 1;  // a frame is read when the program asks for one, and no earlier: the kernel keeps the rest
  chosen.read_size = stream::kFrameHeaderSize + kNumberedBytes;
  return chosen;
}

}  // namespace

core::Status run_heartbeat_peer(const HeartbeatPeerOptions& options,
                                const std::function<void(const core::Endpoint&)>& on_listening) {
  const auto listener = core::tcp_listen(options.listen);
  if (!listener) return core::fail(listener.error());
  const auto at = core::local_endpoint(*listener);
  if (!at) return core::fail(at.error());
  asio::io_context context(1);
  asio::signal_set signals(context, SIGTERM);
  signals.async_wait([&context](const boost::system::error_code&, int) { context.stop(); });
  on_listening(*at);
  auto accepted = core::tcp_accept(*listener);
  if (!accepted) return core::fail(accepted.error());
  const auto family = at->family == core::Endpoint::Family::v4 ? asio::ip::tcp::v4() : asio::ip::tcp::v6();
  Stream stream(stream_options(options), context.get_executor(), family, accepted->release());
  stream.start();
  Checked checked;
  const auto ended = [&context](const std::exception_ptr&) { context.stop(); };  // the client has gone, as it must some time
  if (options.reads == Reads::slowly) asio::co_spawn(context, read_slowly(stream, options.pause, options.seed, checked), ended);
  if (options.data.count() > 0) asio::co_spawn(context, send_data(stream, options.data), ended);
  context.run();
  fmt::print("checked {} frames, {} out of order\n", checked.frames, checked.out_of_order);
  std::fflush(stdout);
  return {};
}

}  // namespace uncork::lab
