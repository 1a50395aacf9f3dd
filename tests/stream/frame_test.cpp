// Frames: the header's bytes, every split, every fault.

#include "uncork/stream/frame.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string_view>

#include "uncork/stream/error.hpp"

namespace uncork::stream {
namespace {

using bytes = std::vector<std::byte>;

bytes raw(std::initializer_list<unsigned> values) {
  bytes made;
  for (const unsigned value : values) made.push_back(static_cast<std::byte>(value));
  return made;
}

bytes encoded(const frame& one) {
  const auto header = encode_frame_header(one.type, static_cast<std::uint32_t>(one.payload.size()));
  bytes all(header.begin(), header.end());
  all.insert(all.end(), one.payload.begin(), one.payload.end());
  return all;
}

/// Everything that a decoder gives for bytes that come in pieces of the sizes that `next_piece` says.
struct decoded {
  std::vector<frame> frames;
  boost::system::error_code error;
};

template <typename NextPiece>
decoded decode_all(frame_decoder& decoder, std::span<const std::byte> stream, NextPiece next_piece) {
  decoded all;
  while (!stream.empty() && !all.error) {
    auto piece = stream.first(std::min(stream.size(), next_piece()));
    stream = stream.subspan(piece.size());
    while (!piece.empty() && !all.error) {
      auto step = decoder.decode(piece);
      piece = piece.subspan(step.consumed);
      if (step.complete) all.frames.push_back(std::move(*step.complete));
      all.error = step.error;
    }
  }
  return all;
}

TEST(Frame, a_header_is_type_and_length_in_big_endian) {
  const auto header = encode_frame_header(frame_type{0x1234}, 0x00ABCDEF);
  EXPECT_EQ(bytes(header.begin(), header.end()), raw({0, 0, 0x12, 0x34, 0, 0xAB, 0xCD, 0xEF}));
}

TEST(Frame, the_reserved_types_are_those_of_zrepl) {
  EXPECT_EQ(encoded({frame_type::heartbeat, {}}), raw({0x01, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(encoded({frame_type::shutdown, {}}), raw({0x10, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(encoded({frame_type::stream_error, {}}), raw({0, 0x01, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(encoded({frame_type::stream_end, {}}), raw({0, 0x02, 0, 0, 0, 0, 0, 0}));
}

TEST(Frame, is_complete_with_its_last_byte_and_takes_no_byte_of_the_next) {
  frame_decoder decoder(100);
  auto stream = raw({0, 0, 0, 23, 0, 0, 0, 3, 'a', 'b', 'c'});
  stream.push_back(std::byte{0});
  EXPECT_FALSE(decoder.decode(std::span(stream).first(10)).complete);
  EXPECT_TRUE(decoder.inside_frame());
  const auto step = decoder.decode(std::span(stream).subspan(10));
  EXPECT_EQ(step.consumed, 1U);
  ASSERT_TRUE(step.complete);
  EXPECT_EQ(*step.complete, (frame{frame_type{23}, raw({'a', 'b', 'c'})}));
  EXPECT_FALSE(decoder.inside_frame());
  EXPECT_EQ(decoder.frame_start(), 11U);
}

TEST(Frame, without_payload_is_complete_with_its_header) {
  frame_decoder decoder(0);
  const auto step = decoder.decode(encoded({frame_type{7}, {}}));
  EXPECT_EQ(step.consumed, kFrameHeaderSize);
  ASSERT_TRUE(step.complete);
  EXPECT_TRUE(step.complete->payload.empty());
}

TEST(Frame, no_bytes_change_nothing) {
  frame_decoder decoder(8);
  const auto step = decoder.decode({});
  EXPECT_EQ(step.consumed, 0U);
  EXPECT_FALSE(step.complete);
  EXPECT_FALSE(step.error);
  EXPECT_FALSE(decoder.inside_frame());
}

struct Fault {
  const char* what;
  bytes header;
  errc error;
};

TEST(Frame, faults_are_told_with_the_headers_last_byte_after_everything_good_and_for_good) {
  const std::vector<Fault> faults = {
      {"two reserved bits", raw({0x11, 0, 0, 0, 0, 0, 0, 0}), errc::unknown_frame},
      {"a reserved and a user bit", raw({0x01, 0, 0, 1, 0, 0, 0, 0}), errc::unknown_frame},
      {"a bit that nobody has", raw({0, 0x04, 0, 0, 0, 0, 0, 0}), errc::unknown_frame},
      {"a heartbeat with a payload", raw({0x01, 0, 0, 0, 0, 0, 0, 1}), errc::unexpected_payload},
      {"a shutdown with a payload", raw({0x10, 0, 0, 0, 0, 0, 0, 1}), errc::unexpected_payload},
      {"one byte over the bound", raw({0, 0, 0, 1, 0, 0, 0, 101}), errc::frame_too_long},
      {"the longest length", raw({0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF}), errc::frame_too_long},
  };
  for (const Fault& fault : faults) {
    SCOPED_TRACE(fault.what);
    const frame good{frame_type{1}, bytes(100)};
    auto stream = encoded(good);
    stream.insert(stream.end(), fault.header.begin(), fault.header.end());
    frame_decoder decoder(100);
    const auto all = decode_all(decoder, stream, [] { return std::size_t{1}; });
    EXPECT_EQ(all.frames, std::vector<frame>{good});
    EXPECT_EQ(all.error, fault.error);
    EXPECT_EQ(decoder.frame_start(), 108U);
    const auto again = decoder.decode(encoded(good));
    EXPECT_EQ(again.error, fault.error);
    EXPECT_EQ(again.consumed, 0U);
    EXPECT_FALSE(again.complete);
  }
}

TEST(FrameProperties, any_frames_at_any_split_come_out_as_they_went_in) {
  EXPECT_TRUE(rc::check([] {
    const std::vector<frame_type> reserved = {frame_type::heartbeat, frame_type::shutdown};
    std::vector<frame> sent;
    bytes stream;
    const auto count = *rc::gen::inRange<std::size_t>(0, 20);
    for (std::size_t i = 0; i < count; ++i) {
      frame one{static_cast<frame_type>(*rc::gen::arbitrary<std::uint16_t>()), bytes(*rc::gen::inRange<std::size_t>(0, 300))};
      for (std::byte& byte : one.payload) byte = static_cast<std::byte>(i + stream.size());
      if (*rc::gen::inRange(0, 4) == 0) one = {*rc::gen::elementOf(reserved), {}};
      const auto on_the_wire = encoded(one);
      stream.insert(stream.end(), on_the_wire.begin(), on_the_wire.end());
      sent.push_back(std::move(one));
    }
    frame_decoder decoder(300);
    const auto all = decode_all(decoder, stream, [] { return *rc::gen::inRange<std::size_t>(1, 64); });
    RC_ASSERT(!all.error);
    RC_ASSERT(all.frames == sent);
    RC_ASSERT(decoder.frame_start() == stream.size());
  }));
}

TEST(FrameProperties, any_bytes_give_the_same_frames_and_error_at_once_and_one_by_one) {
  EXPECT_TRUE(rc::check([](const std::vector<std::uint8_t>& noise) {
    bytes stream;
    for (const std::uint8_t value : noise) stream.push_back(static_cast<std::byte>(value % 3 == 0 ? value : 0));
    frame_decoder whole(64);
    frame_decoder split(64);
    const auto one = decode_all(whole, stream, [] { return std::size_t{1} << 20U; });
    const auto other = decode_all(split, stream, [] { return std::size_t{1}; });
    RC_ASSERT(one.frames == other.frames);
    RC_ASSERT(one.error == other.error);
    RC_ASSERT(whole.frame_start() == split.frame_start());
  }));
}

}  // namespace
}  // namespace uncork::stream
