// Clients that take what the server holds for them and give nothing: what counts is how long it lets them.

#include <array>

#include "http2/audit/probe.hpp"
#include "http2/audit/writing.hpp"

namespace uncork::http2::audit {
namespace {

constexpr std::uint32_t kHeld = 10;

void requests(const Subject& subject, byte_vector& into) {
  for (std::uint32_t i = 0; i < kHeld; ++i) put_request(subject, Method::get, stream_of(i), into);
}

/// A byte for each, so that a server that only looks for signs of life sees them.
void one_byte(const Subject& /*subject*/, std::uint32_t /*i*/, byte_vector& into) {
  for (std::uint32_t i = 0; i < kHeld; ++i) put_window_update(stream_of(i), 1, into);
}

void ping(const Subject& /*subject*/, std::uint32_t /*i*/, byte_vector& into) { put_ping(ping_payload{}, false, into); }

void open_block(const Subject& subject, byte_vector& into) { put_open_block(subject, stream_of(0), into); }

constexpr Manner kHold = Manner::hold;
constexpr std::array kProbes = {
    Probe{.name = "zero-window",
          .what = "10 responses held by windows of 0, 1 byte now and then",
          .manner = kHold,
          .ends = Ends::stream,
          .open = requests,
          .unit = one_byte,
          .initial_window = 0},
    Probe{.name = "settings-ack", .what = "SETTINGS never acknowledged", .manner = kHold, .unit = ping, .acknowledges = false},
    Probe{.name = "open-block", .what = "field block never finished", .manner = kHold, .ends = Ends::stream, .open = open_block},
    Probe{.name = "no-preface", .what = "preface never sent", .manner = kHold, .sends_preface = false, .acknowledges = false}};

}  // namespace

std::span<const Probe> hold_probes() noexcept { return kProbes; }

}  // namespace uncork::http2::audit
