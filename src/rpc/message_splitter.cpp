#include "rpc/message_splitter.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <array>
#include <cstdint>
#include <utility>

namespace uncork::rpc {
namespace {

constexpr std::size_t kPrefix = 5;

std::unexpected<CallStatus> refuse(Code code, std::string why) { return std::unexpected(CallStatus(code, std::move(why))); }

std::string too_long(std::string_view what) { return fmt::format("{}: at most {} bytes are accepted", what, kMostMessageBytes); }

}  // namespace

std::expected<std::optional<std::string>, CallStatus> MessageSplitter::next() {
  if (held_.size() - taken_ < kPrefix) {
    held_.erase(0, std::exchange(taken_, 0));
    return std::nullopt;
  }
  const auto byte = [&](std::size_t i) { return std::size_t{static_cast<unsigned char>(held_[taken_ + i])}; };
  const std::size_t flag = byte(0);
  const std::size_t size = byte(1) << 24U | byte(2) << 16U | byte(3) << 8U | byte(4);
  if (flag > 1) return refuse(Code::internal, fmt::format("a message begins with {}; 0 and 1 are accepted", flag));
  if (flag == 1 && encoding_ == Encoding::identity)
    return refuse(Code::internal, "a message is compressed, but grpc-encoding does not say how");
  if (size > kMostMessageBytes) return refuse(Code::resource_exhausted, too_long(fmt::format("a message of {} bytes", size)));
  if (held_.size() - taken_ < kPrefix + size) {
    held_.erase(0, std::exchange(taken_, 0));
    return std::nullopt;
  }
  const std::string_view message = std::string_view(held_).substr(taken_ + kPrefix, size);
  auto made = flag == 1 ? unpacked(message) : std::expected<std::string, CallStatus>(std::string(message));
  taken_ += kPrefix + size;
  if (!made) return std::unexpected(made.error());
  return std::move(*made);
}

void put_prefix(std::size_t message_bytes, std::string& to) {
  const auto size = static_cast<std::uint32_t>(message_bytes);
  for (const std::uint32_t byte : {0U, size >> 24U, size >> 16U, size >> 8U, size}) to += static_cast<char>(byte & 0xffU);
}

std::expected<std::string, CallStatus> unpacked(std::string_view packed) {
  constexpr int kGzipAlone = 16 + MAX_WBITS;
  z_stream stream{};
  if (::inflateInit2(&stream, kGzipAlone) != Z_OK) return refuse(Code::internal, "no memory to decompress a message");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string made;
  std::array<char, 4096> piece{};
  int result = Z_OK;
  while (result == Z_OK && made.size() <= kMostMessageBytes) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    result = ::inflate(&stream, Z_NO_FLUSH);
    made.append(piece.data(), piece.size() - stream.avail_out);
  }
  ::inflateEnd(&stream);
  if (made.size() > kMostMessageBytes) return refuse(Code::resource_exhausted, too_long("a compressed message"));
  if (result != Z_STREAM_END) return refuse(Code::internal, "a message is no gzip");
  return made;
}

}  // namespace uncork::rpc
