#pragma once
// zstd: bytes as one frame. Frames one after the other are a zstd file, so that what was written is whole after each of them.

#include <memory>
#include <string>
#include <string_view>

#include "core/result.hpp"

struct ZSTD_CCtx_s;

namespace uncork::sink {

/// One thread at a time. A frame carries the length and a check sum of what it holds (RFC 8878 3.1.1).
class Compressor {
 public:
  Compressor();

  [[nodiscard]] core::Result<std::string> frame(std::string_view bytes);

 private:
  struct Free {
    void operator()(ZSTD_CCtx_s* context) const noexcept;
  };
  std::unique_ptr<ZSTD_CCtx_s, Free> context_;
};

/// The length of the longest beginning of `bytes` that is whole frames.
[[nodiscard]] std::size_t whole_frames(std::string_view bytes);

}  // namespace uncork::sink
