// What a file transmission asks of the kernel, call by call, and what it waits for; no socket.

#include "uncork/stream/detail/file_transmission.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/stream/scripted_system.hpp"
#include "uncork/stream/error.hpp"

namespace uncork::stream {
namespace {

using detail::file_transmission;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;
using testing_transmit::bytes_at;
using testing_transmit::ScriptedSystem;
using need = file_transmission::need;

constexpr int kSocket = 3;
constexpr int kFile = 4;

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

class Transmission : public ::testing::Test {
 protected:
  file_transmission make() { return file_transmission(kSocket, kFile, options, ScriptedSystem::table()); }
  void with_ends(std::size_t head_bytes, std::size_t tail_bytes) {
    head.assign(head_bytes, 'H');
    tail.assign(tail_bytes, 'T');
    options.head = bytes_of(head);
    options.tail = bytes_of(tail);
  }
  /// To the end, granting everything that it waits for.
  void run_to_end(file_transmission& transmission) {
    for (int turns = 0; turns < 10'000; ++turns) {
      switch (transmission.turn()) {
        case need::nothing:
          return;
        case need::turn:
          break;
        case need::writable:
          EXPECT_FALSE(system.corked) << "a cork across a wait";
          system.room = room_again;
          break;
        case need::source:
          EXPECT_FALSE(system.corked) << "a cork across a wait";
          system.readable = readable_again;
          break;
        case need::page_in:
          EXPECT_FALSE(system.corked) << "a cork across a wait";
          system.cached_until = transmission.cold().offset + transmission.cold().count;
          break;
      }
    }
    FAIL() << "it does not end";
  }

