// How the last rows of looks tell the ends of real connections, with the kernel's events and without.

#include <sys/socket.h>

#include <array>
#include <cstdlib>

#include "core/syscall.hpp"
#include "tests/probe/conversation.hpp"
#include "tests/probe/diag_reference.hpp"
#include "tests/probe/watched_ends.hpp"

namespace uncork::probe {
namespace {

using record::Block;
using record::CloseReason;
using record::Row;
using record::RowKind;
using testing::connect_pair;
using testing::cookie_of;
using testing::Pair;

class Ends : public testing::WatchedEnds {
 protected:
  Pair pair(const char* address = "127.0.0.1:0", std::size_t space = 0) {
    Pair made;
    inside([&] { made = connect_pair(address); }, space);
    return made;
  }

  static void send(const core::Fd& from, const core::Fd& to, std::size_t bytes) {
    std::vector<std::byte> data(bytes);
    ASSERT_TRUE(core::send_all(from, data));
    for (std::size_t got = 0; got < bytes;) {
      const auto read = core::read_some(to, std::span(data).subspan(got));
      ASSERT_TRUE(read && read->count != 0);
      got += read->count;
    }
  }

  static void read_end(const core::Fd& socket) {
    std::array<std::byte, 1> none{};
    ASSERT_TRUE(core::read_some(socket, none));
  }

