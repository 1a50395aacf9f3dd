// The decoder against the kernel that runs, and against another program's reading of it.

#include <gtest/gtest.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdio>
#include <memory>
#include <optional>
#include <regex>
#include <string>

#include "core/syscall.hpp"
#include "probe/tcp_info.hpp"
#include "tests/probe/conversation.hpp"
#include "tests/probe/privilege.hpp"

namespace uncork::probe {
namespace {

using testing::connect_pair;
using testing::Pair;

TcpInfo info_of(const core::Fd& socket) {
  std::array<std::byte, 1024> bytes{};
  socklen_t length = bytes.size();
  EXPECT_EQ(::getsockopt(socket.get(), IPPROTO_TCP, TCP_INFO, bytes.data(), &length), 0);
  return decode_tcp_info(std::span(bytes).first(length));
}

void send_bytes(const core::Fd& from, const core::Fd& to, std::size_t count) {
  const std::vector<std::byte> bytes(count);
  ASSERT_TRUE(core::send_all(from, bytes));
  std::vector<std::byte> into(count);
  for (std::size_t got = 0; got < count;) {
    const auto some = core::read_some(to, std::span(into).subspan(got));
    ASSERT_TRUE(some && some->count > 0);
    got += some->count;
  }
}

TEST(TcpInfo, tells_what_really_happened_on_a_loopback_connection) {
  const Pair pair = connect_pair();
  send_bytes(pair.client, pair.server, 5000);
  send_bytes(pair.server, pair.client, 70);
  const TcpInfo client = info_of(pair.client);
  const TcpInfo server = info_of(pair.server);
  ASSERT_GE(client.length, 232U) << "Linux 5.4 or newer";
  EXPECT_EQ(client.state, TcpState::established);
  EXPECT_EQ(client.ca_state, CongestionState::open);
  EXPECT_EQ(client.bytes_sent, 5000U);
  EXPECT_EQ(client.bytes_received, 70U);
  EXPECT_EQ(server.bytes_received, 5000U);
  EXPECT_EQ(server.bytes_sent, 70U);
  EXPECT_EQ(client.data_segs_in, 1U);
  EXPECT_EQ(client.notsent_bytes, 0U);
  EXPECT_EQ(client.total_retrans, 0U);
  EXPECT_GT(client.snd_mss, 500U);
  EXPECT_GT(client.snd_cwnd, 0U);
  EXPECT_GT(client.snd_wnd.value_or(0), 0U);
  ASSERT_TRUE(client.min_rtt_us);
  EXPECT_LE(*client.min_rtt_us, client.rtt_us * 2 + 1000) << "both measure the same path";
}

TEST(TcpInfo, shows_a_corked_segment_as_not_sent) {
  const Pair pair = connect_pair();
  ASSERT_TRUE(core::set_option(pair.client, IPPROTO_TCP, TCP_CORK, 1));
  const std::array<std::byte, 123> bytes{};
  ASSERT_TRUE(core::send_all(pair.client, bytes));
  const TcpInfo info = info_of(pair.client);
  // The kernel lets it go after 200 ms: a machine that stops for so long between two lines shows 0.
  EXPECT_EQ(info.notsent_bytes, 123U);
  EXPECT_EQ(info.unacked, 0U);
}

struct PipeCloser {
  void operator()(FILE* pipe) const { ::pclose(pipe); }
};

std::string output_of(const std::string& command) {
  const std::unique_ptr<FILE, PipeCloser> pipe(::popen(command.c_str(), "re"));
  std::string text;
  std::array<char, 4096> chunk{};
  while (pipe && std::fgets(chunk.data(), chunk.size(), pipe.get()) != nullptr) text += chunk.data();
  return text;
}

std::optional<unsigned long> shown(const std::string& text, const std::string& field) {
  std::smatch match;
  if (!std::regex_search(text, match, std::regex("\\b" + field + ":([0-9]+)"))) return std::nullopt;
  return std::stoul(match[1]);
}

TEST(TcpInfo, agrees_with_what_ss_shows) {
  if (output_of("command -v ss").empty()) UNCORK_SKIP_TEST("needs ss (apt-get install iproute2)");
  const Pair pair = connect_pair();
  send_bytes(pair.client, pair.server, 4321);
  send_bytes(pair.server, pair.client, 99);
  const std::string port = std::to_string(pair.client_address().port);
  const std::string text = output_of("ss -tinH 'sport = :" + port + "' 2>/dev/null");
  const TcpInfo info = info_of(pair.client);
  EXPECT_EQ(shown(text, "bytes_sent"), info.bytes_sent) << text;
  EXPECT_EQ(shown(text, "bytes_received"), info.bytes_received);
  EXPECT_EQ(shown(text, "data_segs_out"), info.data_segs_out);
  EXPECT_EQ(shown(text, "segs_in"), info.segs_in);
  EXPECT_EQ(shown(text, "mss"), info.snd_mss);
  EXPECT_EQ(shown(text, "rcvmss"), info.rcv_mss);
  EXPECT_EQ(shown(text, "advmss"), info.advmss);
  EXPECT_EQ(shown(text, "cwnd"), info.snd_cwnd);
  EXPECT_EQ(shown(text, "delivered"), info.delivered);
  EXPECT_EQ(shown(text, "snd_wnd"), info.snd_wnd);
}

}  // namespace
}  // namespace uncork::probe
