#pragma once
// A TCP forwarder that makes a link slow on purpose and tells what came through it.

#include <memory>

#include "core/endpoint.hpp"
#include "core/result.hpp"
#include "relay/proxy_options.hpp"
#include "relay/proxy_report.hpp"

namespace uncork::relay {

class Relay;

/// Accepts connections and forwards each to one target, both ways, through a DelayLine per direction. A chunk is what one read
/// gave (at most 64 KiB); it is forwarded as a write of its own and never merged with another, since the chunks are what an
/// experiment looks at. When a direction's line is full its source is no longer read, so TCP holds the sender back. A
/// half-close or a reset is passed on behind the bytes before it. Setting up a connection is not delayed.
///
/// Move-only; owns its sockets and its log file. run() is called once, on any one thread; stop() may be called from any thread
/// while the Proxy lives; nothing else is thread-safe. Destroy it only when run() has returned or was never called.
class Proxy {
 public:
  /// Listens, opens the log, and takes over SIGINT and SIGTERM if the options say so; forwards nothing before run().
  /// Errors: those of check(), and of the listening socket and the log file with what to do about them.
  [[nodiscard]] static core::Result<Proxy> start(const ProxyOptions& options);
  Proxy(Proxy&&) noexcept;
  Proxy& operator=(Proxy&&) noexcept;
  ~Proxy();

  /// The address with the port that the kernel chose, if it was asked to.
  [[nodiscard]] core::Endpoint listening() const;
  /// Forwards until stop() or a signal; then closes every connection, at once, and writes the log to its end. Has no deadline:
  /// ending it is the caller's business.
  [[nodiscard]] ProxySummary run();
  void stop();

 private:
  explicit Proxy(std::unique_ptr<Relay> relay);
  std::unique_ptr<Relay> relay_;
};

}  // namespace uncork::relay
