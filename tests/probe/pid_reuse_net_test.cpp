// A process that was the way into a namespace ends, and another gets its number.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <memory>
#include <string>

#include "core/fd.hpp"
#include "probe/look/look.hpp"
#include "probe/namespaces.hpp"
#include "tests/probe/privilege.hpp"

namespace uncork::probe {
namespace {

/// A process in a network namespace of its own, in which it listens. Ends with this.
class Inhabitant {
 public:
  /// `wanted`: the process id that it is to have, free by now; 0: any.
  explicit Inhabitant(pid_t wanted = 0) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return;
    core::Fd reads(ends[0]);
    core::Fd writes(ends[1]);
    clone_args how{};
    how.exit_signal = SIGCHLD;
    how.set_tid = wanted == 0 ? 0 : reinterpret_cast<std::uint64_t>(&wanted);
    how.set_tid_size = wanted == 0 ? 0 : 1;
    pid_ = static_cast<pid_t>(::syscall(SYS_clone3, &how, sizeof how));
    if (pid_ == 0) live(writes.get());
    writes = {};
    char ready = 0;
    is_there_ = pid_ > 0 && ::read(reads.get(), &ready, 1) == 1;
    if (!is_there_) return;
    std::array<char, 64> link{};
    const ssize_t length = ::readlink(("/proc/" + std::to_string(pid_) + "/ns/net").c_str(), link.data(), link.size());
    if (length > 0) inode_ = namespace_inode({link.data(), static_cast<std::size_t>(length)}).value_or(0);
  }
  ~Inhabitant() { end(); }
  Inhabitant(const Inhabitant&) = delete;
  Inhabitant& operator=(const Inhabitant&) = delete;

  void end() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  [[nodiscard]] bool is_there() const { return is_there_; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] std::uint64_t inode() const { return inode_; }

 private:
  /// In the child: async-signal-safe calls only.
  [[noreturn]] static void live(int ready) {
    if (::unshare(CLONE_NEWNET) != 0) ::_exit(1);
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || ::listen(listener, 1) != 0 || ::write(ready, "", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }

  pid_t pid_ = 0;
  bool is_there_ = false;
  std::uint64_t inode_ = 0;
};

class PidReuse : public ::testing::TestWithParam<UseBpf> {};

TEST_P(PidReuse, gives_no_row_of_another_namespace_and_the_next_look_takes_the_other) {
  if (!testing::is_root()) UNCORK_SKIP_TEST("making a network namespace needs root");
  Inhabitant first;
  ASSERT_TRUE(first.is_there());
  const pid_t pid = first.pid();
  std::unique_ptr<Inhabitant> second;
  bool armed = false;
  const WhichNamespaces which{.kind = WhichNamespaces::Kind::named, .names = {"pid:" + std::to_string(pid)}, .folders = {}};
  const auto on_step = [&](LookStep step, std::uint64_t /*inode*/) {
    if (!armed || step != LookStep::found) return;
    armed = false;
    first.end();
    second = std::make_unique<Inhabitant>(pid);
  };
  const auto looker = Looker::open({.namespaces = which, .bpf = GetParam(), .on_step = on_step});
  ASSERT_TRUE(looker) << looker.error().message;
  Look look;
  ASSERT_TRUE((*looker)->look(look));
  ASSERT_EQ(look.rows.size(), 1U) << "it listens";
  EXPECT_EQ(look.rows[0].netns_inode, first.inode());

  armed = true;
  const auto made = (*looker)->look(look);
  ASSERT_NE(second, nullptr);
  ASSERT_TRUE(second->is_there()) << "the process id was not to be had";
  EXPECT_TRUE(!made || look.rows.empty() || second->inode() == first.inode());
  EXPECT_TRUE(!made || look.coverage.vanished_namespaces == 1 || second->inode() == first.inode());

  ASSERT_TRUE((*looker)->look(look));
  ASSERT_EQ(look.rows.size(), 1U);
  EXPECT_EQ(look.rows[0].netns_inode, second->inode());
  EXPECT_EQ(look.rows[0].netns.view(), anonymous_name(second->inode()));
  if (look.path == LookPath::pass) {
    EXPECT_EQ(static_cast<pid_t>(look.rows[0].pid), pid);
  }
}
INSTANTIATE_TEST_SUITE_P(Both, PidReuse, ::testing::Values(UseBpf::no, UseBpf::yes),
                         [](const auto& used) { return used.param == UseBpf::yes ? "pass" : "dumps"; });

}  // namespace
}  // namespace uncork::probe
