#pragma once
// Why a stream or a connection of HTTP/2 ends (RFC 9113 section 7).

#include <boost/system/error_category.hpp>
#include <boost/system/error_code.hpp>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace uncork::http2 {

/// The codes that RST_STREAM and GOAWAY carry. A peer may send others; RFC 9113 section 7 has them treated as internal_error.
enum class errc : std::uint32_t {
  no_error = 0x0,             ///< nothing is wrong: a graceful end
  protocol_error = 0x1,       ///< the peer broke a rule that has no code of its own
  internal_error = 0x2,       ///< this end failed
  flow_control_error = 0x3,   ///< more bytes than the window allowed, or a window beyond 2^31-1
  settings_timeout = 0x4,     ///< SETTINGS were not acknowledged in time
  stream_closed = 0x5,        ///< a frame for a stream whose sender had ended it
  frame_size_error = 0x6,     ///< a frame of a length that its type does not have
  refused_stream = 0x7,       ///< not processed at all: it may be sent again
  cancel = 0x8,               ///< no longer needed
  compression_error = 0x9,    ///< the field block cannot be decoded: the tables of the two ends may differ now
  connect_error = 0xa,        ///< the connection made for a CONNECT request was reset
  enhance_your_calm = 0xb,    ///< the peer asks for more than is good for this end
  inadequate_security = 0xc,  ///< TLS below what RFC 9113 9.2 asks for
  http_1_1_required = 0xd     ///< to be sent again in HTTP/1.1
};

/// The name as the RFC writes it, `PROTOCOL_ERROR`; empty for a code that has none.
[[nodiscard]] std::string_view name_of(errc code) noexcept;

/// The category "uncork.http2". Lives forever. As an error_code no_error is false, as everywhere in Boost.
[[nodiscard]] const boost::system::error_category& category() noexcept;
[[nodiscard]] boost::system::error_code make_error_code(errc code) noexcept;

}  // namespace uncork::http2

template <>
struct boost::system::is_error_code_enum<uncork::http2::errc> : std::true_type {};
