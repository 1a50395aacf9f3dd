// News of namespaces and of ends: what wakes a looker, and on which sockets it listens.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/net_namespace.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <thread>

#include "core/syscall.hpp"
#include "probe/diag/close_listener.hpp"
#include "probe/namespaces.hpp"
#include "tests/probe/conversation.hpp"
#include "tests/probe/space.hpp"
#include "tests/probe/watched_ends.hpp"

namespace uncork::probe {
namespace {

using testing::connect_pair;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr core::Micros kSoon = std::chrono::seconds(5);  // a second is promised; a busy machine is given more

/// A folder for namespaces to be mounted in, gone with this object.
class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / ("uncork-news-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() {
    for (const std::string& mount : mounts_) ::umount2(mount.c_str(), MNT_DETACH);
    std::filesystem::remove_all(path_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  void mount(const link::Namespace& space, const std::string& name) {
    const std::string to = (path_ / name).string();
    ASSERT_TRUE(core::open_file(to, O_RDONLY | O_CREAT | O_EXCL, 0444));
    const std::string from = "/proc/self/fd/" + std::to_string(space.handle().get());
    ASSERT_EQ(::mount(from.c_str(), to.c_str(), nullptr, MS_BIND, nullptr), 0);
    mounts_.push_back(to);
  }
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
  std::vector<std::string> mounts_;
};

/// Gives the namespace a number as seen from here, as `ip netns set NAME auto` does.
void give_number(const link::Namespace& space) {
  struct {
    nlmsghdr header{};
    rtgenmsg family{};
    std::array<char, 3> padding{};
    nlattr fd_header{};
    std::uint32_t fd = 0;
    nlattr number_header{};
    std::int32_t number = -1;  // any
  } request;
  request.header = {sizeof request, RTM_NEWNSID, NLM_F_REQUEST | NLM_F_ACK, 1, 0};
  request.family.rtgen_family = AF_UNSPEC;
  request.fd_header = {sizeof(nlattr) + sizeof(std::uint32_t), NETNSA_FD};
  request.fd = static_cast<std::uint32_t>(space.handle().get());
  request.number_header = {sizeof(nlattr) + sizeof(std::int32_t), NETNSA_NSID};
  const core::Fd route(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  ASSERT_EQ(::send(route.get(), &request, sizeof request, 0), static_cast<ssize_t>(sizeof request));
  std::array<std::byte, 1024> answer{};
  ASSERT_GE(::recv(route.get(), answer.data(), answer.size(), 0), static_cast<ssize_t>(sizeof(nlmsghdr) + sizeof(nlmsgerr)));
  nlmsgerr error{};
  std::memcpy(&error, answer.data() + sizeof(nlmsghdr), sizeof error);
  ASSERT_EQ(error.error, 0);
}

class News : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testing::is_root()) UNCORK_SKIP_TEST("making a network namespace needs root");
  }

  static link::Namespace made() {
    auto space = link::Namespace::make();
    if (!space) throw std::runtime_error(space.error().message);
    return std::move(*space);
  }

  static std::unique_ptr<Looker> opened(const Folder& folder) {
    auto looker = Looker::open({.namespaces = {.kind = WhichNamespaces::Kind::all, .names = {}, .folders = {folder.path()}},
                                .bpf = UseBpf::no,
                                .close_events = true});
    if (!looker) throw std::runtime_error(looker.error().message);
    Look look;
    EXPECT_TRUE((*looker)->look(look));
    return std::move(*looker);
  }

