#pragma once
// One connection of the audit: what was sent on it, and what came back.

#include <cstdint>
#include <expected>
#include <functional>
#include <string>

#include "http2/audit/answer.hpp"
#include "http2/audit/probe.hpp"
#include "http2/audit/transport.hpp"

namespace uncork::http2::audit {

/// Not thread-safe.
class Conversation {
 public:
  /// Connects, sends what a client begins with, and waits for the server's SETTINGS, which the probe may acknowledge. A server
  /// that does not send any is no error here: see answer(). `subject` learns what the server allows.
  [[nodiscard]] static std::expected<Conversation, std::string> begin(const Target& target, const Probe& probe, Subject& subject,
                                                                      Clock::time_point deadline);

  using Holds = std::function<bool()>;
  /// Sends frames until all are out, `is_over` holds, or it is `deadline`; reads all the time.
  void send(byte_span frames, const Holds& is_over, Clock::time_point deadline);
  /// The same without reading, unless the server takes no more or has ended.
  void send_blindly(byte_span frames, Clock::time_point deadline);
  /// Reads until `is_over` holds, the connection has ended, or it is `until`; whether it holds.
  bool wait(const Holds& is_over, Clock::time_point until);

  [[nodiscard]] const Answer& answer() const noexcept { return answer_; }
  [[nodiscard]] LinkState link() const noexcept { return transport_.state(); }
  /// What was sent since the beginning.
  [[nodiscard]] std::uint64_t frames() const noexcept { return frames_; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  explicit Conversation(Transport transport) : transport_(std::move(transport)) {}
  void read();

  Transport transport_;
  Answer answer_;
  byte_vector received_;
  std::uint64_t frames_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace uncork::http2::audit