  static void abort(core::Fd& socket) {
    const linger now{1, 0};
    ASSERT_EQ(::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
    socket.reset();
  }
};
INSTANTIATE_TEST_SUITE_P(Both, Ends, ::testing::Values(UseBpf::no, UseBpf::yes));

TEST_P(Ends, says_fin_for_the_end_that_closed_first_and_for_the_second) {
  open();
  Pair two = pair();
  const std::uint64_t first = cookie_of(two.client);
  const std::uint64_t second = cookie_of(two.server);
  send(two.client, two.server, 300);
  two.client.reset();
  read_end(two.server);
  two.server.reset();
  EXPECT_EQ(end_of(first).close_reason, CloseReason::fin);
  EXPECT_EQ(ends_[first][0].tcp_info_bytes_sent, 300U);
  const Row row = end_of(second);
  EXPECT_EQ(row.row_kind, RowKind::closed);
  EXPECT_EQ(row.tcp_info_bytes_received, 301U) << "300 and the FIN";
  if (by_bpf()) {
    EXPECT_EQ(row.close_reason, CloseReason::fin);
  }
}

TEST_P(Ends, tells_both_ends_of_an_abort) {
  Pair two = pair("[::1]:0");
  open();
  const std::uint64_t aborting = cookie_of(two.client);
  const std::uint64_t aborted = cookie_of(two.server);
  send(two.client, two.server, 100);
  look();
  send(two.client, two.server, 200);
  abort(two.client);
  const Row row = end_of(aborting);
  EXPECT_EQ(row.row_kind, RowKind::closed);
  EXPECT_NE(row.inet_diag_msg_socket_destination_port, 0U);
  EXPECT_TRUE(row.knows(Block::owner)) << "as the look before saw it";
  if (by_bpf()) {
    EXPECT_EQ(row.close_reason, CloseReason::reset_sent);
    EXPECT_EQ(row.reset_reason, 14U);  // SK_RST_REASON_TCP_STATE, as tcp_disconnect() has it
    EXPECT_EQ(row.tcp_info_bytes_sent, 300U);
    EXPECT_EQ(row.pid, static_cast<std::uint32_t>(::getpid())) << "as the look before saw it";
  } else {
    EXPECT_EQ(row.close_reason, CloseReason::aborted);
    EXPECT_EQ(row.tcp_info_bytes_sent, 100U) << "the abort wiped the rest";
  }
  two.server.reset();
  EXPECT_EQ(end_of(aborted).close_reason, CloseReason::reset_received);
  EXPECT_EQ(ends_[aborted][0].tcp_info_bytes_received, 300U);
}

TEST_P(Ends, gives_one_last_row_however_long_the_socket_is_held_after_its_end) {
  open();
  Pair two = pair();
  const std::uint64_t held = cookie_of(two.server);
  send(two.client, two.server, 10);
  look();
  abort(two.client);
  if (by_bpf()) {
    EXPECT_EQ(end_of(held).close_reason, CloseReason::reset_received);
  }
  for (int again = 0; again < 5; ++again) look();
  EXPECT_EQ(ended(held), by_bpf());
  EXPECT_EQ(unended_, 0U) << "it is held";
  const std::uint64_t events = close_events_;
  two.server.reset();
  look_until([&] { return close_events_ > events; });
  EXPECT_EQ(end_of(held).close_reason, CloseReason::reset_received);
  EXPECT_EQ(ends_[held][0].tcp_info_bytes_received, 10U);
  EXPECT_TRUE(ends_[held][0].knows(Block::owner)) << "as the last look that saw it knew";
}

TEST_P(Ends, gives_an_orderly_end_one_row_when_it_ends_or_when_what_was_shut_down_is_closed_at_last) {
  open();
  Pair two = pair();
  const std::uint64_t held = cookie_of(two.client);
  look();
  ASSERT_EQ(::shutdown(two.client.get(), SHUT_WR), 0);
  read_end(two.server);
  two.server.reset();
  read_end(two.client);
  for (int again = 0; again < 5; ++again) look();
  EXPECT_EQ(ended(held), by_bpf());
  EXPECT_EQ(unended_, 0U) << "its end is known, or that it is held";
  const std::uint64_t events = close_events_;
  two.client.reset();
  look_until([&] { return close_events_ > events; });
  EXPECT_EQ(end_of(held).close_reason, CloseReason::fin);
}

TEST_P(Ends, says_nothing_of_a_listener_but_that_it_closed) {
  core::Fd listener;
  inside([&] { listener = *core::tcp_listen(*core::parse_endpoint("127.0.0.1:8001")); });
  open();
  const std::uint64_t cookie = cookie_of(listener);
  listener.reset();
  EXPECT_EQ(end_of(cookie).close_reason, CloseReason::unknown);
}

TEST_P(Ends, looks_at_the_chosen_states_alone) {
  add_space();
  const Pair two = pair("127.0.0.1:0", 1);
  core::Fd listener;
  inside([&] { listener = *core::tcp_listen(*core::parse_endpoint("[::1]:0")); });
  open({.states = state_bit(TcpState::listen)});
  ASSERT_EQ(look().rows.size(), 1U);
  EXPECT_EQ(look_.rows[0].inet_diag_msg_socket_cookie, cookie_of(listener));
  EXPECT_EQ(look_.path, by_bpf() ? LookPath::pass : LookPath::dumps);
  open({.states = state_bit(TcpState::established)});
  EXPECT_EQ(look().rows.size(), 2U);
}

TEST_P(Ends, that_found_the_buffer_full_are_told_by_the_next_list_and_the_loss_is_counted) {
  constexpr int kLasting = 20;
  constexpr int kFlood = 400;  // a datagram each takes most of a kilobyte of the buffer
  std::vector<Pair> lasting;
  for (int i = 0; i < kLasting; ++i) lasting.push_back(pair());
  std::vector<std::uint64_t> cookies;
  for (const Pair& two : lasting) {
    cookies.push_back(cookie_of(two.client));
    cookies.push_back(cookie_of(two.server));
  }
  open({.close_buffer_bytes = 16 * 1024});
  EXPECT_EQ(losses_, 0U);
  inside([] {
    for (int i = 0; i < kFlood; ++i) (void)connect_pair();
  });
  lasting.clear();
  look_until([&] { return losses_ > 0; });
  EXPECT_FALSE(look_.coverage.whole());
  EXPECT_NE(look_.coverage.sentence().find("of close events"), std::string::npos) << look_.coverage.sentence();
  look_until([&] { return std::ranges::all_of(cookies, [&](std::uint64_t cookie) { return ended(cookie); }); });
  const std::uint64_t losses = losses_;
  look_until([&] { return look_.coverage.whole(); });
  for (int again = 0; again < 3; ++again) {
    EXPECT_TRUE(look().coverage.whole()) << look_.coverage.sentence();
  }
  EXPECT_EQ(unended_, 0U);
  EXPECT_LE(losses_, losses + 1) << "one more may have come meanwhile";
  for (const std::uint64_t cookie : cookies) EXPECT_EQ(ends_[cookie].size(), 1U);
  Pair after = pair();
  const std::uint64_t cookie = cookie_of(after.server);
  after = {};
  EXPECT_TRUE(end_of(cookie).last_row) << "it is heard again";
}

TEST_P(Ends, are_one_each_for_connections_shorter_than_the_time_between_looks) {
  const char* const more = std::getenv("UNCORK_TEST_CONNECTIONS");  // in each namespace, by hand
  const int connections = more != nullptr ? std::atoi(more) : 300;
  add_space();
  open();
  std::map<std::uint64_t, std::size_t> sent;  // by cookie of the client
  std::map<std::uint64_t, std::size_t> received;
  for (int i = 0; i < connections; ++i) {
    for (std::size_t space = 0; space < 2; ++space) {
      Pair two = pair(i % 2 == 0 ? "127.0.0.1:0" : "[::1]:0", space);
      const std::size_t bytes = 1 + static_cast<std::size_t>(i);
      sent[cookie_of(two.client)] = received[cookie_of(two.server)] = bytes;
      send(two.client, two.server, bytes);
      if (i % 10 == 0) {
        abort(two.client);
        continue;
      }
      two.client.reset();
      read_end(two.server);
    }
  }
  const auto is_counted = [&](const auto& entry) { return by_bpf() || entry.second % 10 != 1; };
  look_until([&] {
    return std::ranges::all_of(received, [&](const auto& entry) { return ended(entry.first); }) &&
           std::ranges::all_of(sent, [&](const auto& entry) { return ended(entry.first) || !is_counted(entry); });
  });
  for (const auto& [cookie, rows] : ends_) EXPECT_EQ(rows.size(), 1U);
  for (const auto& [cookie, bytes] : received) {
    const std::uint64_t got = end_of(cookie).tcp_info_bytes_received;  // with the FIN, where there was one
    EXPECT_EQ(got, bytes + (bytes % 10 == 1 ? 0 : 1));
  }
  // The end that aborted, and that no look has seen, is wiped: without BPF nothing is known of it.
  for (const auto& entry : sent) {
    if (!is_counted(entry)) continue;
    EXPECT_EQ(end_of(entry.first).tcp_info_bytes_sent, entry.second);
    if (by_bpf()) {
      EXPECT_NE(end_of(entry.first).close_reason, CloseReason::unknown);
    }
  }
  EXPECT_EQ(losses_, 0U);
}

}  // namespace
}  // namespace uncork::probe
