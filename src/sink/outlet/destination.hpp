#pragma once
// Where envelopes go, as one text: file:/var/log/rows.jsonl.zst, stdout, tcp:collector:4000.

#include <cstdint>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/result.hpp"

namespace uncork::sink {

/// A value. Which members mean something depends on the kind.
struct Destination {
  enum class Kind : std::uint8_t { file, standard_output, standard_error, unix_stream, unix_datagram, tcp, udp, http, https };
  static constexpr std::uint64_t kFileBytes = 64'000'000;
  static constexpr core::Micros kFileAge{std::chrono::hours(1)};

  Kind kind = Kind::standard_output;
  std::string path = {};                  ///< file, unix and unixgram: absolute, or @NAME for an abstract socket
  std::string host = {};                  ///< a name or an address, without brackets
  std::uint16_t port = 0;                 ///< of that host
  std::string target = {};                ///< http and https: path and query, from the slash on
  std::uint64_t most_bytes = kFileBytes;  ///< file: begin another one when this one has as many
  core::Micros most_age = kFileAge;       ///< file: and when its first row is as old

  friend bool operator==(const Destination&, const Destination&) = default;
};

/// Accepted: `stdout`, `stderr`, `file:/PATH` (with `?size=64MB&age=1h` behind it), `unix:/PATH`, `unixgram:/PATH`,
/// `tcp:HOST:PORT`, `udp:HOST:PORT`, `http://HOST[:PORT][/TARGET]`, `https://...`. Errors name the part that is wrong and what is
/// accepted. No name service is asked, and no file looked for.
[[nodiscard]] core::Result<Destination> parse_destination(std::string_view text);

/// Text that parse_destination reads to the same.
[[nodiscard]] std::string to_string(const Destination& destination);

}  // namespace uncork::sink
