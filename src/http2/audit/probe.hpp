#pragma once
// What the audit of an HTTP/2 server sends: bytes alone, no socket.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "http2/frame.hpp"

namespace uncork::http2::audit {

/// What a probe must know of the server.
struct Subject {
  bool is_tls = false;
  std::string authority;
  std::string path = "/";
  std::uint32_t table_bytes = 4096;  ///< its SETTINGS_HEADER_TABLE_SIZE
};

/// How a probe goes on once it has begun.
enum class Manner : std::uint8_t {
  flood,  ///< unit after unit until the frames or bytes of the audit's bounds are spent, then a PING
  steps,  ///< unit i is a request twice as large as the one before, each answered before the next
  hold    ///< nothing but unit i now and then; what counts is how long that is borne
};

/// What has to end before the server counts as bounding a probe: a limit of one request ends that alone.
enum class Ends : std::uint8_t { connection, stream };

/// How large a step is once it is decoded.
struct StepSize {
  std::uint64_t fields = 0;
  std::uint64_t decoded_bytes = 0;  ///< of names and values
};

/// One thing that a client may try. Every function appends whole frames; the first request is on stream 1. A value.
struct Probe {
  std::string_view name;  ///< as the command line has it
  std::string_view what;  ///< for people
  Manner manner = Manner::flood;
  Ends ends = Ends::connection;
  void (*open)(const Subject& subject, byte_vector& into) = nullptr;
  void (*unit)(const Subject& subject, std::uint32_t i, byte_vector& into) = nullptr;
  void (*close)(const Subject& subject, byte_vector& into) = nullptr;  ///< of a flood, before its PING
  StepSize (*size)(const Subject& subject, std::uint32_t i) = nullptr;
  std::uint32_t steps = 0;
  std::uint32_t initial_window = kDefaultWindow;
  bool sends_preface = true;
  bool acknowledges = true;  ///< the server's SETTINGS
  bool reads = true;         ///< a flood: before all is sent; what answers it piles up in the server if not
};

/// Those of each file, in the order of the report.
[[nodiscard]] std::span<const Probe> flood_probes() noexcept;
[[nodiscard]] std::span<const Probe> reset_probes() noexcept;  ///< MadeYouReset, CVE-2025-8671
[[nodiscard]] std::span<const Probe> field_probes() noexcept;
[[nodiscard]] std::span<const Probe> hold_probes() noexcept;

}  // namespace uncork::http2::audit
