// Links between namespaces: who is where, and that packets take the time, the losses and the rate that were asked for.

#include "link/link.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "core/syscall.hpp"
#include "tests/probe/privilege.hpp"

namespace uncork::link {
namespace {

using namespace std::chrono_literals;

std::uint64_t own_namespace() {
  struct stat status{};
  EXPECT_EQ(::stat("/proc/thread-self/ns/net", &status), 0);
  return status.st_ino;
}

/// Skips, with the reason, where no link can be made.
class Links : public testing::Test {
 protected:
  void SetUp() override {
    if (!probe::testing::is_root()) UNCORK_SKIP_TEST("needs root to make network namespaces");
  }
  void make(const LinkOptions& options) {
    auto made = Link::make(options);
    if (!made) UNCORK_SKIP_TEST(made.error().message);
    link_.emplace(std::move(*made));
  }
  std::optional<Link> link_;
};

core::Status send_bytes(const core::Fd& socket, std::size_t bytes) {
  return core::send_all(socket, std::vector<std::byte>(bytes, std::byte{'x'}));
}

/// Receives that many bytes, in at most 20 s.
core::Status receive(const core::Fd& socket, std::size_t bytes) {
  std::array<std::byte, 65536> buffer;
  const core::Time deadline = core::MonotonicClock::now() + 20s;
  while (bytes > 0) {
    const auto ready = core::wait_readable(socket, deadline);
    if (!ready || !*ready) return core::fail(core::Error{core::ErrorCode::internal, 0, "nothing came for 20 s"});
    const auto got = core::read_some(socket, std::span(buffer).first(std::min(bytes, buffer.size())));
    if (!got || got->count == 0) return core::fail(core::Error{core::ErrorCode::internal, 0, "the stream ended"});
    bytes -= got->count;
  }
  return {};
}

/// One byte there, one back.
core::Micros round_trip(const Link::Sockets& sockets) {
  const core::Time begin = core::MonotonicClock::now();
  EXPECT_TRUE(send_bytes(sockets.near, 1));
  EXPECT_TRUE(receive(sockets.far, 1));
  EXPECT_TRUE(send_bytes(sockets.far, 1));
  EXPECT_TRUE(receive(sockets.near, 1));
  return core::MonotonicClock::now() - begin;
}

TEST_F(Links, carry_segments_of_an_ethernets_size_and_leave_the_caller_where_he_was) {
  for (const LinkOptions& options : {LinkOptions{}, LinkOptions{.impairments = {.one_way = 100us}}}) {
    const std::uint64_t before = own_namespace();
    make(options);
    const auto sockets = link_->connect(End::far);
    ASSERT_TRUE(sockets) << sockets.error().message;
    EXPECT_EQ(own_namespace(), before);
    EXPECT_EQ(core::local_endpoint(sockets->near)->bytes, Link::address(End::near, 0).bytes);
    EXPECT_EQ(core::local_endpoint(sockets->far)->bytes, Link::address(End::far, 0).bytes);
    EXPECT_EQ(*core::get_option(sockets->near, IPPROTO_TCP, TCP_MAXSEG), 1448);
  }
}

TEST_F(Links, have_the_mtu_that_is_asked_for) {
  make({.mtu_bytes = 600});
  const auto sockets = link_->connect(End::near);
  ASSERT_TRUE(sockets) << sockets.error().message;
  EXPECT_EQ(*core::get_option(sockets->near, IPPROTO_TCP, TCP_MAXSEG), 600 - 52);
  EXPECT_FALSE(Link::make({.mtu_bytes = 100}));
  EXPECT_FALSE(Link::make({.impairments = {.loss = 1.5}}));
}

TEST_F(Links, two_do_not_meet) {
  make({});
  const auto other = Link::make();
  ASSERT_TRUE(other) << other.error().message;
  core::Result<core::Fd> listener;
  ASSERT_TRUE(link_->inside(End::near, [&]() -> core::Status {
    listener = core::tcp_listen(Link::address(End::near, 0));
    return {};
  }));
  ASSERT_TRUE(listener);
  const auto at = *core::local_endpoint(*listener);
  EXPECT_TRUE(link_->connect_from(End::far, at));
  EXPECT_FALSE(other->connect_from(End::far, at));
}

TEST_F(Links, a_task_that_throws_leaves_the_caller_where_he_was) {
  make({});
  const std::uint64_t before = own_namespace();
  EXPECT_THROW((void)link_->inside(End::far, []() -> core::Status { throw std::runtime_error("thrown"); }), std::runtime_error);
  EXPECT_EQ(own_namespace(), before);
}

TEST_F(Links, an_end_has_sysctls_of_its_own) {
  make({});
  const std::string name = "net.ipv4.tcp_syn_retries";
  ASSERT_TRUE(link_->set_sysctl(End::near, name, "3"));
  const auto read = [&](End end) {
    std::string value;
    EXPECT_TRUE(link_->inside(end, [&]() -> core::Status {
      value = core::read_file("/proc/sys/net/ipv4/tcp_syn_retries").value_or("?");
      return {};
    }));
    return value;
  };
  EXPECT_EQ(read(End::near), "3\n");
  EXPECT_NE(read(End::far), "3\n");
  EXPECT_FALSE(link_->set_sysctl(End::near, "net.ipv4.no_such", "3"));
}

TEST_F(Links, a_round_trip_takes_both_ways) {
  make({.impairments = {.one_way = 5ms}});
  const auto sockets = link_->connect(End::near);
  ASSERT_TRUE(sockets) << sockets.error().message;
  std::vector<core::Micros> trips;
  for (int i = 0; i < 20; ++i) trips.push_back(round_trip(*sockets));
  std::ranges::sort(trips);
  EXPECT_GE(trips.front(), 10ms);  // never early
  EXPECT_LE(trips.front(), 15ms) << "the carrier wakes late, and on a busy machine later, but not twenty times in a row";
}

TEST_F(Links, lose_packets_and_count_them) {
  make({.impairments = {.one_way = 1ms, .loss = 0.2, .seed = 3}});
  std::vector<core::Fd> sockets;
  for (const End end : {End::near, End::far}) {
    ASSERT_TRUE(link_->inside(end, [&]() -> core::Status {
      sockets.emplace_back(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
      return {};
    }));
  }
  sockaddr_in far{.sin_family = AF_INET, .sin_port = htons(9), .sin_addr = {htonl(0xc6120002)}, .sin_zero = {}};
  constexpr std::uint64_t kPackets = 5000;
  for (std::uint64_t i = 0; i < kPackets; ++i) {
    ASSERT_EQ(::sendto(sockets[0].get(), "x", 1, 0, reinterpret_cast<const sockaddr*>(&far), sizeof far), 1);
  }
  const core::Time deadline = core::MonotonicClock::now() + 20s;
  const auto seen = [&] { return link_->counters(End::near).carried + link_->counters(End::near).lost; };
  while (seen() < kPackets && core::MonotonicClock::now() < deadline) std::this_thread::yield();
  const Counters counters = link_->counters(End::near);
  EXPECT_EQ(counters.carried + counters.lost, kPackets);
  EXPECT_NEAR(static_cast<double>(counters.lost), 1000, 150);  // binomial, with a deviation of 28
  EXPECT_EQ(counters.dropped, 0U);
}

TEST_F(Links, lose_one_segment_on_request_which_is_sent_again) {
  make({.impairments = {.one_way = 1ms}});
  const auto sockets = link_->connect(End::near);
  ASSERT_TRUE(sockets) << sockets.error().message;
  round_trip(*sockets);
  link_->drop_next_segment();
  EXPECT_FALSE(link_->dropped());
  round_trip(*sockets);
  EXPECT_TRUE(link_->dropped());
  EXPECT_EQ(link_->counters(End::near).lost, 1U);
  EXPECT_EQ(link_->counters(End::far).lost, 0U);
}

TEST_F(Links, carry_no_more_than_their_rate) {
  make({.impairments = {.one_way = 1ms, .rate_bytes_per_second = 2'000'000}});
  const auto sockets = link_->connect(End::near);
  ASSERT_TRUE(sockets) << sockets.error().message;
  constexpr std::size_t kBytes = 1'000'000;
  const core::Time begin = core::MonotonicClock::now();
  std::jthread sending([&] { EXPECT_TRUE(send_bytes(sockets->near, kBytes)); });
  ASSERT_TRUE(receive(sockets->far, kBytes));
  const double took = core::to_ms(core::MonotonicClock::now() - begin);
  EXPECT_GE(took, 500 - 5);
  EXPECT_LE(took, 1500) << "headers, and what congestion control leaves unused";
}

TEST_F(Links, carry_tens_of_thousands_of_packets_a_second) {
  make({.impairments = {.one_way = 1ms}});
  const auto sockets = link_->connect(End::near);
  ASSERT_TRUE(sockets) << sockets.error().message;
  constexpr std::size_t kBytes = 1448 * std::size_t{40'000};
  const core::Time begin = core::MonotonicClock::now();
  std::jthread sending([&] { EXPECT_TRUE(send_bytes(sockets->near, kBytes)); });
  ASSERT_TRUE(receive(sockets->far, kBytes));
  // 0.4 s on two free cores; four times the thousands that a loaded machine under a sanitizer must still do.
  EXPECT_LE(core::to_ms(core::MonotonicClock::now() - begin), 8000);
}

TEST(Link, without_the_right_says_what_is_missing) {
  const std::string said = probe::testing::as_nobody([]() -> std::string {
    const auto link = Link::make();
    if (link) return "it could be made";
    if (link.error().code != core::ErrorCode::not_permitted) return "another error: " + link.error().message;
    return link.error().message.find("needs root") == std::string::npos ? link.error().message : "";
  });
  EXPECT_EQ(said, "");
}

}  // namespace
}  // namespace uncork::link
