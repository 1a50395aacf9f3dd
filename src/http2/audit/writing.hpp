#pragma once
// Frames and field blocks as an audit needs them: right and wrong ones, of exactly known bytes.

#include <cstdint>
#include <string_view>

#include "http2/audit/probe.hpp"
#include "http2/frame.hpp"

namespace uncork::http2::audit {

/// The stream of the request with this number; they begin with 0.
[[nodiscard]] constexpr stream_id stream_of(std::uint32_t request) noexcept { return 2 * request + 1; }

/// Entries of HPACK's static table (RFC 7541 appendix A).
namespace static_entry {
inline constexpr std::uint32_t kAuthority = 1;
inline constexpr std::uint32_t kGet = 2;
inline constexpr std::uint32_t kPost = 3;
inline constexpr std::uint32_t kRootPath = 4;
inline constexpr std::uint32_t kHttp = 6;
inline constexpr std::uint32_t kHttps = 7;
inline constexpr std::uint32_t kEmptyAccept = 19;
inline constexpr std::uint32_t kEmptyCookie = 32;
}  // namespace static_entry
/// The newest entry of the dynamic table.
inline constexpr std::uint32_t kNewestEntry = 62;

enum class Method : std::uint8_t { get, post };

/// The fields that every request has. That of stream 1 first says a smaller table, if the server wants one (RFC 7541 4.2).
/// No probe but those that plant an entry themselves puts anything into the table.
void put_request_fields(const Subject& subject, Method method, stream_id stream, byte_vector& into);
void put_indexed(std::uint32_t entry, byte_vector& into);
/// Never to enter the table.
void put_literal(std::string_view name, std::string_view value, byte_vector& into);

/// A whole request: a GET ends its stream, a POST does not.
void put_request(const Subject& subject, Method method, stream_id stream, byte_vector& into);
/// HEADERS of a GET whose block goes on.
void put_open_block(const Subject& subject, stream_id stream, byte_vector& into);

void put_frame(FrameType type, std::uint8_t flags, stream_id stream, byte_span payload, byte_vector& into);
/// `bytes` of the five that it must have (RFC 9113 6.3).
void put_priority(stream_id stream, stream_id depends_on, std::size_t bytes, byte_vector& into);

/// What a client's connection begins with.
void put_opening(const Probe& probe, byte_vector& into);

/// The frames that are whole in bytes which begin with one.
[[nodiscard]] std::uint64_t count_frames(byte_span bytes) noexcept;

}  // namespace uncork::http2::audit
