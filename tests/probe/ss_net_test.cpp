// Every value of every socket, beside what ss(8) says of the same.

#include "tests/probe/ss_reference.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstdlib>
#include <set>
#include <thread>

#include "core/syscall.hpp"
#include "link/link.hpp"
#include "probe/look/look.hpp"
#include "tests/probe/conversation.hpp"
#include "tests/probe/privilege.hpp"

namespace uncork::probe {
namespace {

using link::End;
using link::Link;
using testing::all_by_ss;
using testing::connect_pair;
using testing::differences_from_ss;
using testing::Pair;

void send(const core::Fd& socket, std::size_t size) { (void)core::send_all(socket, std::vector<std::byte>(size)).has_value(); }

void receive(const core::Fd& socket, std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t have = 0; have < size;) {
    const auto got = core::read_some(socket, std::span(bytes).subspan(have));
    if (!got || got->count == 0) return;
    have += got->count;
  }
}

void use(const core::Fd& socket, std::string_view congestion) {  // where the kernel has it
  (void)::setsockopt(socket.get(), IPPROTO_TCP, TCP_CONGESTION, congestion.data(), static_cast<socklen_t>(congestion.size()));
}

/// Sockets of every kind that keeps still, in the near namespace of a link.
class Zoo {
 public:
  explicit Zoo(const Link& link) {
    for (const char* address : {"127.0.0.1:0", "[::1]:0"}) fill(address);
    listeners_.push_back(*core::tcp_listen(*core::parse_endpoint("[::]:0")));
    lose_what_is_sent(link);
  }

