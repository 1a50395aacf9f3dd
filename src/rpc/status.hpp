#pragma once
// How a call of gRPC ends.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace uncork::rpc {

/// gRPC's status codes, by their numbers (its doc/statuscodes.md).
enum class Code : std::uint8_t {
  ok = 0,
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  resource_exhausted = 8,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  unauthenticated = 16,
};

/// A value.
struct CallStatus {
  CallStatus() = default;
  CallStatus(Code which, std::string why) : code(which), message(std::move(why)) {}
  [[nodiscard]] bool is_ok() const { return code == Code::ok; }
  bool operator==(const CallStatus&) const = default;

  Code code = Code::ok;
  std::string message;  ///< a sentence for a person
};

/// grpc-message is percent-encoded UTF-8 (gRPC's PROTOCOL-HTTP2.md).
[[nodiscard]] std::string percent_encoded(std::string_view text);

}  // namespace uncork::rpc
