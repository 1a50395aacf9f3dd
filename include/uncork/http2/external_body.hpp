#pragma once
// Bodies that a session frames without seeing them.

#include <cstddef>
#include <cstdint>

namespace uncork::http2 {

/// What whoever drives a session sends beside what the session holds: a file by sendfile. Held by the session until its last byte
/// has been sent, or the stream has been reset.
class external_body {
 public:
  external_body() = default;
  external_body(const external_body&) = delete;
  external_body& operator=(const external_body&) = delete;
  virtual ~external_body() = default;
};

/// So many bytes of one; none without a body.
struct external_piece {
  external_body* body = nullptr;
  std::size_t size = 0;
};

}  // namespace uncork::http2
