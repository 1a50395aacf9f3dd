// Which sockets have rows, and whose they are.

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <thread>

#include "core/syscall.hpp"
#include "link/namespace.hpp"
#include "probe/witness.hpp"
#include "tests/probe/conversation.hpp"
#include "tests/probe/passed.hpp"

namespace uncork::probe {
namespace {

using testing::connect_pair;
using testing::cookie_of;
using testing::Pair;

class SocketPassTest : public testing::Passed {};

/// A child that runs `body` and then sleeps until it is killed with this object. It says when `body` is done.
class Child {
 public:
  explicit Child(const std::function<void()>& body, pid_t wanted = 0) {
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) std::abort();
    clone_args arguments{};
    arguments.exit_signal = SIGCHLD;
    if (wanted != 0) {
      arguments.set_tid = reinterpret_cast<std::uintptr_t>(&wanted);
      arguments.set_tid_size = 1;
    }
    pid_ = wanted == 0 ? ::fork() : static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      body();
      (void)!::write(pipe[1], "r", 1);
      for (;;) ::pause();
    }
    ::close(pipe[1]);
    const core::Fd ready(pipe[0]);
    char done = 0;
    if (pid_ < 0 || ::read(ready.get(), &done, 1) != 1) pid_ = -1;
  }
  ~Child() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
};

TEST_F(SocketPassTest, tells_process_descriptor_namespace_and_inode) {
  const Pair pair = connect_pair();
  const record::Row row = row_of(pair.client);
  struct stat file{};
  ASSERT_EQ(::fstat(pair.client.get(), &file), 0);
  struct stat space{};
  ASSERT_EQ(::stat("/proc/self/ns/net", &space), 0);
  EXPECT_EQ(row.pid, static_cast<std::uint32_t>(::getpid()));
  EXPECT_EQ(row.fd, static_cast<std::uint32_t>(pair.client.get()));
  EXPECT_EQ(row.inet_diag_msg_inode, file.st_ino);
  EXPECT_EQ(row.netns_inode, space.st_ino);
  EXPECT_EQ(row.inet_diag_msg_uid, ::getuid());
  EXPECT_TRUE(row.knows(record::Block::process));
  EXPECT_EQ(row.row_kind, record::RowKind::socket);
}

TEST_F(SocketPassTest, gives_a_socket_without_a_cookie_one) {
  const Pair pair = connect_pair();
  std::set<std::uint64_t> cookies;
  for (const record::Row& row : look()) {
    if (row.pid == static_cast<std::uint32_t>(::getpid())) cookies.insert(row.inet_diag_msg_socket_cookie);
  }
  EXPECT_TRUE(cookies.contains(cookie_of(pair.client)));
  EXPECT_TRUE(cookies.contains(cookie_of(pair.server)));
  EXPECT_FALSE(cookies.contains(0));
}

TEST_F(SocketPassTest, gives_the_name_of_the_process_and_not_of_a_thread_with_descriptors_of_its_own) {
  Pair pair = connect_pair();
  const std::uint64_t cookie = cookie_of(pair.client);
  const Child child([] {
    ::prctl(PR_SET_NAME, "holder\x1b[2J");
    std::atomic<bool> ready = false;
    std::thread([&ready] {
      ::unshare(CLONE_FILES);
      ::prctl(PR_SET_NAME, "a-thread");
      ready = true;
      for (;;) ::pause();
    }).detach();
    while (!ready) std::this_thread::yield();
  });
  ASSERT_GT(child.pid(), 0);
  pair = Pair{};
  const auto rows = rows_of(cookie);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows.front().pid, static_cast<std::uint32_t>(child.pid()));
  EXPECT_EQ(rows.front().command.view(), "holder?[2J");
}

