#pragma once
// Conditional requests (RFC 9110 section 13).

#include <chrono>
#include <cstdint>
#include <string_view>

#include "http2/files/file_request.hpp"

namespace uncork::http2 {

/// What a selected representation is recognised by.
struct Validators {
  std::string_view tag;               ///< strong, with its quotes
  std::chrono::sys_seconds modified;  ///< as Last-Modified says it: never later than `now`
};

enum class Precondition : std::uint8_t {
  holds,         ///< go on, to the range if there is one
  not_modified,  ///< 304
  failed         ///< 412
};

/// If-Match, else If-Unmodified-Since; then If-None-Match, else If-Modified-Since: the order of RFC 9110 13.2.2, for GET and
/// HEAD.
[[nodiscard]] Precondition judge_preconditions(const FileRequest& request, const Validators& ours, std::chrono::sys_seconds now);

/// Whether Range is to be looked at: by GET alone (RFC 9110 14.2), and If-Range, if there is one, names what we have. A date does
/// so if it is Last-Modified's to the second and that second is over, so that it names one version (RFC 9110 13.1.5).
[[nodiscard]] bool may_be_partial(const FileRequest& request, const Validators& ours, std::chrono::sys_seconds now);

}  // namespace uncork::http2
