#include "lab/heartbeat/heartbeat_peer.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <random>
#include <utility>

#include "core/syscall.hpp"
#include "uncork/stream/heartbeat_stream.hpp"

namespace uncork::lab {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Socket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;
using Stream = stream::heartbeat_stream<Socket>;

std::uint32_t number_of(const stream::frame& frame) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4 && i < frame.payload.size(); ++i) {
    number = number << 8U | std::to_integer<std::uint32_t>(frame.payload[i]);
  }
  return number;
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

/// Reads and pauses, and sends data, until the stream ends: then the context stops. Stays where it is.
class Peer {
 public:
  Peer(asio::io_context& context, const HeartbeatPeerOptions& options, Stream stream)
      : context_(context),
        options_(options),
        stream_(std::move(stream)),
        pause_(context),
        data_due_(context),
        generator_(options.seed),
        draw_(0, std::chrono::duration<double, std::milli>(options.pause).count()) {}

  void begin() {
    stream_.start();
    if (options_.reads == Reads::slowly) read();
    data_due_.expires_at(std::chrono::steady_clock::now());
    if (options_.data.count() > 0) send_when_due();
  }
  [[nodiscard]] const CheckedFrames& checked() const { return checked_; }

 private:
  void read() {
    stream_.async_read_frame([this](error_code error, const stream::frame& frame) {
      if (error) return context_.stop();  // the client has gone, as it must some time
      if (frame.payload.size() != kNumberedBytes || number_of(frame) != checked_.frames) ++checked_.out_of_order;
      ++checked_.frames;
      pause_.expires_after(std::chrono::milliseconds(static_cast<std::int64_t>(std::max(0.0, draw_(generator_)))));
      pause_.async_wait([this](error_code) { read(); });
    });
  }

  void send_when_due() {
    data_due_.expires_at(data_due_.expiry() + options_.data);
    data_due_.async_wait([this](error_code) {
      stream_.async_write_frame(stream::frame_type{24}, asio::buffer(data_), [this](error_code error) {
        if (error) return context_.stop();
        send_when_due();
      });
    });
  }

  asio::io_context& context_;
  const HeartbeatPeerOptions& options_;
  Stream stream_;
  asio::steady_timer pause_;
  asio::steady_timer data_due_;
  std::mt19937 generator_;
  std::normal_distribution<double> draw_;
  std::array<char, 4> data_ = {'d', 'a', 't', 'a'};
  CheckedFrames checked_;
};

}  // namespace

core::Result<CheckedFrames> run_heartbeat_peer(const HeartbeatPeerOptions& options,
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
  Peer peer(context, options, Stream(stream_options(options), context.get_executor(), family, accepted->release()));
  peer.begin();
  context.run();
  return peer.checked();
}

}  // namespace uncork::lab
