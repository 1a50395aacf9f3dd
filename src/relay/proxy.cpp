#include "relay/proxy.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio.hpp>
#include <csignal>
#include <cstddef>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "core/syscall.hpp"
#include "relay/asio_endpoint.hpp"
#include "relay/delay_line.hpp"
#include "relay/proxy_log.hpp"

// One thread, one loop, callbacks. A connection is kept alive by the handlers that are outstanding for it; after close() each
// of them finds `closed_` and lets go. Every socket is non-blocking and is only waited for: reads land in one buffer that all
// connections share, so an idle connection costs no buffer.

namespace uncork::relay {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using core::MonotonicClock;
using core::Time;

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr int kWritesPerTurn = 64;  // then other connections have their turn: thousands of chunks may be due at once
constexpr int kBacklog = 4096;      // net.core.somaxconn's default since Linux 5.4
constexpr std::size_t kLogBufferBytes = 64 * 1024;
constexpr auto kLogFlushAfter = std::chrono::milliseconds(100);
constexpr auto kAcceptAgainAfter = std::chrono::milliseconds(100);

enum class Close : bool { orderly, reset };

/// Asio's steady clock is CLOCK_MONOTONIC on Linux, as core's is.
std::chrono::steady_clock::time_point to_steady(Time time) {
  return std::chrono::steady_clock::time_point(time.time_since_epoch());
}

/// After this, closing the socket sends RST: a connection that was cut must not look finished to the other side.
void reset_on_close(tcp::socket& socket) {
  error_code ignored;  // not open, or already reset by the peer: nothing left to say
  socket.set_option(asio::socket_base::linger(true, 0), ignored);
}

/// SO_ERROR, which Asio has no name for; asking clears it.
bool has_failed(tcp::socket& socket) {
  int failure = 0;
  socklen_t size = sizeof failure;
  return ::getsockopt(socket.native_handle(), SOL_SOCKET, SO_ERROR, &failure, &size) != 0 || failure != 0;
}

/// What a person can do about a listener that could not be set up.
core::Error with_advice(core::Error error) {
  if (error.system_errno == EADDRINUSE)
    error.message += "; another program listens there: use another port, or port 0 for a free one";
  if (error.system_errno == EACCES) error.message += "; ports below 1024 need root: use a higher one";
  if (error.system_errno == EADDRNOTAVAIL) error.message += "; no interface of this machine has that address";
  return error;
}

/// One direction of one connection.
struct Pipe {
  Pipe(Direction way, tcp::socket& source, tcp::socket& sink, DelayLine delay_line)
      : direction(way), from(source), to(sink), line(std::move(delay_line)), timer(source.get_executor()) {}

  [[nodiscard]] std::string_view reset_text() const {
    return direction == Direction::c2s ? "reset by the client" : "reset by the server";
  }

  Direction direction;
  tcp::socket& from;
  tcp::socket& to;
  DelayLine line;
  asio::steady_timer timer;       // wakes deliver() for what the line holds
  std::optional<Time> armed_for;  // what `timer` waits for
  std::size_t written = 0;        // of the line's first chunk
  Traffic traffic;
  bool waiting_to_read = false;
  bool waiting_to_write = false;
  bool watched = false;     // for a reset of the source
  bool read_ended = false;  // the source finished or was reset
  bool finished = false;    // the end has been passed on
  bool broken = false;      // the sink takes no more
};

}  // namespace

/// The proxy behind the Proxy: the listener, its connections, the totals and the log.
class Relay {
 public:
  Relay(ProxyOptions options, std::optional<ProxyLog> log)
      : options_(std::move(options)), target_(to_asio(options_.connect)), log_(std::move(log)) {
    if (options_.limit_bytes == 0) options_.limit_bytes = default_limit(options_);
    read_buffer_.resize(std::min(kReadBytes, options_.limit_bytes - DelayLine::kChunkOverhead));
  }

