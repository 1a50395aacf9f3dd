#pragma once
// What of a request decides how a file is answered with.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "uncork/http2/fields.hpp"

namespace uncork::http2 {

enum class FileMethod : std::uint8_t { get, head, other };

/// A field that stands more than once is one value with commas between (RFC 9110 5.3); where no list is allowed, what comes of
/// that is not well-formed, as it should be.
struct FileRequest {
  FileMethod method = FileMethod::other;
  std::string_view path;  ///< of the fields that were read
  std::optional<std::string> accept_encoding;
  std::optional<std::string> if_match;
  std::optional<std::string> if_none_match;
  std::optional<std::string> if_modified_since;
  std::optional<std::string> if_unmodified_since;
  std::optional<std::string> if_range;
  std::optional<std::string> range;
};

[[nodiscard]] FileRequest read_file_request(const fields& request);

}  // namespace uncork::http2
