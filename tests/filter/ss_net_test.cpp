// The same sockets, asked with the same words: ss and we must find the same ones. ss names each by its cookie.

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "core/syscall.hpp"
#include "filter/filter.hpp"
#include "link/namespace.hpp"
#include "probe/look/look.hpp"
#include "tests/probe/privilege.hpp"

namespace uncork::filter {
namespace {

using Cookies = std::set<std::uint64_t>;

struct Words {
  const char* states;
  const char* expression;
};

/// Sockets of both families, in every state that stays, with marks and a device. To be made inside a namespace of the test's.
class Sockets {
 public:
  Sockets() {
    const int ssh = listen("127.0.0.1:22");
    const int https = listen("[::1]:443");
    const int any = listen("0.0.0.0:8001");
    const int both = listen("[::]:8002");  // takes IPv4 as well
    pair(ssh, "127.0.0.1:22");
    pair(ssh, "127.0.0.1:22", "127.1.2.3:40000");
    pair(https, "[::1]:443");
    pair(any, "127.0.0.2:8001", "127.0.0.2:1024");
    const int peer = pair(any, "127.9.9.9:8001", "127.8.8.8:1023");
    pair(both, "127.0.0.1:8002");
    pair(both, "[::1]:8002", "[::1]:50000");
    EXPECT_EQ(::shutdown(peer, SHUT_WR), 0);  // fin-wait-2 and close-wait
    await_fin_wait_2(peer);
    for (int mark = 1; mark <= 6; ++mark) {
      const int marked = open(AF_INET);
      EXPECT_EQ(::setsockopt(marked, SOL_SOCKET, SO_MARK, &mark, sizeof mark), 0);
      connect(marked, "127.0.0.1:8001");
    }
    const int bound = open(AF_INET);
    EXPECT_EQ(::setsockopt(bound, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3), 0);
    connect(bound, "127.0.0.1:8001");
    ended();  // time-wait
    full();
  }
  ~Sockets() {
    for (const int socket : sockets_) ::close(socket);
  }
  Sockets(const Sockets&) = delete;
  Sockets& operator=(const Sockets&) = delete;

 private:
  static core::Endpoint endpoint(const std::string& at) { return *core::parse_endpoint(at); }

