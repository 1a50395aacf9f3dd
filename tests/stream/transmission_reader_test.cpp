// The blocks that a transmission is cut into for streams that sendfile cannot reach; no stream.

#include "uncork/stream/detail/transmission_reader.hpp"

#include <gtest/gtest.h>

#include "tests/stream/scripted_system.hpp"
#include "uncork/stream/error.hpp"

namespace uncork::stream {
namespace {

using detail::transmission_reader;
using testing_transmit::bytes_at;
using testing_transmit::ScriptedSystem;
using need = transmission_reader::need;

class TransmissionReader : public ::testing::Test {
 protected:
  transmission_reader make() {
    options.head = std::as_bytes(std::span(head));
    options.tail = std::as_bytes(std::span(tail));
    return transmission_reader(4, options, ScriptedSystem::table());
  }
  std::string fill(transmission_reader& reader, need expected) {
    std::vector<std::byte> block;
    EXPECT_EQ(reader.fill(block), expected);
    reader.sent(block.size());
    return {reinterpret_cast<const char*>(block.data()), block.size()};
  }

  ScriptedSystem system;
  transmit_options options;
  std::string head = std::string(300, 'H');
  std::string tail = std::string(80, 'T');
};

TEST_F(TransmissionReader, puts_a_small_file_with_its_ends_into_one_block) {
  system.is_file(4096);
  auto reader = make();
  EXPECT_EQ(fill(reader, need::nothing), head + bytes_at(0, 4096) + tail);
  EXPECT_EQ(reader.result().sent, 4476U);
  EXPECT_EQ(reader.result().expected, 4476U);
  EXPECT_FALSE(reader.error());
}

TEST_F(TransmissionReader, cuts_a_large_one_into_full_blocks_across_the_seams) {
  system.is_file(200'000);
  auto reader = make();
  std::string all;
  for (int i = 0; i < 3; ++i) {
    const std::string block = fill(reader, need::room);
    EXPECT_EQ(block.size(), 65'536U);
    all += block;
  }
  all += fill(reader, need::nothing);
  EXPECT_EQ(all, head + bytes_at(0, 200'000) + tail);
  EXPECT_EQ(fill(reader, need::nothing), "");
}

TEST_F(TransmissionReader, ends_with_the_block_that_is_full_to_the_last_byte) {
  system.is_file(65'536 - 380);
  auto reader = make();
  EXPECT_EQ(fill(reader, need::nothing).size(), 65'536U);
}

TEST_F(TransmissionReader, of_nothing_makes_no_block) {
  head = tail = "";
  auto reader = make();
  EXPECT_EQ(fill(reader, need::nothing), "");
  EXPECT_FALSE(system.asked_for_nothing);
}

TEST_F(TransmissionReader, passes_on_what_a_pipe_has_given_before_it_waits) {
  system.mode = S_IFIFO;
  system.file_size = 10'000;
  system.readable = 4000;
  auto reader = make();
  EXPECT_EQ(fill(reader, need::source), head + bytes_at(0, 4000));
  system.readable = 10'000;
  EXPECT_EQ(fill(reader, need::nothing), bytes_at(4000, 6000) + tail);
}

TEST_F(TransmissionReader, passes_the_head_on_before_cold_pages_are_read_in) {
  system.is_file(4096);
  system.cached_until = 0;
  auto reader = make();
  EXPECT_EQ(fill(reader, need::page_in), head);
  EXPECT_EQ(reader.cold().count, 4096U);
  EXPECT_EQ(fill(reader, need::nothing), bytes_at(0, 4096) + tail);
}

TEST_F(TransmissionReader, passes_on_what_was_there_of_a_file_that_shrank) {
  system.is_file(4096);
  system.file_size = 1000;
  auto reader = make();
  EXPECT_EQ(fill(reader, need::nothing), head + bytes_at(0, 1000));
  EXPECT_EQ(reader.error(), errc::truncated);
  EXPECT_EQ(reader.result().sent, 1300U);
  EXPECT_EQ(reader.result().expected, 4476U);
}

TEST_F(TransmissionReader, each_call_failing_once_gives_its_error_or_all_bytes) {
  for (const int error : {EIO, EINTR}) {
    for (std::size_t call = 0;; ++call) {
      system.start_again();
      system.is_file(100'000);
      system.failing_call = call;
      system.failing_errno = error;
      auto reader = make();
      std::string all;
      for (;;) {
        std::vector<std::byte> block;
        const need next = reader.fill(block);
        all.append(reinterpret_cast<const char*>(block.data()), block.size());
        if (next == need::nothing) break;
      }
      if (system.names.size() <= call) break;
      if (reader.error()) {
        EXPECT_EQ(reader.error().value(), error);
      } else {
        EXPECT_EQ(all, head + bytes_at(0, 100'000) + tail);
      }
    }
  }
}

}  // namespace
}  // namespace uncork::stream
