#include "probe/ring_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "core/fd.hpp"

namespace uncork::probe {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// The memory of a BPF ring buffer (include/uapi/linux/bpf.h): the reader's page, the writer's, and the ring's pages twice over.
/// Writes records as the kernel does.
class FakeRing {
 public:
  FakeRing() {
    EXPECT_EQ(::ftruncate(memory_.get(), static_cast<off_t>(2 * page_ + 2 * ring_)), 0);
    tell_end();
  }

  [[nodiscard]] int fd() const { return memory_.get(); }
  [[nodiscard]] std::size_t bytes() const { return ring_; }

  /// Where the header of the record is, for set_header().
  std::uint64_t write(std::string_view record, std::uint32_t flags = 0) {
    const std::uint64_t at = end_;
    set_header(at, static_cast<std::uint32_t>(record.size()) | flags);
    for (std::size_t i = 0; i < record.size(); ++i) put(at + BPF_RINGBUF_HDR_SZ + i, &record[i], 1);
    end_ += (BPF_RINGBUF_HDR_SZ + record.size() + 7) / 8 * 8;
    tell_end();
    return at;
  }
  void set_header(std::uint64_t at, std::uint32_t header) { put(at, &header, sizeof header); }
  [[nodiscard]] std::uint64_t read_to() const {
    std::uint64_t position = 0;
    EXPECT_EQ(::pread(fd(), &position, sizeof position, 0), static_cast<ssize_t>(sizeof position));
    return position;
  }

 private:
  void put(std::uint64_t at, const void* bytes, std::size_t size) {
    for (const std::size_t copy : {std::size_t{0}, ring_}) poke(2 * page_ + copy + at % ring_, bytes, size);
  }
  void tell_end() { poke(page_, &end_, sizeof end_); }
  void poke(std::size_t offset, const void* bytes, std::size_t size) {
    EXPECT_EQ(::pwrite(fd(), bytes, size, static_cast<off_t>(offset)), static_cast<ssize_t>(size));
  }

  std::size_t page_ = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  std::size_t ring_ = 2 * page_;
  core::Fd memory_{::memfd_create("ring", MFD_CLOEXEC)};
  std::uint64_t end_ = 0;
};

class RingReaderTest : public ::testing::Test {
 protected:
  std::vector<std::string> consumed() {
    std::vector<std::string> records;
    const auto status = reader_.consume([&](std::span<const std::byte> record) {
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(record.data()) % 8, 0U);
      records.emplace_back(reinterpret_cast<const char*>(record.data()), record.size());
    });
    EXPECT_TRUE(status) << status.error().message;
    return records;
  }

  FakeRing ring_;
  RingReader reader_ = RingReader::open(ring_.fd(), ring_.bytes()).value();
};

TEST_F(RingReaderTest, an_empty_ring_has_no_records) { EXPECT_THAT(consumed(), IsEmpty()); }

TEST_F(RingReaderTest, gives_each_record_once_and_in_order) {
  ring_.write("one");
  ring_.write("twentytwo");
  EXPECT_THAT(consumed(), ElementsAre("one", "twentytwo"));
  EXPECT_THAT(consumed(), IsEmpty());
  ring_.write("three");
  EXPECT_THAT(consumed(), ElementsAre("three"));
}

TEST_F(RingReaderTest, passes_over_what_was_discarded) {
  ring_.write("one");
  ring_.write("nothing", BPF_RINGBUF_DISCARD_BIT);
  ring_.write("two");
  EXPECT_THAT(consumed(), ElementsAre("one", "two"));
}

TEST_F(RingReaderTest, stops_before_a_record_that_is_being_written_and_goes_on_when_it_is_done) {
  ring_.write("one");
  const std::uint64_t busy = ring_.write("two", BPF_RINGBUF_BUSY_BIT);
  ring_.write("three");
  EXPECT_THAT(consumed(), ElementsAre("one"));
  EXPECT_EQ(ring_.read_to(), busy);
  ring_.set_header(busy, 3);
  EXPECT_THAT(consumed(), ElementsAre("two", "three"));
}

TEST_F(RingReaderTest, a_record_across_the_ring_s_end_is_in_one_piece) {
  const std::string large(ring_.bytes() / 2 + 100, 'x');
  for (int i = 0; i < 20; ++i) {
    const std::string record = std::to_string(i) + large;
    ring_.write(record);
    ASSERT_THAT(consumed(), ElementsAre(record));
  }
}

TEST_F(RingReaderTest, tells_the_kernel_how_far_it_is_after_each_record) {
  ring_.write("12345678");
  ring_.write("12345678");
  std::vector<std::uint64_t> positions;
  const auto status = reader_.consume([&](std::span<const std::byte>) { positions.push_back(ring_.read_to()); });
  ASSERT_TRUE(status);
  EXPECT_THAT(positions, ElementsAre(0, 16));  // while a record is looked at, its place is not free yet
  EXPECT_EQ(ring_.read_to(), 32U);
}

TEST_F(RingReaderTest, a_record_longer_than_what_was_written_is_an_error_with_its_position) {
  ring_.write("12345678");
  ring_.set_header(ring_.write("x"), 4000);
  std::size_t records = 0;
  const auto status = reader_.consume([&](std::span<const std::byte>) { ++records; });
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message, HasSubstr("the record at 16 is longer than all"));
  EXPECT_EQ(records, 1U);
}

TEST(RingReader, cannot_be_opened_on_what_is_no_ring) {
  const auto reader = RingReader::open(-1, 4096);
  ASSERT_FALSE(reader);
  EXPECT_THAT(reader.error().message, HasSubstr("map a ring buffer of the kernel's"));
}

}  // namespace
}  // namespace uncork::probe
