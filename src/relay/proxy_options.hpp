#pragma once
// What a proxy is asked to do, and how people write its numbers.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/endpoint.hpp"
#include "core/result.hpp"

namespace uncork::relay {

/// Nagle's algorithm on the proxy's own sockets; off sets TCP_NODELAY.
enum class Nagle : bool { off, on };
/// Who may connect.
enum class Reach : bool { loopback, anyone };
/// Whether SIGINT and SIGTERM end run(), for a program; a test or a library leaves them alone.
enum class Signals : bool { leave, stop };

/// A value. `on_event` is called on the thread of run() with one line of text, no newline, and must not throw.
struct ProxyOptions {
  core::Endpoint listen;                    ///< port 0: the kernel chooses
  core::Endpoint connect;                   ///< where every accepted connection is forwarded to
  core::Micros delay{0};                    ///< each way
  core::Micros jitter{0};                   ///< most that is added to the delay of a chunk, drawn uniformly
  std::uint64_t jitter_seed = 1;            ///< same seed and same order of connections: same draws
  std::uint64_t rate_bytes_per_second = 0;  ///< each way of each connection; 0: no limit
  std::size_t limit_bytes = 0;              ///< bytes that may wait each way of each connection; 0: default_limit()
  Nagle nagle = Nagle::on;                  ///< on, because a plain relay is what people have
  Reach reach = Reach::loopback;
  Signals signals = Signals::leave;
  std::string log_path;  ///< chunk log; empty: none, "-": standard output
  std::function<void(std::string_view)> on_event;
};

/// What may wait each way when nothing else is said: 256 KiB on a plain relay; with a delay 16 MiB, or what the rate sends
/// during the delay if that is more, so that the bound does not become a lower rate.
[[nodiscard]] std::size_t default_limit(const ProxyOptions& options);

/// Errors: invalid_argument, naming the option as the command line spells it.
[[nodiscard]] core::Status check(const ProxyOptions& options);

/// A positive number of bytes with an optional suffix k, M or G (powers of 1000): `64k`, `1.5M`, `125000`.
[[nodiscard]] core::Result<std::uint64_t> parse_bytes(std::string_view argument, std::string_view text);

/// Milliseconds from 0 to an hour as a bare number: `20`, `0.5`.
[[nodiscard]] core::Result<core::Micros> parse_milliseconds(std::string_view argument, std::string_view text);

/// `on` or `off`.
[[nodiscard]] core::Result<Nagle> parse_nagle(std::string_view argument, std::string_view text);

/// Any whole number that is not negative.
[[nodiscard]] core::Result<std::uint64_t> parse_seed(std::string_view argument, std::string_view text);

}  // namespace uncork::relay