TEST_F(SocketPassTest, counts_a_socket_once_however_many_hold_it) {
  const Pair pair = connect_pair();
  const core::Fd again(::dup(pair.client.get()));
  const Child one([] {});
  const Child two([] {});
  ASSERT_GT(one.pid(), 0);
  ASSERT_GT(two.pid(), 0);
  const auto rows = rows_of(cookie_of(pair.client));
  ASSERT_EQ(rows.size(), 1U);
  const pid_t lowest = std::min({::getpid(), one.pid(), two.pid()});
  EXPECT_EQ(rows.front().pid, static_cast<std::uint32_t>(lowest));
  EXPECT_EQ(rows.front().fd, static_cast<std::uint32_t>(std::min(pair.client.get(), again.get())));
  EXPECT_GE(pass_->counts().shared, 5U);
}

TEST_F(SocketPassTest, is_not_taken_in_by_a_pid_that_is_used_again) {
  Pair first = connect_pair();
  Pair second = connect_pair();
  pid_t pid = 0;
  const auto named = [](const char* name) { return [name] { ::prctl(PR_SET_NAME, name); }; };
  const std::uint64_t first_cookie = cookie_of(first.client);
  const std::uint64_t second_cookie = cookie_of(second.client);
  {
    const Child child(named("earlier"));
    pid = child.pid();
    ASSERT_GT(pid, 0);
    first = Pair{};  // now the child alone holds it
    const auto rows = rows_of(first_cookie);
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows.front().pid, static_cast<std::uint32_t>(pid));
    EXPECT_EQ(rows.front().command.view(), "earlier");
  }
  const Child child(named("later"), pid);
  if (child.pid() != pid) UNCORK_SKIP_TEST("the kernel does not let us choose a pid (CAP_CHECKPOINT_RESTORE)");
  second = Pair{};
  const auto rows = rows_of(second_cookie);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows.front().pid, static_cast<std::uint32_t>(pid));
  EXPECT_EQ(rows.front().command.view(), "later");
  EXPECT_TRUE(rows_of(first_cookie).empty());
}

TEST_F(SocketPassTest, sees_two_thousand_sockets_of_other_namespaces_under_the_right_name) {
  if (!testing::is_root()) UNCORK_SKIP_TEST("needs root to make namespaces");
  constexpr int kNamespaces = 10;
  constexpr int kPairs = 100;
  std::vector<link::Namespace> spaces;
  std::vector<Pair> pairs;
  std::map<std::uint64_t, std::pair<std::uint64_t, core::Endpoint>> wanted;  // by cookie: namespace, local address
  for (int i = 0; i < kNamespaces; ++i) {
    auto made = link::Namespace::make();
    ASSERT_TRUE(made) << made.error().message;
    spaces.push_back(std::move(*made));
    const std::uint64_t inode = *spaces.back().inode();
    const std::string address = "127.0." + std::to_string(i) + ".1:0";  // one pair of addresses a namespace
    const auto status = spaces.back().inside([&]() -> core::Status {
      for (int n = 0; n < kPairs; ++n) {
        const Pair& pair = pairs.emplace_back(connect_pair(address.c_str()));
        wanted[cookie_of(pair.client)] = {inode, *core::local_endpoint(pair.client)};
        wanted[cookie_of(pair.server)] = {inode, *core::local_endpoint(pair.server)};
      }
      return {};
    });
    ASSERT_TRUE(status) << status.error().message;
  }
  for (int again = 0; again < 3; ++again) {
    std::set<std::uint64_t> seen;
    for (const record::Row& row : look()) {
      EXPECT_TRUE(seen.insert(row.inet_diag_msg_socket_cookie).second) << "two rows of one socket";
      const auto found = wanted.find(row.inet_diag_msg_socket_cookie);
      if (found == wanted.end()) continue;
      EXPECT_EQ(row.netns_inode, found->second.first);
      EXPECT_EQ(row.inet_diag_msg_socket_source, found->second.second.bytes);
      EXPECT_EQ(row.inet_diag_msg_socket_source_port, found->second.second.port);
    }
    for (const auto& [cookie, what] : wanted) EXPECT_TRUE(seen.contains(cookie));
  }
}

