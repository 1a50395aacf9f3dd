#include "lab/heartbeat/heartbeat.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cmath>
#include <cstdio>
#include <memory>
#include <utility>

#include "core/syscall.hpp"
#include "lab/child.hpp"
#include "lab/heartbeat/heartbeat_judge.hpp"
#include "lab/heartbeat/heartbeat_peer.hpp"
#include "uncork/stream/heartbeat_stream.hpp"

namespace uncork::lab {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Socket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;
using Clock = std::chrono::steady_clock;

/// Between two beginnings: each writer fills its window at full speed, alone. Side by side they would fill them in small
/// segments, which the peer's kernel gives back one by one, and the long waits would come later.
constexpr core::Micros kApart{20'000};
constexpr core::Micros kSlice{50'000};         // of the event loop, between looks at the world
constexpr core::Micros kPollEvery{1'000'000};  // of the source: it tells ended connections once
constexpr int kPeerLimit = 60;                 // times T: the peer's own judgement must not decide anything

core::Error stopped() { return {core::ErrorCode::system, 0, "stopped before the end"}; }

core::Micros scaled(double seconds, double scale) { return core::Micros(std::llround(seconds * scale * 1e6)); }

core::Micros since(Clock::time_point from, Clock::time_point to) { return std::chrono::duration_cast<core::Micros>(to - from); }

std::string text(core::Micros time) { return std::to_string(time.count()) + "us"; }

core::Result<Child> start_peer(const HeartbeatSetup& setup, unsigned seed, const HeartbeatTimes& times) {
  std::vector<std::string> arguments = {"lab",        "heartbeat-peer",     "--listen", "127.0.0.1:0",
                                        "--interval", text(times.interval), "--limit",  text(kPeerLimit * times.silence),
                                        "--pause",    text(times.pause),    "--seed",   std::to_string(seed)};
  if (setup.peer == PeerKind::unread) arguments.emplace_back("--never-read");
  if (setup.peer == PeerKind::duplex) {
    arguments.emplace_back("--data");
    arguments.push_back(text(times.data));
  }
  return Child::start(arguments);
}

stream::heartbeat_options stream_options(const HeartbeatSetup& setup, const HeartbeatTimes& times) {
  stream::heartbeat_options options;
  options.liveness = {setup.policy, times.silence, times.no_progress, times.interval};
  return options;
}

/// One run of one cell: writes frame after frame until the connection fails or the run is over. Stays where it is.
class Run {
 public:
  Run(asio::io_context& context, const HeartbeatSetup& setup, unsigned seed, const HeartbeatTimes& times, Child peer)
      : times_(times), peer_(std::move(peer)), stream_(stream_options(setup, times), context.get_executor()), timer_(context) {
    row_.setup = setup;
    row_.seed = seed;
    payload_.fill('p');
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  ~Run() { wake(); }

  core::Status begin() {
    auto socket = core::tcp_connect(peer_.listening());
    if (!socket) return core::fail(socket.error());
    const auto local = core::local_endpoint(*socket);
    if (!local) return core::fail(local.error());
    port_ = local->port;
    stream_.next_layer().assign(asio::ip::tcp::v4(), socket->release());
    begun_ = Clock::now();
    stream_.start();
    stream_.next_layer().set_option(asio::ip::tcp::no_delay(false));  // small frames join into large segments, come what may
    wait_for_end();
    write_next();
    read_next();
    return {};
  }

  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  void charge(const stall::Budget& budget) {
    row_.receive_window = budget[stall::Cause::receive_window];
    const core::Micros busy = budget.busy();
    row_.receive_window_share = busy.count() == 0 ? 0 : core::to_ms(*row_.receive_window) / core::to_ms(busy);
  }

  /// After the end: asks the peer what it has read.
  HeartbeatRow result() {
    wake();
    const std::string said = peer_.finish();
    unsigned long long frames = 0;
    unsigned long long out_of_order = 0;
    if (std::sscanf(said.c_str(), "checked %llu frames, %llu out of order", &frames, &out_of_order) == 2) {
      row_.frames_checked = frames;
      row_.frames_out_of_order = out_of_order;
    }
    return std::move(row_);
  }

 private:
  void write_next() {
    for (std::size_t i = 0; i < 4; ++i) payload_[i] = static_cast<char>(row_.frames_sent >> (24U - 8U * i));
    stream_.async_write_frame(stream::frame_type{23}, asio::buffer(payload_), [this](error_code error) {
      if (error) return end(error);
      ++row_.frames_sent;
      if (!ended_) write_next();
    });
  }

  void read_next() {
    stream_.async_read_frame([this](error_code error, const stream::frame&) {
      if (error) return end(error);
      if (!ended_) read_next();
    });
  }

  void wait_for_end() {
    if (row_.setup.peer == PeerKind::stopped && !stopped_at_) {
      return when(begun_ + times_.stop_at, [this] {
        ::kill(peer_.pid(), SIGSTOP);
        stopped_at_ = Clock::now();
        wait_for_end();
      });
    }
    // The unread one ends by itself, after L; whatever it does, it must not hold the lab for ever.
    const auto limit = row_.setup.peer == PeerKind::unread ? times_.no_progress + 2 * times_.silence : times_.run;
    when(begun_ + limit, [this] { end({}); });
  }

  template <typename Then>
  void when(Clock::time_point time, Then then) {
    timer_.expires_at(time);
    timer_.async_wait([then](error_code cancelled) {
      if (!cancelled) then();
    });
  }

  /// The first end is the result; what the closed stream still says is not.
  void end(error_code error) {
    if (std::exchange(ended_, true)) return;
    const auto now = Clock::now();
    const auto stats = stream_.stats();
    row_.ran = since(begun_, now);
    row_.error = error;
    row_.expired = stats.expired;
    row_.longest_gap = std::chrono::duration_cast<core::Micros>(stats.longest_write_wait);
    if (error && stopped_at_) row_.after_stop = since(*stopped_at_, now);
    if (error) row_.since_progress = since(stats.last_progress, now);
    row_.heartbeats_received = stats.heartbeats_received;
    row_.frames_received = stats.frames_received;
    timer_.cancel();
    error_code ignored;  // the peer finds out, and ends as well
    stream_.next_layer().close(ignored);
  }

  /// A stopped peer cannot end either.
  void wake() {
    if (std::exchange(stopped_at_, std::nullopt)) ::kill(peer_.pid(), SIGCONT);
  }

  const HeartbeatTimes& times_;
  Child peer_;
  stream::heartbeat_stream<Socket> stream_;
  asio::steady_timer timer_;
  std::array<char, kNumberedBytes> payload_{};
  HeartbeatRow row_;
  std::uint16_t port_ = 0;
  Clock::time_point begun_;
  std::optional<Clock::time_point> stopped_at_;
  bool ended_ = false;
};

using Runs = std::vector<std::unique_ptr<Run>>;

/// All peers first, so that the runs begin close together.
core::Result<Runs> set_up(asio::io_context& context, const HeartbeatOptions& options, const HeartbeatTimes& times) {
  Runs runs;
  for (const HeartbeatSetup& setup : heartbeat_setups()) {
    for (unsigned seed = 1; seed <= options.seeds; ++seed) {
      auto peer = start_peer(setup, seed, times);
      if (!peer) return core::fail(peer.error());
      runs.push_back(std::make_unique<Run>(context, setup, seed, times, std::move(*peer)));
    }
  }
  for (const auto& run : runs) {
    if (auto begun = run->begin(); !begun) return core::fail(begun.error());
    context.restart();
    context.run_for(kApart);
  }
  return runs;
}

core::Status ask(probe::Source& source, const Runs& runs) {
  const auto rows = source.poll();
  if (!rows) return core::fail(rows.error());
  for (const probe::ConnectionRow& row : *rows) {
    if (row.where.process.pid != ::getpid()) continue;
    const auto run = std::ranges::find(runs, row.where.local.port, [](const auto& one) { return one->port(); });
    if (run != runs.end()) (*run)->charge(row.account.budget);
  }
  return {};
}

}  // namespace

HeartbeatTimes::HeartbeatTimes(double scale)
    : interval(scaled(5, scale)),
      silence(scaled(10, scale)),
      no_progress(scaled(120, scale)),
      pause(scaled(0.5, scale)),
      data(scaled(3, scale)),
      run(scaled(120, scale)),
      stop_at(scaled(48, scale)) {}

const std::vector<HeartbeatSetup>& heartbeat_setups() {
  using stream::liveness_policy;
  static const std::vector<HeartbeatSetup> kSetups = {
      {PeerKind::slow, liveness_policy::own_progress}, {PeerKind::slow, liveness_policy::heartbeat},
      {PeerKind::slow, liveness_policy::any_frame},    {PeerKind::duplex, liveness_policy::heartbeat},
      {PeerKind::duplex, liveness_policy::any_frame},  {PeerKind::stopped, liveness_policy::heartbeat},
      {PeerKind::stopped, liveness_policy::any_frame}, {PeerKind::unread, liveness_policy::any_frame}};
  return kSetups;
}

core::Result<HeartbeatResult> run_heartbeat(const HeartbeatOptions& options, probe::Source& source,
                                            const std::function<bool(const HeartbeatProgress&)>& on_progress) {
  HeartbeatResult result{HeartbeatTimes(options.scale), {}, {}};
  asio::io_context context(1);
  const auto runs = set_up(context, options, result.times);
  if (!runs) return core::fail(runs.error());
  const auto begun = Clock::now();
  auto poll_at = begun + kPollEvery;
  for (;;) {
    const auto ended =
        static_cast<std::size_t>(std::ranges::count_if(*runs, &Run::ended, [](const auto& one) -> const Run& { return *one; }));
    const auto now = Clock::now();
    if (!on_progress({since(begun, now), result.times.no_progress, ended, runs->size()})) return core::fail(stopped());
    if (now >= poll_at || ended == runs->size()) {
      if (auto asked = ask(source, *runs); !asked) return core::fail(asked.error());
      poll_at = now + kPollEvery;
    }
    if (ended == runs->size()) break;
    context.restart();
    context.run_for(kSlice);
  }
  for (const auto& run : *runs) result.rows.push_back(run->result());
  result.criteria = judge_heartbeat(result.rows, result.times);
  return result;
}

}  // namespace uncork::lab