  ScriptedSystem system;
  transmit_options options;
  std::string head;
  std::string tail;
  std::size_t room_again = SIZE_MAX;
  std::size_t readable_again = SIZE_MAX;
};

TEST_F(Transmission, sends_head_file_and_tail_under_one_cork_with_nodelay) {
  system.is_file(4096);
  with_ends(300, 80);
  auto transmission = make();
  EXPECT_EQ(transmission.turn(), need::nothing);
  EXPECT_THAT(system.calls, ElementsAre("nodelay", "cork", "send 300", "sendfile 4096", "send 80", "uncork"));
  EXPECT_EQ(system.arrived, head + bytes_at(0, 4096) + tail);
  EXPECT_FALSE(transmission.error());
  EXPECT_EQ(transmission.result().sent, 4476U);
  EXPECT_EQ(transmission.result().expected, 4476U);
}

TEST_F(Transmission, leaves_out_what_is_empty_and_never_transfers_no_byte) {
  for (const std::size_t size : {0U, 1U, 4096U, 65536U}) {
    for (const auto& [head_bytes, tail_bytes] : {std::pair(0, 0), std::pair(300, 0), std::pair(0, 80), std::pair(300, 80)}) {
      for (const std::size_t bound : {1U, 4096U, 65536U, 1U << 20}) {
        if (size / bound > 5000) continue;
        system.is_file(size);
        system.arrived.clear();
        options.chunk_bound = bound;
        with_ends(static_cast<std::size_t>(head_bytes), static_cast<std::size_t>(tail_bytes));
        auto transmission = make();
        run_to_end(transmission);
        EXPECT_FALSE(transmission.error());
        EXPECT_EQ(system.arrived, head + bytes_at(0, size) + tail) << size << " in chunks of " << bound;
      }
    }
  }
  EXPECT_FALSE(system.asked_for_nothing);
}

TEST_F(Transmission, without_a_file_sends_head_and_tail_alone) {
  with_ends(10, 5);
  file_transmission transmission(kSocket, -1, options, ScriptedSystem::table());
  EXPECT_EQ(transmission.turn(), need::nothing);
  EXPECT_EQ(system.arrived, head + tail);
  EXPECT_THAT(system.names, Not(Contains("fstat")));
}

TEST_F(Transmission, gives_the_loop_back_after_its_bound_but_not_between_the_file_and_its_tail) {
  system.is_file(8192);
  with_ends(300, 80);
  options.chunk_bound = 4096;
  auto transmission = make();
  EXPECT_EQ(transmission.turn(), need::turn);
  EXPECT_EQ(transmission.result().sent, 4396U);
  system.calls.clear();
  EXPECT_EQ(transmission.turn(), need::nothing);
  EXPECT_THAT(system.calls, ElementsAre("cork", "sendfile 4096", "send 80", "uncork"));
}

TEST_F(Transmission, sends_the_asked_part_of_a_file_and_no_more_when_it_grows) {
  system.is_file(10'000);
  options.offset = 100;
  options.length = 50;
  auto part = make();
  EXPECT_EQ(part.turn(), need::nothing);
  EXPECT_EQ(system.arrived, bytes_at(100, 50));

  system.arrived.clear();
  options.length = 0;
  system.room = 1000;
  auto rest = make();
  EXPECT_EQ(rest.turn(), need::writable);
  system.is_file(20'000);
  run_to_end(rest);
  EXPECT_EQ(system.arrived, bytes_at(100, 9900));
  EXPECT_EQ(rest.result().sent, 9900U);
  EXPECT_EQ(rest.result().expected, 9900U);
}

TEST_F(Transmission, of_an_offset_behind_the_end_nothing_is_sent_but_the_ends) {
  system.is_file(100);
  options.offset = 500;
  with_ends(3, 4);
  auto transmission = make();
  EXPECT_EQ(transmission.turn(), need::nothing);
  EXPECT_FALSE(transmission.error());
  EXPECT_EQ(system.arrived, head + tail);
}

TEST_F(Transmission, a_file_shorter_than_promised_is_truncated_before_anything_is_sent) {
  system.is_file(100);
  options.length = 101;
  with_ends(3, 4);
  auto transmission = make();
  EXPECT_EQ(transmission.turn(), need::nothing);
  EXPECT_EQ(transmission.error(), errc::truncated);
  EXPECT_EQ(transmission.result().sent, 0U);
  EXPECT_EQ(transmission.result().expected, 108U);
  EXPECT_EQ(system.arrived, "");
}

TEST_F(Transmission, a_file_that_shrinks_is_truncated_with_what_was_sent_and_no_tail) {
  system.is_file(100'000);
  with_ends(300, 80);
  system.room = 50'000;
  auto transmission = make();
  EXPECT_EQ(transmission.turn(), need::writable);
  system.file_size = 60'000;
  run_to_end(transmission);
  EXPECT_EQ(transmission.error(), errc::truncated);
  EXPECT_EQ(transmission.result().sent, 60'300U);
  EXPECT_EQ(transmission.result().expected, 100'380U);
  EXPECT_EQ(system.arrived, head + bytes_at(0, 60'000));
  EXPECT_FALSE(system.corked);
}

TEST_F(Transmission, goes_on_after_partial_sends_and_full_buffers) {
  for (const std::size_t step : {1U, 7U, 999U, 1000U, 1001U, 31'999U}) {
    system.start_again();
    system.is_file(30'000);
    with_ends(1000, 1000);
    system.most_a_call = step == 7 ? 3 : step;
    system.room = step;
    auto transmission = make();
    for (int i = 0; i < 40'000 && transmission.turn() != need::nothing; ++i) system.room = step;
    EXPECT_EQ(system.arrived, head + bytes_at(0, 30'000) + tail) << step;
    EXPECT_FALSE(system.asked_for_nothing);
  }
}

TEST_F(Transmission, lets_go_of_the_cork_before_it_waits_for_room) {
  system.is_file(4096);
  with_ends(300, 80);
  system.room = 0;
  auto transmission = make();
  EXPECT_EQ(transmission.turn(), need::writable);
  EXPECT_THAT(system.calls, ElementsAre("nodelay", "cork", "uncork"));
}

TEST_F(Transmission, leaves_a_cork_that_the_caller_had_set_alone) {
  system.is_file(4096);
  with_ends(300, 80);
  system.corked = system.nodelay = true;
  auto transmission = make();
  EXPECT_EQ(transmission.turn(), need::nothing);
  EXPECT_THAT(system.calls, ElementsAre("send 300", "sendfile 4096", "send 80"));
  EXPECT_TRUE(system.corked);
}

TEST_F(Transmission, reads_what_sendfile_does_not_take_from_an_offset_of_its_own) {
  system.is_file(200'000);
  system.sendfile_takes_it = false;
  with_ends(300, 80);
  auto transmission = make();
  run_to_end(transmission);
  EXPECT_EQ(system.arrived, head + bytes_at(0, 200'000) + tail);
  EXPECT_THAT(system.names, Contains("pread"));
  EXPECT_THAT(system.names, Not(Contains("read")));
}

TEST_F(Transmission, of_a_pipe_sends_what_there_is_then_waits_with_nothing_held) {
  system.mode = S_IFIFO;
  system.file_size = 10'000;
  system.readable = 4000;
  readable_again = 6001;
  with_ends(300, 80);
  auto transmission = make();
  EXPECT_EQ(transmission.turn(), need::source);
  EXPECT_FALSE(system.corked);
  EXPECT_EQ(system.arrived, head + bytes_at(0, 4000));
  EXPECT_EQ(transmission.result().expected, 4380U);
  run_to_end(transmission);
  EXPECT_EQ(system.arrived, head + bytes_at(0, 10'000) + tail);
  EXPECT_EQ(transmission.result().expected, 10'380U);
  EXPECT_FALSE(transmission.error());
}

TEST_F(Transmission, of_a_pipe_takes_only_the_asked_bytes_and_misses_those_that_do_not_come) {
  system.mode = S_IFIFO;
  system.file_size = 10'000;
  options.length = 3000;
  auto some = make();
  run_to_end(some);
  EXPECT_FALSE(some.error());
  EXPECT_EQ(system.arrived, bytes_at(0, 3000));

  options.length = 7001;
  auto too_many = make();
  run_to_end(too_many);
  EXPECT_EQ(too_many.error(), errc::truncated);
  EXPECT_EQ(too_many.result().sent, 7000U);
  EXPECT_EQ(too_many.result().expected, 7001U);
}

TEST_F(Transmission, a_pipe_has_no_offset) {
  system.mode = S_IFIFO;
  options.offset = 1;
  auto transmission = make();
  EXPECT_EQ(transmission.turn(), need::nothing);
  EXPECT_EQ(transmission.error(), boost::system::errc::invalid_seek);
}

TEST_F(Transmission, a_file_without_a_size_that_has_bytes_is_sent_to_its_end_as_those_of_proc) {
  system.file_size = 70'000;
  with_ends(300, 80);
  auto transmission = make();
  run_to_end(transmission);
  EXPECT_FALSE(transmission.error());
  EXPECT_EQ(system.arrived, head + bytes_at(0, 70'000) + tail);
}

TEST_F(Transmission, cold_pages_are_read_in_elsewhere_once_and_with_the_head_on_its_way) {
  for (const bool cachestat : {true, false}) {
    system.is_file(100'000);
    system.cached_until = 0;
    system.cachestat_known = cachestat;
    system.arrived.clear();
    with_ends(300, 80);
    auto transmission = make();
    ASSERT_EQ(transmission.turn(), need::page_in);
    EXPECT_EQ(system.arrived, head);
    EXPECT_FALSE(system.corked);
    EXPECT_EQ(transmission.cold().offset, 0U);
    EXPECT_EQ(transmission.cold().count, 100'000U);
    EXPECT_EQ(transmission.turn(), need::nothing) << "evicted again: then the loop reads it, rather than asking for ever";
    EXPECT_EQ(system.arrived, head + bytes_at(0, 100'000) + tail);
  }
}

TEST_F(Transmission, reading_in_covers_the_range_and_ends_with_the_file) {
  system.is_file(100'000);
  detail::page_in({&ScriptedSystem::table(), kFile, 1000, 50'000});
  EXPECT_EQ(system.names.size(), 1U);
  detail::page_in({&ScriptedSystem::table(), kFile, 1000, 500'000});
  EXPECT_EQ(system.names.size(), 4U);  // 64 KiB, the rest, nothing
}

/// Every kind of source; then each of its calls fails once, each way.
class EachCall : public Transmission {
 protected:
  void set_up(ScriptedSystem& world, int kind) {
    world.is_file(100'000);
    world.cached_until = 0;
    world.cachestat_known = kind == 0;
    if (kind == 1) world.sendfile_takes_it = false;
    if (kind == 2) world.mode = S_IFIFO;
    if (kind == 3) world.stat_size = 0;
  }
};

TEST_F(EachCall, failing_once_leaves_no_cork_and_either_its_error_or_all_bytes) {
  with_ends(300, 80);
  options.chunk_bound = 40'000;
  const std::string whole = head + bytes_at(0, 100'000) + tail;
  for (const int kind : {0, 1, 2, 3}) {
    for (const int error : {EIO, EINTR, EPIPE, ENOMEM}) {
      for (std::size_t call = 0;; ++call) {
        system.start_again();
        set_up(system, kind);
        system.failing_call = call;
        system.failing_errno = error;
        auto transmission = make();
        run_to_end(transmission);
        if (system.names.size() <= call) break;  // all have had their turn
        const std::string& name = system.names[call];
        EXPECT_FALSE(system.corked) << name;
        EXPECT_FALSE(system.asked_for_nothing) << name;
        if (transmission.error()) {
          EXPECT_EQ(transmission.error().value(), error) << name;
          EXPECT_TRUE(whole.starts_with(system.arrived)) << name;
        } else {
          EXPECT_EQ(system.arrived, whole) << name;
        }
        const bool transfers = name == "send" || name == "sendfile" || name == "pread" || name == "read" || name == "poll";
        if (transfers) {
          EXPECT_EQ(!transmission.error(), error == EINTR) << name << " " << error;
        }
      }
    }
  }
}

TEST(MinimumSegments, are_full_ones_and_one_for_the_rest) {
  EXPECT_EQ(minimum_segments(0, 1448), 0U);
  EXPECT_EQ(minimum_segments(1, 1448), 1U);
  EXPECT_EQ(minimum_segments(1448, 1448), 1U);
  EXPECT_EQ(minimum_segments(1449, 1448), 2U);
  EXPECT_EQ(minimum_segments(300 + 100'000 + 80, 1448), 70U);
  EXPECT_EQ(minimum_segments(5, 0), 0U);
}

}  // namespace
}  // namespace uncork::stream
