#include "lab/transmit/transmit_exchange.hpp"

#include <sys/socket.h>

#include <array>
#include <thread>
#include <utility>

#include "core/syscall.hpp"
#include "lab/transmit/segments.hpp"
#include "uncork/stream/transmit_options.hpp"

namespace uncork::lab {
namespace {

constexpr unsigned kWarmUp = 5;         // the first are acknowledged at once, and the send buffer grows with the window
constexpr core::Micros kStall{38'000};  // Linux's delayed ACK of 40 ms less a tick
constexpr core::Micros kPatience{20'000'000};
constexpr std::size_t kReadBytes = 256 * 1024;

/// The far end: reads messages of `size` bytes and answers each with one byte, until the connection ends.
class Reader {
 public:
  Reader(core::Fd socket, std::uint64_t size) : socket_(std::move(socket)), thread_([this, size] { answer(size); }) {}
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() {
    ::shutdown(socket_.get(), SHUT_RDWR);
    thread_.join();
  }

 private:
  void answer(std::uint64_t size) {
    std::vector<std::byte> into(kReadBytes);
    constexpr std::array kAnswer = {std::byte{1}};
    for (std::uint64_t left = size;;) {
      const auto got = core::read_some(socket_, std::span(into).first(std::min<std::uint64_t>(left, into.size())));
      if (!got || got->kind != core::ReadOutcome::Kind::bytes) break;
      left -= got->count;
      if (left > 0) continue;
      if (!core::send_all(socket_, kAnswer)) break;
      left = size;
    }
    ::shutdown(socket_.get(), SHUT_RDWR);  // so that the sender does not wait for one who has given up
  }

  core::Fd socket_;
  std::thread thread_;
};

core::Result<core::Micros> exchange(MessageSender& sender, const FileMessage& message) {
  const core::Time begun = core::MonotonicClock::now();
  if (const auto sent = sender.send(message); !sent) return core::fail(sent.error());
  const auto ready = core::wait_readable(sender.socket(), begun + kPatience);
  if (!ready) return core::fail(ready.error());
  std::array<std::byte, 1> answer{};
  const auto got = core::read_some(sender.socket(), answer);
  if (!got) return core::fail(got.error());
  if (got->kind != core::ReadOutcome::Kind::bytes) {
    return core::fail(core::Error{core::ErrorCode::internal, 0, "exchange over the link: no answer"});
  }
  return core::MonotonicClock::now() - begun;
}

std::optional<core::Micros> held_of(const core::Fd& socket, probe::Source& source) {
  std::uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  if (source.confidence() != stall::Confidence::witnessed) return std::nullopt;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_COOKIE, &cookie, &size) != 0) return std::nullopt;
  const auto rows = source.poll();
  if (!rows) return std::nullopt;
  for (const probe::ConnectionRow& row : *rows) {
    if (row.where.cookie != cookie) continue;
    const stall::Budget& budget = row.account.budget;
    return budget[stall::Cause::nagle_delayed_ack] + budget[stall::Cause::nagle_round_trip] + budget[stall::Cause::cork];
  }
  return std::nullopt;
}

}  // namespace

core::Result<TransmitRow> measure_exchanges(const link::Link& link, SendStrategy strategy, int file, std::uint64_t file_bytes,
                                            unsigned runs, probe::Source& source, const std::function<bool()>& proceed) {
  auto sockets = link.connect(link::End::far);
  if (!sockets) return core::fail(sockets.error());
  const FileMessage message{file, file_bytes, std::string(kHeadBytes, 'h'), std::string(kTailBytes, 't')};
  MessageSender sender(std::move(sockets->near), strategy);
  const Reader reader(std::move(sockets->far), message.size());
  TransmitRow row;
  row.strategy = strategy;
  row.file_bytes = file_bytes;
  for (unsigned i = 0; i < kWarmUp + runs; ++i) {
    if (!proceed()) return core::fail(core::Error{core::ErrorCode::system, 0, "stopped before the end"});
    const auto before = read_segments(sender.socket().get());
    if (!before) return core::fail(before.error());
    const auto took = exchange(sender, message);
    if (!took) return core::fail(took.error());
    const auto after = read_segments(sender.socket().get());
    if (!after) return core::fail(after.error());
    if (i < kWarmUp) continue;
    const std::uint32_t again = after->retransmitted - before->retransmitted;
    row.segments.push_back(after->data_out - before->data_out - again);
    row.retransmitted += again;
    row.mss = after->mss;
    row.times.add(*took);
    if (*took >= kStall) ++row.stalls;
  }
  row.minimum_segments = stream::minimum_segments(message.size(), row.mss);
  row.held = held_of(sender.socket(), source);
  return row;
}

}  // namespace uncork::lab
