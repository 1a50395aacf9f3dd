#include "http2/audit/run_probe.hpp"

#include <algorithm>

#include "http2/audit/conversation.hpp"
#include "http2/audit/writing.hpp"

namespace uncork::http2::audit {
namespace {

constexpr ping_payload kLastPing = {std::byte{'u'}, std::byte{'n'}, std::byte{'c'}, std::byte{'o'},
                                    std::byte{'r'}, std::byte{'k'}, std::byte{0},   std::byte{1}};
// The PING may be answered before the request in front of it is.
constexpr std::chrono::milliseconds kGrace{500};
constexpr std::size_t kBatch = 4096;
constexpr std::size_t kBlindBatch = 65536;
constexpr int kSignsOfLife = 4;  // while something is held

class Run {
 public:
  Run(const Probe& probe, const Subject& subject, const Bounds& bounds, unsigned healthy_status, Conversation& with)
      : probe_(probe), subject_(subject), bounds_(bounds), healthy_status_(healthy_status), with_(with) {}

  Outcome flood();
  Outcome steps();
  Outcome hold();

 private:
  [[nodiscard]] Outcome ending() const { return ending_of(probe_, with_.answer(), with_.link(), request_, healthy_status_); }
  [[nodiscard]] bool is_over() const { return ending().end != End::silent; }
  void send(const byte_vector& frames) {
    with_.send(frames, [this] { return is_over(); }, deadline_);
  }
  void wait_for_pong();
  void send_units();
  [[nodiscard]] Outcome unless_ended(End otherwise) const;
  [[nodiscard]] bool is_every_response_whole() const;

  const Probe& probe_;
  const Subject& subject_;
  const Bounds& bounds_;
  unsigned healthy_status_;
  Conversation& with_;
  std::uint32_t request_ = 0;
  Clock::time_point begun_ = Clock::now();
  Clock::time_point deadline_ = begun_ + bounds_.time;
};

Outcome Run::unless_ended(End otherwise) const {
  Outcome outcome = ending();
  if (outcome.end != End::silent) return outcome;
  outcome.end = otherwise;
  outcome.verdict = verdict_of(otherwise);
  return outcome;
}

void Run::send_units() {
  byte_vector batch;
  if (probe_.open != nullptr) probe_.open(subject_, batch);
  std::uint64_t frames = count_frames(batch);
  std::uint64_t bytes = batch.size();
  for (std::uint32_t i = 0; frames < bounds_.frames && bytes < bounds_.bytes && !is_over() && Clock::now() < deadline_;) {
    while (batch.size() < (probe_.reads ? kBatch : kBlindBatch) && frames < bounds_.frames && bytes < bounds_.bytes) {
      const std::size_t before = batch.size();
      probe_.unit(subject_, i++, batch);
      frames += count_frames(byte_span(batch).subspan(before));
      bytes += batch.size() - before;
    }
    if (probe_.reads) {
      send(batch);
    } else {
      with_.send_blindly(batch, deadline_);
    }
    batch.clear();
  }
  if (probe_.close != nullptr) probe_.close(subject_, batch);
  send(batch);
}

void Run::wait_for_pong() {
  byte_vector ping;
  put_ping(kLastPing, false, ping);
  send(ping);
  with_.wait([this] { return is_over() || with_.answer().has_pong(kLastPing); }, deadline_);
  if (probe_.ends != Ends::stream) return;
  const auto is_answered = [this] { return is_over() || with_.answer().stream(stream_of(0)).is_ended; };
  with_.wait(is_answered, std::min(Clock::now() + kGrace, deadline_));
}

Outcome Run::flood() {
  send_units();
  if (!is_over()) wait_for_pong();
  return unless_ended(with_.answer().has_pong(kLastPing) ? End::served : End::silent);
}

Outcome Run::steps() {
  StepSize passed;
  for (; request_ < probe_.steps; ++request_) {
    byte_vector request;
    probe_.unit(subject_, request_, request);
    send(request);
    const auto is_answered = [this] { return is_over() || with_.answer().stream(stream_of(request_)).status != 0; };
    with_.wait(is_answered, deadline_);
    if (is_over() || with_.answer().stream(stream_of(request_)).status == 0) break;
    passed = probe_.size(subject_, request_);
  }
  Outcome outcome = unless_ended(request_ == probe_.steps ? End::served : End::silent);
  outcome.passed = passed;
  if (outcome.end != End::served) outcome.refused = probe_.size(subject_, request_);
  return outcome;
}

bool Run::is_every_response_whole() const {
  byte_vector opened;
  if (probe_.open != nullptr && probe_.unit != nullptr && probe_.initial_window == 0) probe_.open(subject_, opened);
  const std::uint64_t requests = count_frames(opened);
  for (std::uint32_t i = 0; i < requests; ++i) {
    if (!with_.answer().stream(stream_of(i)).is_ended) return false;
  }
  return requests > 0;
}

Outcome Run::hold() {
  deadline_ = begun_ + bounds_.stall_for;
  byte_vector frames;
  if (probe_.open != nullptr) probe_.open(subject_, frames);
  send(frames);
  const auto is_done = [this] { return is_over() || is_every_response_whole(); };
  for (int sign = 1; sign <= kSignsOfLife + 1 && !is_done(); ++sign) {
    with_.wait(is_done, begun_ + sign * bounds_.stall_for / (kSignsOfLife + 1));
    if (sign > kSignsOfLife || probe_.unit == nullptr) continue;
    frames.clear();
    probe_.unit(subject_, 0, frames);
    send(frames);
  }
  return unless_ended(is_every_response_whole() ? End::finished : End::lives);
}

}  // namespace

Outcome run_probe(const Probe& probe, const Target& target, Subject subject, const Bounds& bounds, unsigned healthy_status) {
  const auto begun = Clock::now();
  auto with = Conversation::begin(target, probe, subject, begun + bounds.time);
  if (!with) {
    Outcome outcome;
    outcome.end = End::fault;
    outcome.detail = with.error();
    return outcome;
  }
  Run run(probe, subject, bounds, healthy_status, *with);
  const auto sending = Clock::now();
  Outcome outcome = probe.manner == Manner::flood ? run.flood() : probe.manner == Manner::steps ? run.steps() : run.hold();
  outcome.time = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - sending);
  outcome.frames = with->frames();
  outcome.bytes = with->bytes();
  outcome.resets = with->answer().resets();
  outcome.resets_code = with->answer().most_frequent_reset();
  return outcome;
}

}  // namespace uncork::http2::audit
