#include "sink/verify/row_file.hpp"

#include <fcntl.h>
#include <zstd.h>

#include <memory>
#include <span>
#include <vector>

#include "core/syscall.hpp"

namespace uncork::sink {
namespace {

constexpr std::string_view kZstdMagic = "\x28\xb5\x2f\xfd";  // RFC 8878 3.1.1

/// Bytes of a zstd file in pieces, out as what they hold.
class Decompressor {
 public:
  Decompressor() : stream_(ZSTD_createDStream(), &ZSTD_freeDStream), out_(ZSTD_DStreamOutSize()) {}

  [[nodiscard]] core::Status feed(std::string_view bytes, RowScanner& scanner) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    for (bool has_more = false; has_more || in.pos < in.size;) {
      ZSTD_outBuffer out{out_.data(), out_.size(), 0};
      const std::size_t left = ZSTD_decompressStream(stream_.get(), &out, &in);
      if (ZSTD_isError(left) != 0) {
        return core::fail(core::invalid_argument("byte " + std::to_string(fed_ + in.pos) +
                                                 ": the compression is damaged: " + ZSTD_getErrorName(left)));
      }
      made_ += out.pos;
      if (auto fed = scanner.feed({out_.data(), out.pos}); !fed) return fed;
      is_in_frame_ = left != 0;  // 0: a frame is over
      has_more = is_in_frame_ && out.pos == out.size;
    }
    fed_ += bytes.size();
    return {};
  }
  [[nodiscard]] bool is_in_frame() const { return is_in_frame_; }
  [[nodiscard]] std::uint64_t made() const { return made_; }

 private:
  std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream_;
  std::vector<char> out_;
  std::uint64_t fed_ = 0;
  std::uint64_t made_ = 0;
  bool is_in_frame_ = false;
};

core::Status read_all(const core::Fd& file, RowScanner& scanner, RowFileEnd& end) {
  std::vector<std::byte> chunk(1U << 20);
  std::unique_ptr<Decompressor> decompressor;
  std::string first;  // until there are enough bytes to tell
  for (;;) {
    const auto got = core::read_some(file, chunk);
    if (!got) return core::fail(got.error());
    const bool is_end = got->kind != core::ReadOutcome::Kind::bytes;
    std::string_view bytes(reinterpret_cast<const char*>(chunk.data()), got->count);
    if (end.bytes < kZstdMagic.size()) {
      first += bytes;
      bytes = first;
    }
    end.bytes += got->count;
    if (end.bytes < kZstdMagic.size() && !is_end) continue;
    if (!first.empty() && bytes.starts_with(kZstdMagic)) decompressor = std::make_unique<Decompressor>();
    const auto fed = decompressor ? decompressor->feed(bytes, scanner) : scanner.feed(bytes);
    if (!fed) return fed;
    first.clear();
    if (is_end) break;
  }
  end.is_compressed = decompressor != nullptr;
  end.tail = scanner.tail();
  if (!end.tail && decompressor && decompressor->is_in_frame()) end.tail = RowScanner::Tail{decompressor->made(), 0};
  return {};
}

}  // namespace

core::Result<RowFileEnd> read_row_file(const std::string& path, const RowScanner::OnRow& on_row) {
  const auto file = core::open_file(path, O_RDONLY);
  if (!file) return core::fail(file.error());
  RowScanner scanner(on_row);
  RowFileEnd end;
  if (auto read = read_all(*file, scanner, end); !read) {
    return core::fail({read.error().code, read.error().system_errno, path + ": " + read.error().message});
  }
  return end;
}

}  // namespace uncork::sink
