// Frames from a peer that must not be trusted: any bytes, in pieces of any size, give the same frames and the same error as all
// at once; nothing longer than the bound comes out, and what came out is what went in.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/error.hpp"
#include "uncork/stream/frame.hpp"

namespace {

using namespace uncork::stream;

constexpr std::uint32_t kMostPayload = 4096;

struct Decoded {
  std::vector<frame> frames;
  boost::system::error_code error;
};

Decoded decode(std::span<const std::byte> stream, std::size_t piece_size, frame_decoder& decoder) {
  Decoded all;
  while (!stream.empty() && !all.error) {
    auto piece = stream.first(std::min(stream.size(), piece_size));
    stream = stream.subspan(piece.size());
    while (!piece.empty() && !all.error) {
      auto step = decoder.decode(piece);
      UNCORK_ASSERT(step.consumed <= piece.size());
      UNCORK_ASSERT(step.complete || step.error || step.consumed == piece.size());
      piece = piece.subspan(step.consumed);
      if (step.complete) all.frames.push_back(std::move(*step.complete));
      all.error = step.error;
    }
  }
  return all;
}

/// Encoding the frames gives the input again, as far as they go.
void same_bytes_again(const std::vector<frame>& frames, std::span<const std::byte> stream) {
  for (const frame& one : frames) {
    UNCORK_ASSERT(is_known_type(one.type) && one.payload.size() <= kMostPayload);
    const auto header = encode_frame_header(one.type, static_cast<std::uint32_t>(one.payload.size()));
    UNCORK_ASSERT(std::ranges::equal(header, stream.first(header.size())));
    UNCORK_ASSERT(std::ranges::equal(one.payload, stream.subspan(header.size(), one.payload.size())));
    stream = stream.subspan(header.size() + one.payload.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece_size = 1 + data[0] % 32U;  // the first byte says how the rest comes
  const auto stream = std::as_bytes(std::span(data, size)).subspan(1);
  frame_decoder at_once(kMostPayload);
  frame_decoder in_pieces(kMostPayload);
  const Decoded one = decode(stream, stream.size(), at_once);
  const Decoded other = decode(stream, piece_size, in_pieces);
  UNCORK_ASSERT(one.frames == other.frames && one.error == other.error);
  UNCORK_ASSERT(at_once.frame_start() == in_pieces.frame_start());
  UNCORK_ASSERT(at_once.inside_frame() == in_pieces.inside_frame());
  same_bytes_again(one.frames, stream);
  return 0;
}
