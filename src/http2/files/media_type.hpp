#pragma once
// What kind of bytes a file holds, by its name.

#include <string_view>

namespace uncork::http2 {

/// The value of Content-Type for a file of this name, by what stands behind its last dot in any case; texts are taken for UTF-8.
/// `application/octet-stream` for what is not known: a browser then saves it, and runs nothing.
[[nodiscard]] std::string_view media_type(std::string_view file_name);

}  // namespace uncork::http2
