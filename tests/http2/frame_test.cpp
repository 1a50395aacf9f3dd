// Frames: headers there and back, padding and priority taken off, blocks cut into CONTINUATIONs.

#include "http2/frame.hpp"

#include <gmock/gmock.h>
#include <rapidcheck.h>

#include "tests/http2/bytes.hpp"

namespace uncork::http2 {
namespace {

using testing::hex;

FrameHeader header_of(FrameType type, std::uint8_t flags, std::size_t length) {
  return {static_cast<std::uint32_t>(length), static_cast<std::uint8_t>(type), flags, 1};
}

struct Stripped {
  errc error;
  byte_vector left;
  bool operator==(const Stripped&) const = default;
};

Stripped strip(FrameType type, std::uint8_t flags, std::string_view payload) {
  const byte_vector bytes = hex(payload);
  byte_span left = bytes;
  const errc error = strip_padding(header_of(type, flags, bytes.size()), left);
  if (error != errc::no_error) return {error, {}};
  return {error, {left.begin(), left.end()}};
}

TEST(FrameHeader, is_read_as_it_was_written) {
  EXPECT_TRUE(rc::check([] {
    const FrameHeader written{*rc::gen::inRange<std::uint32_t>(0, kMostMaxFrameSize + 1), *rc::gen::arbitrary<std::uint8_t>(),
                              *rc::gen::arbitrary<std::uint8_t>(), *rc::gen::arbitrary<std::uint32_t>() & kMostStreamId};
    byte_vector bytes;
    put_frame_header(written, bytes);
    RC_ASSERT(bytes.size() == kFrameHeaderBytes);
    RC_ASSERT(read_frame_header(bytes) == written);
  }));
}

TEST(FrameHeader, ignores_the_reserved_bit_of_the_stream) {
  EXPECT_EQ(read_frame_header(hex("000004 08 00 80000003")).stream, 3U);
}

TEST(Padding, is_taken_off_data_and_headers) {
  EXPECT_EQ(strip(FrameType::data, 0, "0102"), (Stripped{errc::no_error, hex("0102")}));
  EXPECT_EQ(strip(FrameType::data, frame_flag::kPadded, "02 aabb 0000"), (Stripped{errc::no_error, hex("aabb")}));
  EXPECT_EQ(strip(FrameType::headers, frame_flag::kPadded, "01 82 00"), (Stripped{errc::no_error, hex("82")}));
}

TEST(Padding, may_be_all_that_there_is) {
  EXPECT_EQ(strip(FrameType::data, frame_flag::kPadded, "02 0000"), (Stripped{errc::no_error, {}}));
  EXPECT_EQ(strip(FrameType::data, frame_flag::kPadded, "00"), (Stripped{errc::no_error, {}}));
}

TEST(Padding, longer_than_what_is_there_is_a_protocol_error) {
  EXPECT_EQ(strip(FrameType::data, frame_flag::kPadded, "03 0000").error, errc::protocol_error);
  EXPECT_EQ(strip(FrameType::headers, frame_flag::kPadded | frame_flag::kPriority, "01 0000000000").error, errc::protocol_error);
}

TEST(Padding, without_its_length_is_a_frame_of_a_wrong_size) {
  EXPECT_EQ(strip(FrameType::data, frame_flag::kPadded, "").error, errc::frame_size_error);
  EXPECT_EQ(strip(FrameType::headers, frame_flag::kPriority, "00000000").error, errc::frame_size_error);
}

TEST(Priority, is_taken_off_headers_and_is_body_in_data) {
  EXPECT_EQ(strip(FrameType::headers, frame_flag::kPriority, "8000000310 82"), (Stripped{errc::no_error, hex("82")}));
  EXPECT_EQ(strip(FrameType::headers, frame_flag::kPadded | frame_flag::kPriority, "01 0000000310 82 00"),
            (Stripped{errc::no_error, hex("82")}));
  EXPECT_EQ(strip(FrameType::data, frame_flag::kPriority, "8000000310 82"), (Stripped{errc::no_error, hex("8000000310 82")}));
}

TEST(Frames, are_written_to_the_byte) {
  byte_vector bytes;
  put_data(1, hex("aabb"), true, bytes);
  EXPECT_EQ(bytes, hex("000002 00 01 00000001 aabb"));
  bytes.clear();
  put_rst_stream(3, errc::cancel, bytes);
  EXPECT_EQ(bytes, hex("000004 03 00 00000003 00000008"));
  bytes.clear();
  const OneSetting settings[] = {{static_cast<std::uint16_t>(Setting::max_concurrent_streams), 100}};
  put_settings(settings, bytes);
  EXPECT_EQ(bytes, hex("000006 04 00 00000000 0003 00000064"));
  bytes.clear();
  put_settings_ack(bytes);
  EXPECT_EQ(bytes, hex("000000 04 01 00000000"));
  bytes.clear();
  put_ping({std::byte{1}}, true, bytes);
  EXPECT_EQ(bytes, hex("000008 06 01 00000000 0100000000000000"));
  bytes.clear();
  put_goaway(5, errc::enhance_your_calm, "no", bytes);
  EXPECT_EQ(bytes, hex("00000a 07 00 00000000 00000005 0000000b 6e6f"));
  bytes.clear();
  put_window_update(0, kMostWindow, bytes);
  EXPECT_EQ(bytes, hex("000004 08 00 00000000 7fffffff"));
}

TEST(FieldBlocks, are_cut_into_frames_of_the_size_that_the_peer_takes) {
  EXPECT_TRUE(rc::check([] {
    const auto before = *rc::gen::inRange<std::size_t>(0, 40);
    const auto most = *rc::gen::inRange<std::uint32_t>(1, 50);
    const auto block = *rc::gen::container<byte_vector>(
        rc::gen::map(rc::gen::arbitrary<std::uint8_t>(), [](std::uint8_t value) { return static_cast<std::byte>(value); }));
    byte_vector bytes(before + kFrameHeaderBytes);
    bytes.insert(bytes.end(), block.begin(), block.end());
    finish_headers(7, true, before, most, bytes);
    byte_vector gathered;
    bool ended = false;
    byte_span left = byte_span(bytes).subspan(before);
    for (bool first = true; !left.empty(); first = false) {
      RC_ASSERT(!ended);
      const FrameHeader header = read_frame_header(left.first(kFrameHeaderBytes));
      RC_ASSERT(header.type == static_cast<std::uint8_t>(first ? FrameType::headers : FrameType::continuation));
      RC_ASSERT(header.has(frame_flag::kEndStream) == first);
      RC_ASSERT(header.length <= most && header.stream == 7U);
      ended = header.has(frame_flag::kEndHeaders);
      const byte_span payload = left.subspan(kFrameHeaderBytes, header.length);
      gathered.insert(gathered.end(), payload.begin(), payload.end());
      left = left.subspan(kFrameHeaderBytes + header.length);
    }
    RC_ASSERT(ended);
    RC_ASSERT(gathered == block);
  }));
}

TEST(Errors, have_the_names_of_the_rfc_and_a_meaning) {
  EXPECT_EQ(name_of(errc::frame_size_error), "FRAME_SIZE_ERROR");
  EXPECT_EQ(name_of(errc::http_1_1_required), "HTTP_1_1_REQUIRED");
  EXPECT_EQ(name_of(static_cast<errc>(0xe)), "");
  for (std::uint32_t code = 0; code <= 0xd; ++code) {
    EXPECT_FALSE(name_of(static_cast<errc>(code)).empty());
    EXPECT_FALSE(make_error_code(static_cast<errc>(code)).message().empty());
  }
  EXPECT_FALSE(make_error_code(errc::no_error));
  EXPECT_TRUE(make_error_code(errc::cancel));
  EXPECT_STREQ(make_error_code(errc::cancel).category().name(), "uncork.http2");
}

}  // namespace
}  // namespace uncork::http2
