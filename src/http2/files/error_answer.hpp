#pragma once
// Answers that are not of a file: a status and a line of text.

#include <string_view>

#include "http2/files/file_answer.hpp"
#include "http2/files/file_request.hpp"
#include "http2/files/target_path.hpp"

namespace uncork::http2 {

/// `404 Not Found` and its like, of the status codes that a site has. HEAD gets the length of the text and not the text. More
/// fields may be added behind.
[[nodiscard]] FileAnswer status_answer(int status, FileMethod method);

[[nodiscard]] int status_of(TargetFault fault);
/// Of an open that failed.
[[nodiscard]] int status_of_open(int error);

}  // namespace uncork::http2