TEST_F(SocketPassTest, leaves_out_sockets_that_are_in_no_table_unless_asked) {
  const core::Fd fresh(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const std::uint64_t cookie = cookie_of(fresh);
  EXPECT_TRUE(rows_of(cookie).empty());
  open({.closed = true});
  EXPECT_EQ(rows_of(cookie).size(), 1U);
}

TEST_F(SocketPassTest, begins_each_row_with_what_all_have_in_common) {
  const Pair pair = connect_pair();
  record::Row base;
  base.sequence = 7;
  base.hostname = texts_.keep("here");
  rows_.clear();
  for (int again = 0; again < 2; ++again) {
    ASSERT_TRUE(pass_->read(base, rows_));
    ASSERT_FALSE(rows_.empty());
    for (record::Row& row : rows_) {
      EXPECT_EQ(row.sequence, 7U);
      EXPECT_EQ(row.hostname.view(), "here");
      EXPECT_TRUE(row.container_id.empty());
      EXPECT_GT(row.timestamp_ns, 0);
      row.container_id = texts_.keep("of the look before");
    }
  }
}

TEST_F(SocketPassTest, hands_out_each_socket_once_as_read_would_give_it) {
  const Pair pair = connect_pair();
  const core::Fd listener = *core::tcp_listen(*core::parse_endpoint("127.0.0.1:0"));
  const core::Fd another(::fcntl(pair.client.get(), F_DUPFD_CLOEXEC, 0));
  std::map<std::uint64_t, std::vector<record::Row>> handed;
  const auto status = pass_->each({}, [&](const record::Row& row) { handed[row.inet_diag_msg_socket_cookie].push_back(row); });
  ASSERT_TRUE(status) << status.error().message;
  EXPECT_GE(pass_->counts().shared, 1);
  for (const auto& [cookie, rows] : handed) EXPECT_EQ(rows.size(), 1) << cookie;

  const auto& clients = handed[cookie_of(pair.client)];
  ASSERT_EQ(clients.size(), 1);
  EXPECT_EQ(clients.front().pid, static_cast<std::uint32_t>(::getpid()));
  EXPECT_EQ(clients.front().fd, static_cast<std::uint32_t>(pair.client.get()));
  // All of a listener's row stays as it is but for the time, whatever row was made before it.
  const auto& listeners = handed[cookie_of(listener)];
  ASSERT_EQ(listeners.size(), 1);
  record::Row expected = row_of(listener);
  expected.timestamp_ns = listeners.front().timestamp_ns;
  EXPECT_EQ(listeners.front(), expected);
}

TEST_F(SocketPassTest, reads_the_witnesss_ledger_along) {
  auto witness = Witness::attach();
  if (!witness) UNCORK_SKIP_TEST(witness.error().message);
  open({.witness = witness->get()});
  {
    const testing::Conversation conversation(connect_pair(), testing::Nagle::on);
    record::Row row;
    for (int i = 0; i < 200 && (row.lost_us[0] == 0 || row.late_writes == 0); ++i) {  // a delayed ACK costs 40 ms
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      row = row_of(conversation.pair().client);
    }
    EXPECT_TRUE(row.knows(record::Block::ledger));
    EXPECT_GT(row.lost_us[static_cast<std::size_t>(record::Cause::nagle_delayed_ack)], 0U);
    EXPECT_GT(row.late_us[static_cast<std::size_t>(record::Cause::nagle_delayed_ack)], 0U);
    EXPECT_GT(row.writes, 0U);
    EXPECT_GT(row.holds, 0U);
    EXPECT_GT(row.wrote_bytes, 0U);
    EXPECT_GT(row.late_worst_us, 0U);
  }
  const Pair silent = connect_pair();
  EXPECT_FALSE(row_of(silent.client).knows(record::Block::ledger));
}

TEST(SocketPass, says_what_privilege_it_needs) {
  if (!testing::is_root()) UNCORK_SKIP_TEST("needs root to give it up");
  EXPECT_EQ(testing::as_nobody([]() -> std::string {
              record::Texts texts;
              const auto pass = SocketPass::open(texts);
              if (pass) return "opened";
              if (pass.error().code != core::ErrorCode::not_permitted) return pass.error().message;
              return pass.error().message.find("CAP_BPF") == std::string::npos ? pass.error().message : "";
            }),
            "");
}

}  // namespace
}  // namespace uncork::probe
