#include "sink/outlet/compress.hpp"

#include <zstd.h>

namespace uncork::sink {

void Compressor::Free::operator()(ZSTD_CCtx_s* context) const noexcept { ZSTD_freeCCtx(context); }

Compressor::Compressor() : context_(ZSTD_createCCtx()) {
  if (!context_) return;  // frame() says so
  ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
}

core::Result<std::string> Compressor::frame(std::string_view bytes) {
  if (!context_) return core::fail({core::ErrorCode::system, 0, "zstd: no memory"});
  std::string frame(ZSTD_compressBound(bytes.size()), '\0');
  const std::size_t size = ZSTD_compress2(context_.get(), frame.data(), frame.size(), bytes.data(), bytes.size());
  if (ZSTD_isError(size) != 0) {
    return core::fail({core::ErrorCode::system, 0, std::string("zstd: ") + ZSTD_getErrorName(size)});
  }
  frame.resize(size);
  return frame;
}

std::size_t whole_frames(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    const std::size_t size = ZSTD_findFrameCompressedSize(bytes.data() + at, bytes.size() - at);
    if (ZSTD_isError(size) != 0) break;
    at += size;
  }
  return at;
}

}  // namespace uncork::sink
