#pragma once
// The messages of xtcp_config.proto, read and written. Without I/O.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "collect/requests.hpp"
#include "collect/settings.hpp"
#include "core/clock.hpp"
#include "rpc/status.hpp"

namespace uncork::rpc {

/// What ConfigService tells and takes.
struct ConfigView {
  collect::Settings settings;
  std::string version;     ///< of this program
  std::uint16_t port = 0;  ///< of gRPC; 0: none, as on a Unix socket
};

/// XtcpConfig as field 1, which all responses with a configuration are.
[[nodiscard]] std::string write_config(const ConfigView& view);

/// What SetRequest asks for, against what Get says. Errors: invalid_argument; they name a field that is not followed here, or
/// what is wrong with one that is. Bounds are those of collect::Requests, and not checked here.
[[nodiscard]] std::expected<collect::Changeable, CallStatus> read_set(std::string_view message, const ConfigView& view);

/// The interval that SetPollFrequencyRequest asks for. Errors: invalid_argument.
[[nodiscard]] std::expected<core::Micros, CallStatus> read_frequency(std::string_view message);

/// TriggerPollBurstRequest, not checked for bounds. Errors: invalid_argument, no such message.
[[nodiscard]] std::expected<collect::Requests::Burst, CallStatus> read_burst(std::string_view message);
[[nodiscard]] std::string write_burst(const collect::Requests::Burst& burst);

/// Whether `message` is one of protobuf, whatever its fields: for requests without any.
[[nodiscard]] std::optional<CallStatus> check_message(std::string_view message);

}  // namespace uncork::rpc
