// Rows into pipes.

#include "sink/outlet/standard_outlet.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <string>

#include "core/fd.hpp"
#include "core/syscall.hpp"

namespace uncork::sink {
namespace {

using Kind = Delivery::Kind;

struct Pipe {
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
    reader = core::Fd(ends[0]);
    writer = core::Fd(ends[1]);
  }
  core::Fd reader;
  core::Fd writer;
};

TEST(StandardOutlet, a_reader_that_does_not_read_is_left_at_the_deadline_and_misses_nothing) {
  const Pipe pipe;
  StandardOutlet outlet(pipe.writer.get(), "standard output");
  const Parcel parcel{std::string(300'000, 'x') + "\n", 1, Framing::lines};
  EXPECT_EQ(outlet.deliver(parcel, core::MonotonicClock::now() + std::chrono::milliseconds(5)).kind, Kind::going_on);
  std::string all;
  std::string bytes(65'536, '\0');
  for (Kind kind = Kind::going_on; kind == Kind::going_on;) {
    const ssize_t got = ::read(pipe.reader.get(), bytes.data(), bytes.size());
    ASSERT_GT(got, 0);
    all.append(bytes, 0, static_cast<std::size_t>(got));
    kind = outlet.deliver(parcel, {}).kind;
    ASSERT_NE(kind, Kind::not_now);
  }
  while (all.size() < parcel.bytes.size()) {
    const ssize_t got = ::read(pipe.reader.get(), bytes.data(), bytes.size());
    ASSERT_GT(got, 0);
    all.append(bytes, 0, static_cast<std::size_t>(got));
  }
  EXPECT_EQ(all, parcel.bytes);
}

TEST(StandardOutlet, a_reader_that_has_gone_and_a_full_disk_are_not_now) {
  ::signal(SIGPIPE, SIG_IGN);
  Pipe pipe;
  pipe.reader.reset();
  StandardOutlet gone(pipe.writer.get(), "standard output");
  const Delivery delivery = gone.deliver({"x\n", 1, Framing::lines}, {});
  EXPECT_EQ(delivery.kind, Kind::not_now);
  EXPECT_THAT(delivery.why, ::testing::HasSubstr("write standard output: Broken pipe"));
  const core::Fd full = *core::open_file("/dev/full", O_WRONLY);
  StandardOutlet disk(full.get(), "standard error");
  EXPECT_THAT(disk.deliver({"x\n", 1, Framing::lines}, {}).why, ::testing::HasSubstr("No space left"));
}

}  // namespace
}  // namespace uncork::sink