  int open(int family) {
    sockets_.push_back(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int yes = 1;
    EXPECT_EQ(::setsockopt(sockets_.back(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes), 0);
    return sockets_.back();
  }
  int keep(core::Fd socket) {
    sockets_.push_back(socket.release());
    return sockets_.back();
  }
  static void address(const std::string& at, sockaddr_storage& into, socklen_t& size) {
    const core::Endpoint to = endpoint(at);
    if (to.family == core::Endpoint::Family::v4) {
      auto& v4 = reinterpret_cast<sockaddr_in&>(into);
      v4.sin_family = AF_INET;
      v4.sin_port = htons(to.port);
      std::memcpy(&v4.sin_addr, to.bytes.data(), 4);
      size = sizeof v4;
    } else {
      auto& v6 = reinterpret_cast<sockaddr_in6&>(into);
      v6.sin6_family = AF_INET6;
      v6.sin6_port = htons(to.port);
      std::memcpy(&v6.sin6_addr, to.bytes.data(), 16);
      size = sizeof v6;
    }
  }
  int listen(const std::string& at) { return keep(*core::tcp_listen(endpoint(at))); }
  static void connect(int socket, const std::string& to) {
    sockaddr_storage storage{};
    socklen_t size = 0;
    address(to, storage, size);
    EXPECT_EQ(::connect(socket, reinterpret_cast<const sockaddr*>(&storage), size), 0) << to;
  }
  /// Gives back the client.
  int pair(int listener, const std::string& to, const std::string& from = {}) {
    const int client = open(to.front() == '[' ? AF_INET6 : AF_INET);
    if (!from.empty()) {
      sockaddr_storage storage{};
      socklen_t size = 0;
      address(from, storage, size);
      EXPECT_EQ(::bind(client, reinterpret_cast<const sockaddr*>(&storage), size), 0) << from;
    }
    connect(client, to);
    sockets_.push_back(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
    return client;
  }
  /// The other end may take its time to acknowledge the end.
  static void await_fin_wait_2(int socket) {
    constexpr int kTries = 5'000;
    constexpr std::uint8_t kFinWait2 = 5;
    tcp_info info{};
    for (int i = 0; i < kTries && info.tcpi_state != kFinWait2; ++i) {
      ::usleep(1'000);
      socklen_t size = sizeof info;
      ASSERT_EQ(::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size), 0);
    }
    EXPECT_EQ(info.tcpi_state, kFinWait2);
  }
  /// The end that closed first waits.
  void ended() {
    const core::Fd listener = *core::tcp_listen(endpoint("127.0.0.1:7001"));
    core::Fd client = *core::tcp_connect(endpoint("127.0.0.1:7001"));
    core::Fd server = *core::tcp_accept(listener);
    client.reset();
    std::array<std::byte, 1> none{};
    EXPECT_TRUE(core::read_some(server, none));  // its end has come
    server.reset();
  }
  /// A listener with a full queue: whoever comes next stays in syn-sent.
  void full() {
    keep(*core::tcp_listen(endpoint("127.0.0.1:9"), 0));
    for (int i = 0; i < 4; ++i) {
      sockets_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      sockaddr_storage storage{};
      socklen_t size = 0;
      address("127.0.0.1:9", storage, size);
      const int connected = ::connect(sockets_.back(), reinterpret_cast<const sockaddr*>(&storage), size);
      EXPECT_TRUE(connected == 0 || errno == EINPROGRESS) << errno;
    }
  }

  std::vector<int> sockets_;
};

/// Those that `ss` finds in the calling thread's namespace.
Cookies found_by_ss(const Words& words) {
  const std::string command = std::string("ss -Htne ") + words.states + " '" + words.expression + "' 2>&1";
  Cookies cookies;
  std::FILE* const output = ::popen(command.c_str(), "r");
  std::array<char, 1024> line{};
  while (std::fgets(line.data(), line.size(), output) != nullptr) {
    const char* const cookie = std::strstr(line.data(), " sk:");
    if (cookie == nullptr) {
      ADD_FAILURE() << command << ": " << line.data();
      break;
    }
    cookies.insert(std::strtoull(cookie + 4, nullptr, 16));
  }
  EXPECT_EQ(::pclose(output), 0) << command;
  return cookies;
}

Cookies found_by_us(const Words& words, const probe::Look& look) {
  const auto filter = Filter::compile(std::string(words.states) + " " + words.expression);
  if (!filter) {
    ADD_FAILURE() << words.expression << ": " << filter.error().message;
    return {};
  }
  Cookies cookies;
  for (const record::Row& row : look.rows) {
    if (filter->matches(row)) cookies.insert(row.inet_diag_msg_socket_cookie);
  }
  return cookies;
}

constexpr Words kWords[] = {
    {"state all", ""},
    {"state established", "( dport = :ssh or sport = :ssh )"},
    {"state established", "dport = :22"},
    {"state established", "dport = 22"},
    {"state all", "sport = :https"},
    {"state all", "sport gt 1024"},
    {"state all", "sport gt :1024"},
    {"state all", "sport > :1023"},
    {"state all", "sport >= :1024"},
    {"state all", "sport ge 8002"},
    {"state all", "sport geq 8002"},
    {"state all", "dport lt 1024"},
    {"state all", "dport le :8001"},
    {"state all", "dport leq :8001"},
    {"state all", "dport <= :8001"},
    {"state all", "dport < :8001"},
    {"state all", "dport != :8001"},
    {"state all", "dport ne :8001"},
    {"state all", "dport neq 8001"},
    {"state all", "dport == :8001"},
    {"state all", "dport eq 8001"},
    {"state all", "not dport = :8001"},
    {"state all", "! dport = :8001"},
    {"state all", "! ( dport = :8001 or sport = :8001 )"},
    {"state all", "not ( dport = :8001 || sport = :8001 ) && src 127.0.0.0/8"},
    // Its manual lets `and` go before `or`, as we do; ss 6.1 takes them from left to right, so both are told where it matters.
    {"state all", "dport = :8001 | ( dport = :22 & src 127.1.0.0/16 )"},
    {"state all", "( dport = :8001 or dport = :22 ) and src 127.1.0.0/16"},
    {"state all", "dport = :22 and src 127.1.0.0/16 or dport = :8001"},
    {"state all", "dst [fe80::/10]"},
    {"state all", "src [::/0]"},
    {"state all", "src 0.0.0.0/0"},
    {"state all", "not src 127.0.0.0/8"},
    {"state all", "not not src 127.0.0.0/8"},
    {"state all", "sport = :8001 and not dport gt 1024"},
    {"state all", "dport = :8001 src 127.0.0.1"},
    {"state all", "dst 127.0.0.1"},
    {"state all", "dst = 127.0.0.1"},
    {"state all", "dst == 127.0.0.1"},
    {"state all", "not dst 127.0.0.1"},
    {"state all", "dst 127.0.0.0/8"},
    {"state all", "dst 127/8"},
    {"state all", "dst 127.1/16"},
    {"state all", "src 127.9.9.9"},
    {"state all", "src 127.8.0.0/15"},
    {"state all", "src 127.0.0.1:22"},
    {"state all", "src 127.0.0.1:ssh"},
    {"state all", "src 0.0.0.0"},
    {"state all", "src 0.0.0.0:8001"},
    {"state all", "dst 127.0.0.1/32:22"},
    {"state all", "dst [::1]"},
    {"state all", "dst [::1]:443"},
    {"state all", "src [::1]:8002"},
    {"state all", "src [::]:8002"},
    {"state all", "src [::1/128]"},
    {"state all", "src [::ffff:127.0.0.1]"},
    {"state all", "dst [::ffff:0:0/96]"},
    {"state all", "src :8002"},
    {"state all", "src *:8002"},
    {"state all", "dst *"},
    {"state all", "dst *:*"},
    {"state all", "src inet:*"},
    {"state all", "src inet6:*"},
    {"state all", "src inet:127.0.0.1"},
    {"state all", "src inet6:[::1]"},
    {"state all", "src inet:127.0.0.1:22"},
    {"state all", "fwmark = 1"},
    {"state all", "fwmark 1"},
    {"state all", "fwmark != 1"},
    {"state all", "fwmark = 0x01/0x03"},
    {"state all", "fwmark != 0x01/0x03"},
    {"state all", "fwmark = 0x4/0x4 or fwmark = 3"},
    {"state all", "dev = 1"},
    {"state all", "dev != 1"},
    {"state established", ""},
    {"state listening", ""},
    {"state syn-sent", ""},
    {"state fin-wait-2", ""},
    {"state close-wait", ""},
    {"state time-wait", ""},
    {"state connected", ""},
    {"state synchronized", ""},
    {"state bucket", ""},
    {"state big", ""},
    {"state established state time-wait", ""},
    {"exclude listening", ""},
    {"exclude established exclude listening", ""},
    {"state connected exclude time-wait", "dst 127/8"},
};

TEST(FilterBesideSs, finds_the_same_sockets) {
  if (!probe::testing::is_root()) UNCORK_SKIP_TEST("namespaces need root");
  const auto space = link::Namespace::make();
  ASSERT_TRUE(space) << space.error().message;
  const auto ran = space->inside([]() -> core::Status {
    const Sockets sockets;
    auto looker = probe::Looker::open({.namespaces = {.kind = probe::WhichNamespaces::Kind::own, .names = {}, .folders = {}},
                                       .attributes = probe::Attributes::all(),
                                       .bpf = probe::UseBpf::no});
    if (!looker) return core::fail(looker.error());
    probe::Look look;
    const auto made = (*looker)->look(look);
    if (!made) return core::fail(made.error());
    EXPECT_GT(look.rows.size(), 30U);
    for (const Words& words : kWords) {
      EXPECT_EQ(found_by_us(words, look), found_by_ss(words)) << words.states << " '" << words.expression << "'";
    }
    return {};
  });
  EXPECT_TRUE(ran) << ran.error().message;
}

}  // namespace
}  // namespace uncork::filter
