#include "probe/diag/capture_note.hpp"

#include <gtest/gtest.h>
#include <linux/netlink.h>

#include <cstring>

namespace uncork::probe {
namespace {

CaptureNote full_note(CaptureNote::Kind kind) {
  return {.kind = kind,
          .sequence = 7,
          .timestamp_ns = 1'700'000'000'000'000'000,
          .kernel = "6.18.0",
          .inode = 4026531840,
          .name = "blue",
          .container_id = "0123456789ab",
          .container_runtime = "docker",
          .nsid = 0,
          .counted = 0,
          .complete = true,
          .trouble = "the list stopped short",
          .cookie = 4711};
}

TEST(CaptureNoteTest, reads_what_it_writes) {
  using Kind = CaptureNote::Kind;
  for (const Kind kind : {Kind::none, Kind::look, Kind::space, Kind::done, Kind::closes, Kind::end}) {
    EXPECT_EQ(read_note(write_note(full_note(kind))), full_note(kind));
    const CaptureNote bare{.kind = kind};
    EXPECT_EQ(read_note(write_note(bare)), bare) << "what is absent stays absent";
  }
}

TEST(CaptureNoteTest, is_a_message_that_others_pass_over) {
  const auto datagram = write_note(full_note(CaptureNote::Kind::look));
  nlmsghdr header{};
  std::memcpy(&header, datagram.data(), sizeof header);
  EXPECT_EQ(header.nlmsg_type, NLMSG_NOOP);
  EXPECT_EQ(header.nlmsg_len, datagram.size());
}

TEST(CaptureNoteTest, cuts_texts_that_are_too_long) {
  CaptureNote note{.kind = CaptureNote::Kind::done};
  note.trouble = std::string(5000, 'x');
  EXPECT_EQ(read_note(write_note(note)).value().trouble, std::string(4096, 'x'));
}

TEST(CaptureNoteTest, is_nothing_else_than_a_note) {
  EXPECT_FALSE(read_note({}));
  auto datagram = write_note(full_note(CaptureNote::Kind::look));
  auto other = datagram;
  other[sizeof(nlmsghdr)] = std::byte{'U'};
  EXPECT_FALSE(read_note(other)) << "another mark";
  other = datagram;
  other[4] = std::byte{NLMSG_DONE};
  EXPECT_FALSE(read_note(other));
  other = datagram;
  std::memset(other.data() + sizeof(nlmsghdr) + 8, 0xff, 2);  // the first field's length
  EXPECT_FALSE(read_note(other)) << "a field that is longer than the note";
  for (std::size_t size = 0; size < datagram.size(); ++size) {
    EXPECT_FALSE(read_note(std::span(datagram).first(size))) << "cut to " << size;
  }
}

TEST(CaptureNoteTest, passes_over_kinds_and_fields_of_later_writers) {
  auto datagram = write_note({.kind = CaptureNote::Kind::end, .sequence = 3});
  // The fields come as header and eight bytes each: kind, then sequence.
  const std::size_t kind = sizeof(nlmsghdr) + 8;
  datagram[kind + sizeof(nlattr)] = std::byte{200};
  EXPECT_EQ(read_note(datagram).value().kind, CaptureNote::Kind::none);
  datagram[kind + 2] = std::byte{250};  // its type
  const auto note = read_note(datagram);
  ASSERT_TRUE(note);
  EXPECT_EQ(note->sequence, 3U);
}

}  // namespace
}  // namespace uncork::probe