  core::Status listen();
  [[nodiscard]] core::Endpoint listening() const { return listening_; }
  ProxySummary run();
  void stop() {
    asio::post(io_, [this] { end_all(); });
  }

 private:
  class Connection;

  [[nodiscard]] DelayLine make_line(std::uint64_t stream) const;
  void event(std::string_view text) const {
    if (options_.on_event) options_.on_event(text);
  }
  void received(Direction direction, std::size_t bytes, core::Micros since_previous);
  void accept();
  void accept_failed(const error_code& why);
  void flush_log();
  void end_all();

  ProxyOptions options_;
  tcp::endpoint target_;
  std::optional<ProxyLog> log_;
  std::vector<std::byte> read_buffer_;
  core::Endpoint listening_;
  ProxySummary summary_;
  asio::io_context io_{1};
  tcp::acceptor acceptor_{io_};
  asio::steady_timer accept_again_{io_};
  asio::steady_timer log_flush_{io_};
  asio::signal_set signals_{io_};
  bool log_flush_pending_ = false;
  bool out_of_descriptors_ = false;
  bool ending_ = false;
  std::unordered_map<std::uint64_t, std::shared_ptr<Connection>> connections_;
};

class Relay::Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Relay& relay, tcp::socket client, const core::Endpoint& peer, std::uint64_t id)
      : relay_(relay),
        id_(id),
        peer_(peer),
        client_(std::move(client)),
        server_(client_.get_executor()),
        c2s_(Direction::c2s, client_, server_, relay.make_line(2 * id)),
        s2c_(Direction::s2c, server_, client_, relay.make_line(2 * id + 1)) {}

  void connect();
  void close(Close how, std::string_view why);
  [[nodiscard]] Close end_of_run() const {
    return c2s_.line.waiting_bytes() + s2c_.line.waiting_bytes() > 0 ? Close::reset : Close::orderly;
  }

 private:
  void connected(const error_code& failure);
  void await_readable(Pipe& pipe);
  void watch_for_reset(Pipe& pipe);
  void read(Pipe& pipe);
  void read_end(Pipe& pipe, End end, Time now);
  void deliver(Pipe& pipe);
  void write_first(Pipe& pipe, const DelayLine::Chunk& chunk);
  void await_writable(Pipe& pipe);
  void wake_when_due(Pipe& pipe);
  void finish(Pipe& pipe);
  void break_off(Pipe& pipe);
  Pipe& opposite(const Pipe& pipe) { return &pipe == &c2s_ ? s2c_ : c2s_; }

  Relay& relay_;
  std::uint64_t id_;
  core::Endpoint peer_;
  tcp::socket client_;
  tcp::socket server_;
  Pipe c2s_;
  Pipe s2c_;
  std::optional<Time> last_chunk_;
  bool opened_ = false;
  bool closed_ = false;
};

void Relay::Connection::connect() {
  // The deadline is the kernel's own (net.ipv4.tcp_syn_retries): a proxy should not give up before its client would.
  server_.async_connect(relay_.target_, [self = shared_from_this()](const error_code& failure) {
    if (!self->closed_) self->connected(failure);
  });
}

void Relay::Connection::connected(const error_code& failure) {
  error_code why = failure;
  if (!why && server_.local_endpoint(why) == relay_.target_ && !why) {
    why = asio::error::connection_refused;  // nobody listens there: TCP met itself on the port it had picked (RFC 9293 3.5)
  }
  if (!why) client_.non_blocking(true, why);
  if (!why) server_.non_blocking(true, why);
  if (!why && relay_.options_.nagle == Nagle::off) {
    client_.set_option(tcp::no_delay(true), why);
    if (!why) server_.set_option(tcp::no_delay(true), why);
  }
  if (why) {
    ++relay_.summary_.failed_connects;
    const std::string attempt = "connect " + core::to_string(relay_.options_.connect);
    relay_.event(core::system_error(attempt, why.value()).message + "; closed the client's connection");
    return close(Close::reset, "never opened");
  }
  opened_ = true;
  relay_.event(fmt::format("connection {} from {}: opened", id_, core::to_string(peer_)));
  await_readable(c2s_);
  await_readable(s2c_);
}

