#pragma once
// A connection to a server on this machine, with or without TLS: bytes out and in, each wait with its end.

#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>

#include "http2/audit/verdict.hpp"
#include "http2/files/file_descriptor.hpp"
#include "http2/frame.hpp"

struct ssl_st;

namespace uncork::http2::audit {

using Clock = std::chrono::steady_clock;

/// Where a server listens. Only a loopback address is ever connected to.
struct Target {
  sockaddr_storage address{};
  socklen_t size = 0;
  bool is_tls = false;
};

/// Of 127.0.0.0/8 or ::1.
[[nodiscard]] bool is_loopback(const Target& target) noexcept;

/// Not thread-safe.
class Transport {
 public:
  /// Or why not, as a sentence. TLS offers h2 alone, and fails if the server does not choose it; its certificate is not looked
  /// at.
  [[nodiscard]] static std::expected<Transport, std::string> connect(const Target& target, Clock::time_point deadline);
  Transport(Transport&& other) noexcept = default;
  Transport& operator=(Transport&& other) noexcept = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  ~Transport() = default;

  /// Writes what the connection takes at once.
  [[nodiscard]] std::size_t write(byte_span bytes);
  /// Appends what has come.
  void read(byte_vector& into);
  enum class Want : bool { read, read_or_write };
  /// Waits until there is something to read (or room to write), the connection has ended, or `until` has come.
  void wait(Want want, Clock::time_point until) const;
  [[nodiscard]] LinkState state() const noexcept { return state_; }

 private:
  struct FreeTls {
    void operator()(ssl_st* tls) const noexcept;
  };
  Transport() = default;
  [[nodiscard]] std::string start_tls(Clock::time_point deadline);
  void note_tls_end(int result);

  FileDescriptor descriptor_;
  std::unique_ptr<ssl_st, FreeTls> tls_;
  LinkState state_ = LinkState::open;
  bool was_reset_ = false;
};

}  // namespace uncork::http2::audit