  /// Other namespaces may come too, on this machine: looks until this one is there.
  static void expect_news_of(Looker& looker, std::uint64_t inode) {
    const core::Time deadline = core::MonotonicClock::now() + kSoon;
    while (core::MonotonicClock::now() < deadline) {
      const auto news = looker.wait(deadline);
      ASSERT_TRUE(news) << news.error().message;
      if (!*news) break;
      Look look;
      ASSERT_TRUE(looker.look(look));
      if (std::ranges::any_of(look.coverage.namespaces, [&](const auto& space) { return space.inode == inode; })) return;
    }
    ADD_FAILURE() << "nobody told of it";
  }
};

TEST_F(News, of_a_namespace_that_is_mounted_come_at_once) {
  Folder folder;
  const auto looker = opened(folder);
  const link::Namespace space = made();
  folder.mount(space, "new" + std::to_string(::getpid()));
  expect_news_of(*looker, *space.inode());
}

TEST_F(News, of_a_namespace_that_only_a_process_is_in_come_soon) {
  const Folder folder;
  const auto looker = opened(folder);
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const core::Fd is_inside(ends[0]);
  const core::Fd enters(ends[1]);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    std::array<std::byte, 1> byte{};
    if (::unshare(CLONE_NEWNET) == 0 && ::write(enters.get(), byte.data(), 1) == 1) ::pause();
    ::_exit(1);
  }
  std::array<std::byte, 1> byte{};
  EXPECT_EQ(::read(is_inside.get(), byte.data(), 1), 1);
  std::error_code error;
  const std::string link = std::filesystem::read_symlink("/proc/" + std::to_string(child) + "/ns/net", error).string();
  expect_news_of(*looker, namespace_inode(link).value_or(0));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

/// As whoever must look after other things too waits: the news may come in any of many short waits.
bool hears_of_one_in_short_waits(Looker& looker) {
  const core::Time deadline = core::MonotonicClock::now() + kSoon;
  while (core::MonotonicClock::now() < deadline) {
    const auto news = looker.wait(core::MonotonicClock::now() + std::chrono::milliseconds(50));
    EXPECT_TRUE(news);
    if (news && *news) return true;
  }
  return false;
}

class NewcomerBetweenLooks : public ::testing::TestWithParam<UseBpf> {};

TEST_P(NewcomerBetweenLooks, is_listened_in_at_once) {
  if (!testing::is_root()) UNCORK_SKIP_TEST("making a network namespace needs root");
  const testing::SpaceFolder folder;
  std::vector<std::unique_ptr<testing::Space>> spaces;
  for (const char* const name : {"lasting", "another"}) {
    spaces.push_back(std::make_unique<testing::Space>(folder, name, 10 + static_cast<unsigned>(spaces.size())));
  }
  const std::string name = spaces[1]->name();
  auto looker = Looker::open({.namespaces = testing::those_of(folder, spaces), .bpf = GetParam(), .close_events = true});
  ASSERT_TRUE(looker) << looker.error().message;
  Look look;
  ASSERT_TRUE((*looker)->look(look));
  const auto keeps_its_inode = core::open_file(folder.path() + "/" + name, O_RDONLY);
  spaces[1]->remove();
  testing::Space newcomer(folder, "another", 12);
  ASSERT_EQ(newcomer.name(), name);
  EXPECT_TRUE(hears_of_one_in_short_waits(**looker));
  newcomer.connect_shortly();
  ASSERT_TRUE((*looker)->wait(core::MonotonicClock::now() + std::chrono::milliseconds(100)));
  newcomer.remove();
  ASSERT_TRUE((*looker)->look(look));
  std::map<std::uint64_t, int> ends;
  for (const record::Row& row : look.rows) {
    if (row.last_row && row.netns.view() == name && row.inet_diag_msg_socket_destination_port != 0) {
      ++ends[row.inet_diag_msg_socket_cookie];
    }
  }
  EXPECT_EQ(ends.size(), 2U) << "a client and a server";
  for (const auto& [cookie, rows] : ends) EXPECT_EQ(rows, 1);
}
INSTANTIATE_TEST_SUITE_P(Both, NewcomerBetweenLooks, ::testing::Values(UseBpf::no, UseBpf::yes),
                         [](const auto& used) { return used.param == UseBpf::yes ? "pass" : "dumps"; });

TEST_F(News, of_ends_come_on_one_socket_from_numbered_namespaces_and_on_one_each_from_the_others) {
  const link::Namespace numbered = made();
  const link::Namespace other = made();
  give_number(numbered);
  std::vector<FoundNamespace> spaces(2);
  for (std::size_t i = 0; i < spaces.size(); ++i) {
    const link::Namespace& space = i == 0 ? numbered : other;
    spaces[i].inode = *space.inode();
    spaces[i].paths = {"/proc/self/fd/" + std::to_string(space.handle().get())};
  }
  look_up_nsids(spaces);
  ASSERT_TRUE(spaces[0].nsid);
  ASSERT_FALSE(spaces[1].nsid);
  auto listener = CloseListener::open(CloseListener::Reach::numbered);
  ASSERT_TRUE(listener) << listener.error().message;
  std::map<std::uint64_t, int> heard;
  const auto hear = [&](std::uint64_t inode, std::span<const std::byte>) { ++heard[inode]; };
  EXPECT_EQ(listener->keep_only(spaces, hear), 0U);
  EXPECT_TRUE(listener->hears_numbered());
  EXPECT_TRUE(listener->hears(spaces[0]));
  EXPECT_FALSE(listener->hears(spaces[1]));
  ASSERT_TRUE(other.inside([&] { return listener->listen_inside(spaces[1]); }));
  EXPECT_TRUE(listener->hears(spaces[1]));
  EXPECT_EQ(listener->sockets_inside(), 1U);
  for (const link::Namespace* space : {&numbered, &other}) {
    ASSERT_TRUE(space->inside([]() -> core::Status {
      (void)connect_pair();
      return {};
    }));
  }
  const core::Time deadline = core::MonotonicClock::now() + kSoon;
  while (core::MonotonicClock::now() < deadline && (heard[spaces[0].inode] < 2 || heard[spaces[1].inode] < 2)) {
    EXPECT_EQ(listener->take(hear), 0U);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_GE(heard[spaces[0].inode], 2);
  EXPECT_GE(heard[spaces[1].inode], 2);
  EXPECT_EQ(listener->keep_only(std::span(spaces).first(1), hear), 0U);
  EXPECT_EQ(listener->sockets_inside(), 0U) << "it keeps no namespace alive that it is not to listen in";
}

TEST_F(News, a_look_says_which_namespaces_are_kept_alive_by_listening) {
  const auto limits_of = [](const link::Namespace& space) {
    const std::string name = "net:[" + std::to_string(*space.inode()) + "]";
    const auto looker = Looker::open({.namespaces = {.kind = WhichNamespaces::Kind::named, .names = {name}, .folders = {}},
                                      .bpf = UseBpf::no,
                                      .close_events = true});
    Look look;
    EXPECT_TRUE(looker && (*looker)->look(look));
    return look.limits;
  };
  const link::Namespace space = made();
  EXPECT_THAT(limits_of(space), Contains(HasSubstr("kept alive")));
  give_number(space);
  EXPECT_THAT(limits_of(space), Not(Contains(HasSubstr("kept alive"))));
}

}  // namespace
}  // namespace uncork::probe