/// Without a deadline: an idle connection stays as long as its ends want it to.
void Relay::Connection::await_readable(Pipe& pipe) {
  if (closed_ || pipe.waiting_to_read || pipe.read_ended || pipe.broken) return;
  if (pipe.line.room() < relay_.read_buffer_.size()) return watch_for_reset(pipe);  // write_first() makes room and comes back
  pipe.waiting_to_read = true;
  pipe.from.async_wait(tcp::socket::wait_read, [self = shared_from_this(), &pipe](const error_code&) {
    pipe.waiting_to_read = false;
    if (!self->closed_ && !pipe.broken) self->read(pipe);
  });
}

/// While nothing is read from it, a source may still be reset, and a sink that waits for it must then be told.
void Relay::Connection::watch_for_reset(Pipe& pipe) {
  if (closed_ || std::exchange(pipe.watched, true)) return;
  pipe.from.async_wait(tcp::socket::wait_error, [self = shared_from_this(), &pipe](const error_code&) {
    pipe.watched = false;
    if (self->closed_ || pipe.broken || pipe.waiting_to_read) return;  // a read finds the reset behind the bytes before it
    if (has_failed(pipe.from)) self->read_end(pipe, End::reset, MonotonicClock::now());
  });
}

void Relay::Connection::read(Pipe& pipe) {
  error_code failure;
  auto& buffer = relay_.read_buffer_;
  const std::size_t count = pipe.from.read_some(asio::buffer(buffer), failure);
  const Time now = MonotonicClock::now();
  if (failure == asio::error::would_block) return await_readable(pipe);
  if (failure) {
    // The sink's reset may have been told to our write already; then this read only sees an end.
    const bool reset = failure != asio::error::eof || opposite(pipe).broken;
    return read_end(pipe, reset ? End::reset : End::finished, now);
  }
  relay_.received(pipe.direction, count, last_chunk_ ? now - *last_chunk_ : core::Micros(0));
  last_chunk_ = now;
  ++pipe.traffic.chunks;
  pipe.traffic.bytes += count;
  pipe.line.push(std::span(buffer).first(count), now);
  pipe.traffic.most_waiting_bytes = std::max<std::uint64_t>(pipe.traffic.most_waiting_bytes, pipe.line.waiting_bytes());
  deliver(pipe);
  await_readable(pipe);
}

void Relay::Connection::read_end(Pipe& pipe, End end, Time now) {
  pipe.read_ended = true;
  pipe.line.push_end(end, now);
  deliver(pipe);
  if (end == End::finished) watch_for_reset(pipe);
}

/// Passes on what is due: each chunk as one write, then the end.
void Relay::Connection::deliver(Pipe& pipe) {
  for (int turn = 0; turn < kWritesPerTurn; ++turn) {
    if (closed_ || pipe.broken) return;
    const Time now = MonotonicClock::now();
    const DelayLine::Chunk* chunk = pipe.waiting_to_write ? nullptr : pipe.line.due(now);
    if (chunk != nullptr) {
      write_first(pipe, *chunk);
      continue;
    }
    const auto end = pipe.line.ended(now);
    if (end == End::reset) return close(Close::reset, pipe.reset_text());
    if (end == End::finished) return finish(pipe);
    break;
  }
  wake_when_due(pipe);
}

void Relay::Connection::write_first(Pipe& pipe, const DelayLine::Chunk& chunk) {
  error_code failure;
  const auto left = asio::buffer(chunk.bytes) + pipe.written;
  const std::size_t count = pipe.to.write_some(asio::buffer(left), failure);
  if (failure == asio::error::would_block) return await_writable(pipe);
  if (failure) return break_off(pipe);
  pipe.written += count;
  pipe.traffic.forwarded_bytes += count;
  if (pipe.written < chunk.bytes.size()) return;  // the next turn finds out whether the rest would block
  pipe.written = 0;
  pipe.line.pop();
  await_readable(pipe);
}

