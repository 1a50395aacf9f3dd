#pragma once
// What the streams report beside Asio's own errors.

#include <boost/system/error_category.hpp>
#include <boost/system/error_code.hpp>
#include <type_traits>

namespace uncork::stream {

/// Reasons of ours; everything else is the system's or Asio's error_code, passed on unchanged.
enum class errc {
  peer_silent = 1,     ///< no sign of life from the peer within the silence limit
  no_progress,         ///< the peer lives but has taken none of our bytes within the no-progress limit
  truncated,           ///< the file ended before the promised bytes did; see transmit_result
  frame_too_long,      ///< a frame announces a payload larger than allowed
  unknown_frame,       ///< a frame of a reserved type that nobody has defined
  unexpected_payload,  ///< a heartbeat or shutdown frame that carries a payload
  peer_shut_down,      ///< the peer has sent its shutdown frame: nothing more will come
  shut_down,           ///< this side has begun its shutdown
  reserved_type,       ///< a frame type given by the caller that is not the caller's to use
  frame_cut_short      ///< the connection ended inside a frame
};

/// The category "uncork.stream". Lives forever.
[[nodiscard]] const boost::system::error_category& category() noexcept;
[[nodiscard]] boost::system::error_code make_error_code(errc code) noexcept;

}  // namespace uncork::stream

template <>
struct boost::system::is_error_code_enum<uncork::stream::errc> : std::true_type {};
