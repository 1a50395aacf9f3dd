#include "relay/proxy_log.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "core/syscall.hpp"

namespace uncork::relay {
namespace {

using core::Micros;

class ProxyLogFile : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(path_); }
  std::string path_ = testing::TempDir() + "proxy_log_test." + std::to_string(::getpid());
};

TEST_F(ProxyLogFile, has_three_columns_to_the_byte) {
  auto log = ProxyLog::open(path_);
  ASSERT_TRUE(log) << log.error().message;
  log->add(Direction::c2s, 12, Micros(0));
  log->add(Direction::s2c, 65'536, Micros(40'123));
  ASSERT_TRUE(log->flush());
  EXPECT_EQ(core::read_file(path_), "c2s\t12\t0\ns2c\t65536\t40123\n");
}

TEST_F(ProxyLogFile, keeps_lines_in_memory_until_flushed) {
  auto log = ProxyLog::open(path_);
  ASSERT_TRUE(log);
  log->add(Direction::c2s, 1, Micros(0));
  EXPECT_EQ(log->buffered_bytes(), 8U);
  EXPECT_EQ(core::read_file(path_), "");
  ASSERT_TRUE(log->flush());
  EXPECT_EQ(log->buffered_bytes(), 0U);
}

TEST_F(ProxyLogFile, replaces_an_older_log) {
  for (int run = 0; run < 2; ++run) {
    auto log = ProxyLog::open(path_);
    ASSERT_TRUE(log);
    log->add(Direction::c2s, 1, Micros(0));
    ASSERT_TRUE(log->flush());
  }
  EXPECT_EQ(core::read_file(path_), "c2s\t1\t0\n");
}

TEST(ProxyLog, says_which_file_could_not_be_opened) {
  const auto log = ProxyLog::open("/proc/self/no-such/proxy.log");
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().message, "open /proc/self/no-such/proxy.log: No such file or directory");
}

TEST(ProxyLog, says_why_lines_could_not_be_written) {
  auto log = ProxyLog::open("/dev/full");
  ASSERT_TRUE(log) << log.error().message;
  log->add(Direction::c2s, 1, Micros(0));
  const auto flushed = log->flush();
  ASSERT_FALSE(flushed);
  EXPECT_EQ(flushed.error().message, "write /dev/full: No space left on device");
  EXPECT_EQ(log->buffered_bytes(), 0U);
}

}  // namespace
}  // namespace uncork::relay
