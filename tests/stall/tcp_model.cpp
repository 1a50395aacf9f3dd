#include "tcp_model.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <ostream>
#include <utility>

namespace uncork::stall {
namespace {

using core::Micros;
using core::Time;

constexpr std::uint32_t kMss = 1448;
constexpr Micros kProbeTimer{200'000};  // tcp_probe0_base(): TCP_RTO_MIN
const Time kBegin{Micros(1'000'000'000)};

/// What is to happen, in order of time and then of being planned.
class Agenda {
 public:
  void at(Time time, std::function<void()> what) { planned_.emplace(std::pair(time, count_++), std::move(what)); }
  bool step() {
    if (planned_.empty()) return false;
    const auto next = planned_.begin();
    now_ = next->first.first;
    const auto what = std::move(next->second);
    planned_.erase(next);
    what();
    return true;
  }
  [[nodiscard]] Time now() const { return now_; }

 private:
  Time now_ = kBegin;
  std::uint64_t count_ = 0;
  std::map<std::pair<Time, std::uint64_t>, std::function<void()>> planned_;
};

struct Segment {
  std::uint64_t bytes = 0;
  std::uint64_t ack = 0;  ///< position of the next byte expected
};

class End {
 public:
  End(Agenda& agenda, const Play& play, Holds holds, Role role, const std::vector<Script>& scripts)
      : agenda_(agenda), play_(play), holds_(holds), quick_acks_(play.quick_acks) {
    for (const Script& script : scripts) threads_.push_back({&script, 0, 0, false});
    Event opened;
    opened.role = role;
    opened.state = state();
    tell(EventKind::opened, opened);
  }

  void connect(End& peer) { peer_ = &peer; }
  void start() {
    for (Thread& thread : threads_) run(thread);
  }
  void close() {
    tell(EventKind::finished);
    tell(EventKind::closed);
  }
  [[nodiscard]] bool done() const {
    for (const Thread& thread : threads_) {
      if (thread.next < thread.script->size() || thread.waits) return false;
    }
    return true;
  }
  [[nodiscard]] Time done_at() const { return done_at_; }
  [[nodiscard]] const Ledger& ledger() const { return ledger_; }
  [[nodiscard]] const Late& late() const { return late_; }

 private:
  struct Thread {
    const Script* script;
    std::size_t next;
    std::uint64_t until;  // waits for this position of what the peer sends
    bool waits;
  };

  [[nodiscard]] SenderState state() const {
    SenderState s;
    s.mss_bytes = kMss;
    s.min_rtt = play_.one_way * 2;
    s.nodelay = nodelay_ || holds_ == Holds::none;
    s.corked = corked_;
    s.more = more_;
    return s;
  }

  void tell(EventKind kind, Event event = {}) {
    event.at = agenda_.now();
    event.kind = kind;
    ledger_.feed(event);
  }
  void tell_bytes(EventKind kind, std::uint64_t bytes, bool on_data = false) {
    Event event;
    event.bytes = static_cast<std::uint32_t>(bytes);
    event.on_data = on_data;
    tell(kind, event);
  }
  void tell_state(EventKind kind) {
    Event event;
    event.state = state();
    tell(kind, event);
  }

  // --- the application ---

  void run(Thread& thread) {
    while (!thread.waits && thread.next < thread.script->size()) {
      const Step& step = (*thread.script)[thread.next++];
      switch (step.kind) {
        case Step::Kind::sleep:
          if (step.time.count() == 0) break;
          thread.waits = true;
          thread.until = kNever;
          agenda_.at(agenda_.now() + step.time, [this, &thread] {
            thread.waits = false;
            run(thread);
          });
          break;
        case Step::Kind::write:
          write(step.bytes, step.more);
          break;
        case Step::Kind::read:
          wanted_ += step.bytes;
          thread.until = wanted_;
          thread.waits = true;
          break;
        case Step::Kind::call:
          wanted_ += step.answer;
          thread.until = wanted_;
          thread.waits = true;
          write(step.bytes, false);
          break;
        case Step::Kind::cork:
        case Step::Kind::uncork:
        case Step::Kind::nodelay:
        case Step::Kind::nodelay_off:
          set(step.kind);
          break;
      }
      if (thread.waits && thread.until != kNever) consume();
      if (thread.waits && thread.until <= taken_) thread.waits = false;
    }
    done_at_ = std::max(done_at_, agenda_.now());
  }

  /// Readers take what has arrived; those that have all of theirs go on.
  void consume() {
    std::uint64_t most = taken_;
    for (const Thread& thread : threads_) {
      if (thread.waits && thread.until != kNever) most = std::max(most, std::min(thread.until, received_));
    }
    if (most > taken_) {
      const std::uint64_t bytes = most - taken_;
      taken_ = most;
      tell_bytes(EventKind::read, bytes);
    }
  }

  void write(std::uint32_t bytes, bool more) {
    tell_bytes(EventKind::wrote, bytes);
    wrote_ += bytes;
    waiting_.emplace_back(wrote_, agenda_.now());
    more_ = more && holds_ == Holds::as_written;
    push(corked_ || more_, nodelay_ && !more_);  // tcp_push(): MSG_MORE takes the place of the socket's flags
    tell_state(EventKind::sampled);
  }

  void set(Step::Kind option) {
    if (holds_ == Holds::none) return;
    switch (option) {
      case Step::Kind::cork:
        corked_ = true;
        break;
      case Step::Kind::uncork:
        corked_ = false;
        push(false, nodelay_);
        break;
      case Step::Kind::nodelay:
        nodelay_ = true;
        if (wrote_ > sent_) tell_state(EventKind::option_changed);
        push(false, true);  // __tcp_sock_set_nodelay(): even what is corked
        break;
      default:
        nodelay_ = false;
        break;
    }
    if (play_.sees_options) tell_state(EventKind::sampled);
  }

  // --- the sender ---

  void push(bool corked, bool nodelay) {
    const std::uint64_t unsent = wrote_ - sent_;
    const std::uint64_t tail = unsent % kMss;
    // tcp_nagle_check()
    const bool holds = holds_ == Holds::as_written && (corked || (!nodelay && small_end_ > acked_));
    const std::uint64_t goes = holds ? unsent - tail : unsent;
    if (goes != 0) transmit(goes);
    arm_probe();
  }

  void transmit(std::uint64_t bytes) {
    sent_ += bytes;
    if (bytes % kMss != 0) small_end_ = sent_;
    while (!waiting_.empty() && waiting_.front().first <= sent_) {
      const Micros late = agenda_.now() - waiting_.front().second;
      if (late.count() != 0) late_ += Late{late, 1, late};
      waiting_.pop_front();
    }
    tell_bytes(EventKind::sent, bytes);
    send({bytes, received_});
  }

  /// tcp_check_probe_timer(): once nothing is in flight, what is still kept back goes by itself.
  void arm_probe() {
    if (wrote_ == sent_ || sent_ != acked_) {
      probe_ = 0;
    } else if (probe_ == 0) {
      probe_ = ++timers_;
      agenda_.at(agenda_.now() + kProbeTimer, [this, timer = probe_] {
        if (timer != probe_) return;
        probe_ = 0;
        transmit(wrote_ - sent_);
        tell_state(EventKind::sampled);
      });
    }
  }

  void send(Segment segment) {
    unacknowledged_ = 0;
    ack_timer_ = 0;
    agenda_.at(agenda_.now() + play_.one_way, [to = peer_, segment] { to->arrive(segment); });
  }

  // --- the receiver ---

  void arrive(const Segment& segment) {
    if (segment.ack > acked_) {
      tell_state(EventKind::sampled);
      tell_bytes(EventKind::acked, segment.ack - acked_, segment.bytes != 0);
      acked_ = segment.ack;
      if (wrote_ != sent_) {
        push(corked_, nodelay_);
        tell_state(EventKind::sampled);
      }
    }
    if (segment.bytes == 0) return;
    received_ += segment.bytes;
    tell_bytes(EventKind::received, segment.bytes);
    acknowledge(segment.bytes);
    consume();
    for (Thread& thread : threads_) {
      if (!thread.waits || thread.until > taken_) continue;
      thread.waits = false;
      run(thread);
    }
  }

  void acknowledge(std::uint64_t bytes) {
    unacknowledged_ += bytes;
    if (quick_acks_ != 0 || unacknowledged_ >= 2 * kMss) {
      quick_acks_ -= quick_acks_ != 0 ? 1 : 0;
      send({0, received_});
    } else if (ack_timer_ == 0) {
      ack_timer_ = ++timers_;
      agenda_.at(agenda_.now() + play_.ack_delay, [this, timer = ack_timer_] {
        if (timer == ack_timer_) send({0, received_});
      });
    }
  }

  static constexpr std::uint64_t kNever = ~std::uint64_t{0};

  Agenda& agenda_;
  const Play& play_;
  Holds holds_;
  End* peer_ = nullptr;
  Ledger ledger_;
  Late late_;
  std::deque<Thread> threads_;
  std::deque<std::pair<std::uint64_t, Time>> waiting_;  // writes: end, time
  Time done_at_ = kBegin;

  std::uint64_t wrote_ = 0, sent_ = 0, acked_ = 0, small_end_ = 0;  // positions in what this end sends
  bool nodelay_ = false, corked_ = false, more_ = false;
  std::uint64_t received_ = 0, taken_ = 0, wanted_ = 0;  // positions in what the peer sends
  std::uint64_t unacknowledged_ = 0;
  unsigned quick_acks_;
  std::uint64_t timers_ = 0, probe_ = 0, ack_timer_ = 0;  // 0: not running
};

const char* word(Step::Kind kind) {
  switch (kind) {
    case Step::Kind::sleep:
      return "s";
    case Step::Kind::write:
      return "w";
    case Step::Kind::read:
      return "r";
    case Step::Kind::call:
      return "call";
    case Step::Kind::cork:
      return "cork";
    case Step::Kind::uncork:
      return "uncork";
    case Step::Kind::nodelay:
      return "nodelay";
    case Step::Kind::nodelay_off:
      return "nodelay-off";
  }
  return "";
}

void show(const char* end, const std::vector<Script>& scripts, std::ostream& out) {
  for (const Script& script : scripts) {
    out << "\n" << end << ":";
    for (const Step& step : script) {
      out << " " << word(step.kind);
      if (step.bytes != 0) out << step.bytes;
      if (step.answer != 0) out << "/" << step.answer;
      if (step.kind == Step::Kind::sleep) out << step.time.count() << "us";
      if (step.more) out << "+more";
    }
  }
}

}  // namespace

Played play(const Play& play, Holds holds) {
  Agenda agenda;
  End client(agenda, play, holds, Role::requester, play.client);
  End server(agenda, play, holds, Role::responder, play.server);
  client.connect(server);
  server.connect(client);
  agenda.at(kBegin, [&] { server.start(); });
  agenda.at(kBegin, [&] { client.start(); });
  while (!(client.done() && server.done()) && agenda.step()) {
  }
  EXPECT_TRUE(client.done() && server.done()) << "the script waits for ever";
  Played played;
  played.wall = std::max(client.done_at(), server.done_at()) - kBegin;
  played.late = client.late();
  played.late += server.late();
  client.close();
  bool closed = false;
  agenda.at(agenda.now() + play.one_way, [&] {
    server.close();
    closed = true;
  });
  while (!closed && agenda.step()) {
  }
  played.ends = {client.ledger(), server.ledger()};
  return played;
}

void showValue(const Play& play, std::ostream& out) {
  out << "one way " << play.one_way.count() << " us, ACKs after " << play.ack_delay.count() << " us, " << play.quick_acks
      << " of them at once, options " << (play.sees_options ? "seen" : "not seen");
  show("client", play.client, out);
  show("server", play.server, out);
  out << "\n";
}

void PrintTo(const Play& play, std::ostream* out) { showValue(play, *out); }

}  // namespace uncork::stall
