#pragma once
// What the answer to a probe means.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "http2/audit/answer.hpp"
#include "http2/audit/probe.hpp"

namespace uncork::http2::audit {

enum class Verdict : std::uint8_t {
  bounded,  ///< a limit ended it
  served,   ///< no limit was met within the audit's bounds
  unclear,  ///< neither was seen
  died      ///< the server answers nobody any more
};

/// What was seen last.
enum class End : std::uint8_t {
  goaway,    ///< with a code
  reset,     ///< RST_STREAM with a code
  status,    ///< an answer that refuses
  closed,    ///< the connection, in order
  aborted,   ///< the connection, by a TCP reset
  served,    ///< all of it, and the PING behind it was answered
  lives,     ///< as long as it was held
  finished,  ///< the responses were too short to be held
  silent,    ///< no answer within the time
  fault      ///< what came was no HTTP/2
};

/// How the connection itself is.
enum class LinkState : std::uint8_t { open, closed, aborted };

struct Outcome {
  Verdict verdict = Verdict::unclear;
  End end = End::silent;
  std::uint32_t code = 0;    ///< of GOAWAY or RST_STREAM
  unsigned status = 0;       ///< of End::status
  std::uint64_t frames = 0;  ///< that were sent before the end was seen
  std::uint64_t bytes = 0;   ///< of these
  std::chrono::microseconds time{0};
  StepSize passed;                ///< the largest step that was served
  StepSize refused;               ///< the step that was not
  std::uint64_t resets = 0;       ///< streams that the server has reset
  std::uint32_t resets_code = 0;  ///< the code that most of them had
  std::string detail;             ///< of End::fault
};

/// Whether the probe is over, `request` being the number of the request that it is at (0 but for steps): its end, or silent while
/// nothing has ended it. `healthy_status` is what the server gives to a plain request.
[[nodiscard]] Outcome ending_of(const Probe& probe, const Answer& answer, LinkState link, std::uint32_t request,
                                unsigned healthy_status);

/// Of everything but a server that is gone.
[[nodiscard]] Verdict verdict_of(End end) noexcept;

/// `bounded`.
[[nodiscard]] std::string_view name_of(Verdict verdict) noexcept;
[[nodiscard]] std::string_view name_of(End end) noexcept;
/// The RFC's name, or the number.
[[nodiscard]] std::string name_of_code(std::uint32_t code);

}  // namespace uncork::http2::audit
