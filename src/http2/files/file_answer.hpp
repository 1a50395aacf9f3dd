#pragma once
// What a request for a file is answered with.

#include <cstdint>
#include <string>
#include <string_view>

#include "http2/files/file_descriptor.hpp"
#include "uncork/http2/fields.hpp"

namespace uncork::http2 {

/// The fields are complete but for `date`, which is the server's; connection-specific ones are never among them. The body is
/// `length` bytes of `file` from `offset`, or `text`, or none (HEAD, 304): never two of these. Owns the descriptor; moves.
struct FileAnswer {
  int status = 0;
  fields response;      ///< `:status` first
  FileDescriptor file;  ///< a regular file, if there are bytes of one to send. It may have become shorter by then
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::string_view text;  ///< of an error or a redirection; lives for ever
};

}  // namespace uncork::http2
