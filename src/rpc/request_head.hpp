#pragma once
// What the head of a request says of a call: its deadline and its encoding.

#include <chrono>
#include <expected>
#include <optional>
#include <string_view>

#include "rpc/message_splitter.hpp"
#include "rpc/status.hpp"

namespace uncork::rpc {

/// The value of grpc-timeout: eight digits at most, and one of H M S m u n; more than a year is a year. Nothing: it is none.
[[nodiscard]] std::optional<std::chrono::nanoseconds> timeout_of(std::string_view text);

/// The value of grpc-encoding; empty: there is none. Errors: unimplemented.
[[nodiscard]] std::expected<Encoding, CallStatus> encoding_of(std::string_view text);
/// What is told to those whose encoding is not known.
inline constexpr std::string_view kAcceptedEncodings = "identity,gzip";

/// Whether `authorization` is `Bearer TOKEN`. Takes as long whatever it holds, but for its length.
[[nodiscard]] bool is_authorized(std::string_view authorization, std::string_view token);

}  // namespace uncork::rpc