 private:
  void fill(const char* address) {
    const core::Endpoint any = *core::parse_endpoint(address);
    for (const char* congestion : {"cubic", "reno", "bbr"}) {
      const Pair& pair = pairs_.emplace_back(connect_pair(address));
      use(pair.client, congestion);
      send(pair.client, 5000);
      receive(pair.server, 5000);
      send(pair.server, 70'000);
      receive(pair.client, 60'000);  // the rest stays in the queue
    }
    ::shutdown(pairs_.emplace_back(connect_pair(address)).client.get(), SHUT_WR);  // FIN-WAIT-2 and CLOSE-WAIT
    {
      const Pair pair = connect_pair(address);
      ::shutdown(pair.client.get(), SHUT_WR);
      receive(pair.server, 1);  // the end; then TIME-WAIT
    }
    const Pair& full = pairs_.emplace_back(connect_pair(address));
    ::fcntl(full.client.get(), F_SETFL, O_NONBLOCK);
    const std::vector<std::byte> much(1 << 20);
    while (core::send_some(full.client, much).value_or(0) > 0) {
    }
    const core::Fd& listener = listeners_.emplace_back(*core::tcp_listen(any));
    clients_.push_back(*core::tcp_connect(*core::local_endpoint(listener)));  // which nobody accepts
    send(clients_.back(), 100);
    const core::Fd& slow = listeners_.emplace_back(*core::tcp_listen(any));
    (void)core::set_option(slow, IPPROTO_TCP, TCP_DEFER_ACCEPT, 30).has_value();
    clients_.push_back(*core::tcp_connect(*core::local_endpoint(slow)));  // SYN-RECV over there, until it sends
  }

  /// A far end that has lost its address answers nothing.
  void lose_what_is_sent(const Link& link) {
    auto sockets = link.connect(End::near);
    ASSERT_TRUE(sockets) << sockets.error().message;
    const auto lost = link.inside(End::far, []() -> core::Status {
      if (std::system("ip address flush dev uncork0") == 0) return {};  // NOLINT(cert-env33-c)
      return core::fail(core::invalid_argument("ip (of the package iproute2) cannot take the address away"));
    });
    ASSERT_TRUE(lost) << lost.error().message;
    send(sockets->near, 10'000);
    const core::Fd& fresh = clients_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(9);
    std::copy_n(Link::address(End::far, 9).bytes.begin(), 4, reinterpret_cast<std::uint8_t*>(&to.sin_addr));
    ASSERT_EQ(::connect(fresh.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), -1);  // SYN-SENT
    pairs_.push_back({std::move(sockets->near), std::move(sockets->far)});
  }

  std::vector<Pair> pairs_;
  std::vector<core::Fd> listeners_;
  std::vector<core::Fd> clients_;
};

/// One look between two of ss's; empty when they agree.
std::string compared(Looker& looker, std::set<std::string>& states) {
  const auto before = all_by_ss();
  Look look;
  if (const auto made = looker.look(look); !made) return made.error().message;
  const auto after = all_by_ss();
  std::string wrong;
  std::set<std::uint64_t> seen;
  for (const record::Row& row : look.rows) {
    const std::uint64_t cookie = row.inet_diag_msg_socket_cookie;
    if (!seen.insert(cookie).second) wrong += "two rows of one socket\n";
    if (!before.contains(cookie) || !after.contains(cookie)) {
      wrong += "a row of what ss does not show\n";
      continue;
    }
    const auto& socket = before.at(cookie);
    const std::string differences = differences_from_ss(row, socket, after.at(cookie));
    if (!differences.empty()) wrong += socket.at("state") + " " + socket.at("local") + ":\n" + differences;
  }
  for (const auto& [cookie, socket] : before) {
    if (!seen.contains(cookie)) wrong += "no row of the socket in " + socket.at("state") + "\n";
    states.insert(socket.at("state"));
  }
  if (!look.coverage.whole()) wrong += look.coverage.sentence() + "\n";
  return wrong;
}

class BesideSs : public ::testing::TestWithParam<UseBpf> {};

TEST_P(BesideSs, every_value_of_every_socket_is_the_same) {
  if (!testing::is_root()) UNCORK_SKIP_TEST("making network namespaces needs root");
  const auto link = Link::make();
  ASSERT_TRUE(link) << link.error().message;
  std::set<std::string> states;
  std::string wrong = "never looked";
  const auto status = link->inside(End::near, [&]() -> core::Status {
    const Zoo zoo(*link);
    const auto looker = Looker::open({.attributes = Attributes::all(), .bpf = GetParam()});
    if (!looker) return core::fail(looker.error());
    // Timers that run off in between change what is compared; they become rarer.
    for (int attempt = 0; attempt < 40 && !wrong.empty(); ++attempt) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      wrong = compared(**looker, states);
    }
    return {};
  });
  ASSERT_TRUE(status) << status.error().message;
  EXPECT_EQ(wrong, "");
  EXPECT_THAT(states,
              ::testing::IsSupersetOf({"LISTEN", "ESTAB", "SYN-SENT", "SYN-RECV", "FIN-WAIT-2", "CLOSE-WAIT", "TIME-WAIT"}));
}
INSTANTIATE_TEST_SUITE_P(Both, BesideSs, ::testing::Values(UseBpf::no, UseBpf::yes),
                         [](const auto& used) { return used.param == UseBpf::yes ? "pass" : "dumps"; });

TEST(Ss, is_read_with_its_parts) {
  const auto socket = testing::parse_ss(
      "ESTAB 0 3782144 127.0.0.1:36024 [::1]:8001 timer:(persist,1.160ms,2) ino:3552664 sk:84878 <-> "
      "skmem:(r0,rb131072,f-2368) ts bbr rtt:4.713/9.396 bbr:(bw:8bps,mrtt:0.005) send 12bps pacing_rate 3bps/4bps busy:304ms");
  const testing::SsSocket wanted = {{"state", "ESTAB"},
                                    {"recv_q", "0"},
                                    {"send_q", "3782144"},
                                    {"local", "127.0.0.1:36024"},
                                    {"peer", "[::1]:8001"},
                                    {"timer.name", "persist"},
                                    {"timer.ms", "1160.000000"},
                                    {"timer.retrans", "2"},
                                    {"ino", "3552664"},
                                    {"sk", "84878"},
                                    {"arrow", "<->"},
                                    {"skmem.r", "0"},
                                    {"skmem.rb", "131072"},
                                    {"skmem.f", "-2368"},
                                    {"ts", "1"},
                                    {"congestion", "bbr"},
                                    {"rtt.mean", "4.713"},
                                    {"rtt.var", "9.396"},
                                    {"bbr.bw", "8bps"},
                                    {"bbr.mrtt", "0.005"},
                                    {"send.now", "12bps"},
                                    {"pacing_rate.now", "3bps"},
                                    {"pacing_rate.most", "4bps"},
                                    {"busy", "304ms"}};
  EXPECT_EQ(socket, wanted);
}

TEST(Ss, tells_what_differs_and_what_nobody_compares) {
  record::Row row;
  row.inet_diag_msg_family = AF_INET;
  row.inet_diag_msg_state = 1;
  row.tcp_info_snd_cwnd = 10;
  const testing::SsSocket socket = {{"state", "ESTAB"}, {"local", "0.0.0.0:*"}, {"peer", "*:*"},
                                    {"sk", "0"},        {"cwnd", "11"},         {"novelty", "7"}};
  EXPECT_EQ(differences_from_ss(row, socket, {}).find("cwnd: ours 10, ss before 11, after 0"), 0U);
  EXPECT_THAT(differences_from_ss(row, socket, socket), ::testing::HasSubstr("novelty: ss says 7, and nobody compares it"));
}

}  // namespace
}  // namespace uncork::probe
