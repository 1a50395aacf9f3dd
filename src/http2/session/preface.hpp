#pragma once
// What a client's connection begins with (RFC 9113 3.4).

#include <string_view>

namespace uncork::http2 {

inline constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

}  // namespace uncork::http2