/// Without a deadline: a sink may read as slowly as it likes, and its source is held back meanwhile.
void Relay::Connection::await_writable(Pipe& pipe) {
  pipe.waiting_to_write = true;
  pipe.to.async_wait(tcp::socket::wait_write, [self = shared_from_this(), &pipe](const error_code&) {
    pipe.waiting_to_write = false;
    if (!self->closed_) self->deliver(pipe);
  });
}

void Relay::Connection::wake_when_due(Pipe& pipe) {
  const auto due = pipe.waiting_to_write ? pipe.line.reset_due() : pipe.line.next_due();
  if (!due || (pipe.armed_for && *pipe.armed_for <= *due)) return;
  pipe.armed_for = due;
  pipe.timer.expires_at(to_steady(*due));
  pipe.timer.async_wait([self = shared_from_this(), &pipe](const error_code& cancelled) {
    if (cancelled || self->closed_) return;
    pipe.armed_for.reset();
    self->deliver(pipe);
  });
}

void Relay::Connection::finish(Pipe& pipe) {
  pipe.finished = true;
  pipe.line.clear();   // the end has been taken; a reset may still follow
  error_code ignored;  // the sink is gone already: reading from it says so too
  pipe.to.shutdown(tcp::socket::shutdown_send, ignored);
  if (opposite(pipe).finished) close(Close::orderly, "closed");
}

/// The sink refused a write: it is gone. What it sent before that is still read and passed on, if there is room, then its
/// reset.
void Relay::Connection::break_off(Pipe& pipe) {
  pipe.broken = true;
  pipe.line.clear();
  Pipe& other = opposite(pipe);
  if (other.broken) return close(Close::reset, "both ends are gone");
  if (!other.waiting_to_read) read_end(other, End::reset, MonotonicClock::now());
}

void Relay::Connection::close(Close how, std::string_view why) {
  const auto self = shared_from_this();  // erase() drops the relay's share
  closed_ = true;
  if (how == Close::reset) {
    reset_on_close(client_);
    reset_on_close(server_);
  }
  error_code ignored;  // the descriptors are gone whatever close says
  client_.close(ignored);
  server_.close(ignored);
  c2s_.timer.cancel();
  s2c_.timer.cancel();
  if (opened_) {
    relay_.event(
        fmt::format("connection {} from {}: {}; {}", id_, core::to_string(peer_), why, traffic_text(c2s_.traffic, s2c_.traffic)));
  }
  relay_.summary_.c2s += c2s_.traffic;
  relay_.summary_.s2c += s2c_.traffic;
  relay_.connections_.erase(id_);
}

core::Status Relay::listen() {
  auto listener = core::tcp_listen(options_.listen, kBacklog);
  if (!listener) return core::fail(with_advice(listener.error()));
  const auto bound = core::local_endpoint(*listener);
  if (!bound) return core::fail(bound.error());
  listening_ = *bound;
  if (listening_ == options_.connect) {
    return core::fail(core::invalid_argument("--connect " + core::to_string(options_.connect) +
                                             ": that is the proxy's own address; it would connect to itself without end"));
  }
  const bool v6 = listening_.family == core::Endpoint::Family::v6;
  acceptor_.assign(v6 ? tcp::v6() : tcp::v4(), listener->release());
  if (options_.signals == Signals::stop) {
    signals_.add(SIGINT);
    signals_.add(SIGTERM);
    signals_.async_wait([this](const error_code& cancelled, int) {
      if (!cancelled) end_all();
    });
  }
  return {};
}

ProxySummary Relay::run() {
  accept();
  io_.run();
  flush_log();
  return summary_;
}

