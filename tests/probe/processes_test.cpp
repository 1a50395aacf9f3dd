#include "probe/processes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "core/syscall.hpp"

namespace uncork::probe {
namespace {

using testing::HasSubstr;

/// A /proc of our own making.
class FakeProc {
 public:
  FakeProc() {
    std::string pattern = (std::filesystem::temp_directory_path() / "uncork-proc-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~FakeProc() { std::filesystem::remove_all(path_); }
  FakeProc(const FakeProc&) = delete;
  FakeProc& operator=(const FakeProc&) = delete;

  void process(int pid, const std::string& command) {
    std::filesystem::create_directories(directory(pid) / "fd");
    std::ofstream(directory(pid) / "comm") << command << "\n";
  }
  void descriptor(int pid, const std::string& fd, const std::string& target) {
    std::filesystem::create_symlink(target, directory(pid) / "fd" / fd);
  }
  [[nodiscard]] std::filesystem::path directory(int pid) const { return std::filesystem::path(path_) / std::to_string(pid); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::uint64_t inode_of(const core::Fd& socket) {
  struct stat found{};
  EXPECT_EQ(::fstat(socket.get(), &found), 0);
  return found.st_ino;
}

core::Fd some_socket() { return core::Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)); }

TEST(Processes, finds_our_own_socket_by_its_lowest_descriptor) {
  const core::Fd socket = some_socket();
  const core::Fd again(::dup(socket.get()));
  const auto holders = find_socket_holders();
  ASSERT_TRUE(holders) << holders.error().message;
  const SocketHolder* holder = holders->first(inode_of(socket));
  ASSERT_NE(holder, nullptr);
  EXPECT_EQ(holder->pid, ::getpid());
  EXPECT_EQ(holder->fd, socket.get());
  EXPECT_EQ(holder->command, command_of(::getpid()));
  EXPECT_EQ(holders->by_inode.at(inode_of(socket)).size(), 1U) << "a process counts once";
}

TEST(Processes, names_every_process_that_shares_a_socket_in_order_of_pids) {
  FakeProc proc;
  proc.process(300, "worker");
  proc.process(20, "master");
  proc.descriptor(300, "3", "socket:[4711]");
  proc.descriptor(20, "10", "socket:[4711]");
  proc.descriptor(20, "9", "socket:[4711]");
  const auto holders = find_socket_holders(proc.path());
  ASSERT_TRUE(holders) << holders.error().message;
  ASSERT_EQ(holders->by_inode.at(4711).size(), 2U);
  EXPECT_EQ(holders->first(4711)->pid, 20);
  EXPECT_EQ(holders->first(4711)->fd, 9);
  EXPECT_EQ(holders->first(4711)->command, "master");
  EXPECT_EQ(holders->by_inode.at(4711)[1].command, "worker");
  EXPECT_EQ(holders->first(4712), nullptr);
}

TEST(Processes, passes_over_what_is_no_socket_and_no_process) {
  FakeProc proc;
  proc.process(7, "busy");
  proc.descriptor(7, "0", "/dev/null");
  proc.descriptor(7, "1", "pipe:[4711]");
  proc.descriptor(7, "2", "socket:[47x1]");
  proc.descriptor(7, "3", "socket:[]");
  proc.descriptor(7, "4", "socket:[99999999999999999999999]");
  proc.descriptor(7, "5", "/tmp/" + std::string(200, 'x') + "socket:[4711]");
  proc.descriptor(7, "6", "socket:[4711");
  std::filesystem::create_directories(std::filesystem::path(proc.path()) / "sys");
  std::filesystem::create_directories(std::filesystem::path(proc.path()) / "8");  // ended: its fd directory is gone
  const auto holders = find_socket_holders(proc.path());
  ASSERT_TRUE(holders) << holders.error().message;
  EXPECT_TRUE(holders->by_inode.empty());
  EXPECT_EQ(holders->refused, 0U);
}

TEST(Processes, says_which_directory_it_could_not_list) {
  const auto holders = find_socket_holders("/proc/self/no-such/proc");
  ASSERT_FALSE(holders);
  EXPECT_THAT(holders.error().message, HasSubstr("/proc/self/no-such/proc"));
}

TEST(Processes, shows_a_command_without_its_control_characters) {
  FakeProc proc;
  proc.process(7, "a\x1b[31mb\nc");
  EXPECT_EQ(command_of(7, proc.path()), "a?[31mb?c");
  EXPECT_EQ(command_of(8, proc.path()), "");
}

TEST(Processes, tells_the_living_from_the_dead) {
  EXPECT_TRUE(exists(::getpid()));
  EXPECT_FALSE(exists(0));
  EXPECT_FALSE(exists(-1));
  FakeProc proc;
  EXPECT_FALSE(exists(12, proc.path()));
}

TEST(Processes, tells_when_a_process_started) {
  const auto ours = start_time(::getpid());
  const auto parents = start_time(::getppid());
  ASSERT_TRUE(ours) << ours.error().message;
  ASSERT_TRUE(parents) << parents.error().message;
  EXPECT_GE(*ours, *parents);
  EXPECT_EQ(start_time(0).error().code, core::ErrorCode::not_found);
  FakeProc proc;
  const auto nobody = start_time(12, proc.path());
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().code, core::ErrorCode::not_found);
}

TEST(Processes, reads_the_start_time_behind_any_command) {
  const std::string rest = " S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 123456 20 21\n";
  EXPECT_EQ(parse_start_time("42 (bash)" + rest), 123456U);
  EXPECT_EQ(parse_start_time("42 (a) S 9 (b)" + rest), 123456U);
  EXPECT_FALSE(parse_start_time("42 (bash) S 1 2 3"));
  EXPECT_FALSE(parse_start_time("42 bash" + rest.substr(0, 3)));
  EXPECT_FALSE(parse_start_time(""));
  EXPECT_FALSE(parse_start_time("42 (bash) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 -1 20 21\n"));
}

}  // namespace
}  // namespace uncork::probe
