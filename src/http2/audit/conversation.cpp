#include "http2/audit/conversation.hpp"

#include <algorithm>
#include <utility>

#include "http2/audit/writing.hpp"

namespace uncork::http2::audit {
namespace {

// After so many bytes the server gets a moment to answer, so that what is counted as sent is not far ahead of what it has read:
// the buffers of a loopback connection alone take megabytes.
constexpr std::size_t kBurst = 4096;
constexpr std::chrono::microseconds kMoment{500};

}  // namespace

std::expected<Conversation, std::string> Conversation::begin(const Target& target, const Probe& probe, Subject& subject,
                                                             Clock::time_point deadline) {
  auto transport = Transport::connect(target, deadline);
  if (!transport) return std::unexpected(std::move(transport.error()));
  Conversation made(std::move(*transport));
  if (!probe.sends_preface) return made;
  byte_vector opening;
  put_opening(probe, opening);
  const Holds is_over = [&made] { return made.answer_.has_settings() || !made.answer_.fault().empty() || made.answer_.goaway(); };
  made.send(opening, is_over, deadline);
  if (!made.wait(is_over, deadline)) return made;
  subject.table_bytes = made.answer_.table_bytes();
  byte_vector acknowledgement;
  if (probe.acknowledges && made.answer_.has_settings()) put_settings_ack(acknowledgement);
  made.send(acknowledgement, [] { return false; }, deadline);
  made.frames_ = made.bytes_ = 0;
  return made;
}

void Conversation::read() {
  received_.clear();
  transport_.read(received_);
  answer_.take(received_);
}

void Conversation::send(byte_span frames, const Holds& is_over, Clock::time_point deadline) {
  const byte_span all = frames;
  while (!frames.empty() && link() == LinkState::open && !is_over() && Clock::now() < deadline) {
    const std::size_t written = transport_.write(frames.first(std::min(frames.size(), kBurst)));
    frames = frames.subspan(written);
    if (written == 0) {
      transport_.wait(Transport::Want::read_or_write, deadline);
    } else {
      transport_.wait(Transport::Want::read, std::min(Clock::now() + kMoment, deadline));
    }
    read();
  }
  frames_ += count_frames(all.first(all.size() - frames.size()));
  bytes_ += all.size() - frames.size();
}

void Conversation::send_blindly(byte_span frames, Clock::time_point deadline) {
  const byte_span all = frames;
  while (!frames.empty() && link() == LinkState::open && Clock::now() < deadline) {
    const std::size_t written = transport_.write(frames);
    frames = frames.subspan(written);
    if (written != 0) continue;
    transport_.wait(Transport::Want::read_or_write, deadline);
    read();
  }
  frames_ += count_frames(all.first(all.size() - frames.size()));
  bytes_ += all.size() - frames.size();
}

bool Conversation::wait(const Holds& is_over, Clock::time_point until) {
  read();
  while (!is_over()) {
    if (link() != LinkState::open || Clock::now() >= until) return false;
    transport_.wait(Transport::Want::read, until);
    read();
  }
  return true;
}

}  // namespace uncork::http2::audit