void Relay::accept() {
  acceptor_.async_accept([this](const error_code& failure, tcp::socket client) {
    if (ending_) return;
    if (failure) return accept_failed(failure);
    out_of_descriptors_ = false;
    error_code gone;
    const tcp::endpoint peer = client.remote_endpoint(gone);
    if (!gone) {  // else it was reset while it waited in the backlog
      const std::uint64_t id = ++summary_.connections;
      auto connection = std::make_shared<Connection>(*this, std::move(client), from_asio(peer), id);
      connections_.emplace(id, connection);
      connection->connect();
    }
    accept();
  });
}

/// The connection stays in the backlog when descriptors or memory have run out: trying again at once would spin.
void Relay::accept_failed(const error_code& why) {
  if (why == asio::error::connection_aborted) return accept();
  if (!std::exchange(out_of_descriptors_, true)) {
    event(core::system_error("accept", why.value()).message +
          "; new connections wait until others end (a higher 'ulimit -n' lets in more)");
  }
  accept_again_.expires_after(kAcceptAgainAfter);
  accept_again_.async_wait([this](const error_code& cancelled) {
    if (!cancelled && !ending_) accept();
  });
}

DelayLine Relay::make_line(std::uint64_t stream) const {
  Jitter jitter;
  if (options_.jitter > core::Micros(0)) jitter = uniform_jitter(options_.jitter, options_.jitter_seed + stream);
  return DelayLine({options_.delay, options_.rate_bytes_per_second, options_.limit_bytes, std::move(jitter)});
}

void Relay::received(Direction direction, std::size_t bytes, core::Micros since_previous) {
  if (!log_) return;
  log_->add(direction, bytes, since_previous);
  if (log_->buffered_bytes() >= kLogBufferBytes) return flush_log();
  if (std::exchange(log_flush_pending_, true)) return;
  log_flush_.expires_after(kLogFlushAfter);
  log_flush_.async_wait([this](const error_code& cancelled) {
    log_flush_pending_ = false;
    if (!cancelled) flush_log();
  });
}

void Relay::flush_log() {
  if (!log_) return;
  if (auto flushed = log_->flush(); !flushed) {
    summary_.log_error = flushed.error();
    log_.reset();
    if (options_.log_path == "-") return asio::post(io_, [this] { end_all(); });  // as every program whose reader has gone
    summary_.log_error->message += "; the log ends here, forwarding goes on";
    event(summary_.log_error->message);
  }
}

/// Bytes that wait are dropped, and their connections reset; the others are closed.
void Relay::end_all() {
  if (std::exchange(ending_, true)) return;
  error_code ignored;
  acceptor_.close(ignored);
  signals_.cancel(ignored);
  accept_again_.cancel();
  log_flush_.cancel();
  const auto connections = connections_;  // close() erases
  for (const auto& [id, connection] : connections) connection->close(connection->end_of_run(), "closed when the proxy ended");
}

core::Result<Proxy> Proxy::start(const ProxyOptions& options) {
  if (auto usable = check(options); !usable) return core::fail(usable.error());
  std::optional<ProxyLog> log;
  if (!options.log_path.empty()) {
    auto opened = ProxyLog::open(options.log_path);
    if (!opened) return core::fail(opened.error());
    log = std::move(*opened);
  }
  try {  // Asio throws when the kernel refuses it an epoll or timer descriptor
    auto relay = std::make_unique<Relay>(options, std::move(log));
    if (auto listens = relay->listen(); !listens) return core::fail(listens.error());
    return Proxy(std::move(relay));
  } catch (const boost::system::system_error& error) {
    return core::fail(core::system_error("start the proxy's event loop", error.code().value()));
  }
}

Proxy::Proxy(std::unique_ptr<Relay> relay) : relay_(std::move(relay)) {}
Proxy::Proxy(Proxy&&) noexcept = default;
Proxy& Proxy::operator=(Proxy&&) noexcept = default;
Proxy::~Proxy() = default;

core::Endpoint Proxy::listening() const { return relay_->listening(); }
ProxySummary Proxy::run() { return relay_->run(); }
void Proxy::stop() { relay_->stop(); }

}  // namespace uncork::relay
