#include "core/fd.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <type_traits>
#include <utility>

namespace uncork::core {
namespace {

static_assert(!std::is_copy_constructible_v<Fd> && !std::is_copy_assignable_v<Fd>);
static_assert(std::is_nothrow_move_constructible_v<Fd> && std::is_nothrow_move_assignable_v<Fd>);
static_assert(!std::is_convertible_v<int, Fd> && !std::is_convertible_v<Fd, bool>);

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) != -1; }

struct Pipe {
  Fd read;
  Fd write;
};

Pipe make_pipe() {
  std::array<int, 2> ends{-1, -1};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  return {Fd(ends[0]), Fd(ends[1])};
}

TEST(Fd, owns_nothing_at_first) {
  const Fd none;
  EXPECT_FALSE(none);
  EXPECT_EQ(none.get(), -1);
}

TEST(Fd, closes_at_the_end_of_its_life) {
  int number = -1;
  {
    const Pipe pipe = make_pipe();
    number = pipe.read.get();
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(Fd, moves_the_descriptor_and_leaves_nothing_behind) {
  Pipe pipe = make_pipe();
  const int number = pipe.read.get();
  const Fd taken = std::move(pipe.read);
  EXPECT_EQ(taken.get(), number);
  EXPECT_FALSE(pipe.read);  // NOLINT(bugprone-use-after-move): this is what is tested
  EXPECT_TRUE(is_open(number));
}

TEST(Fd, closes_what_it_had_when_another_moves_in) {
  Pipe pipe = make_pipe();
  const int kept = pipe.read.get();
  const int closed = pipe.write.get();
  pipe.write = std::move(pipe.read);
  EXPECT_EQ(pipe.write.get(), kept);
  EXPECT_TRUE(is_open(kept));
  EXPECT_FALSE(is_open(closed));
}

TEST(Fd, survives_a_move_into_itself) {
  Pipe pipe = make_pipe();
  const int number = pipe.read.get();
  Fd& same = pipe.read;
  pipe.read = std::move(same);
  EXPECT_EQ(pipe.read.get(), number);
  EXPECT_TRUE(is_open(number));
}

TEST(Fd, gives_the_descriptor_away_open) {
  int number = -1;
  {
    Pipe pipe = make_pipe();
    number = pipe.read.release();
    EXPECT_FALSE(pipe.read);
  }
  EXPECT_TRUE(is_open(number));
  ::close(number);
}

TEST(Fd, closes_once_however_often_it_is_reset) {
  Pipe pipe = make_pipe();
  pipe.read.reset();
  const Pipe reuses_the_number = make_pipe();
  pipe.read.reset();
  EXPECT_TRUE(is_open(reuses_the_number.read.get()));
  EXPECT_TRUE(is_open(reuses_the_number.write.get()));
}

TEST(Fd, owns_descriptor_zero_like_any_other) {
  Fd zero(0);
  EXPECT_TRUE(zero);
  EXPECT_EQ(zero.release(), 0);  // the standard input stays as it was
}

}  // namespace
}  // namespace uncork::core
