#pragma once
// Server reflection: a request of it and the answer. v1 and v1alpha have the same messages. Without I/O.

#include <expected>
#include <string>
#include <string_view>

#include "rpc/descriptors.hpp"
#include "rpc/status.hpp"

namespace uncork::rpc {

/// The ServerReflectionResponse to a ServerReflectionRequest. What is not there is said in the response. Errors:
/// invalid_argument, no message of protobuf.
[[nodiscard]] std::expected<std::string, CallStatus> reflect(std::string_view request, const Descriptors& of);

}  // namespace uncork::rpc
