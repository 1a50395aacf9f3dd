#include "probe/look/assembler.hpp"

#include <gtest/gtest.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>

#include <cstring>
#include <vector>

namespace uncork::probe {
namespace {

using record::Block;
using record::CloseReason;
using record::Row;
using record::RowKind;

constexpr std::uint8_t kEstablished = 1;
constexpr std::uint8_t kFinWait2 = 5;
constexpr std::uint8_t kClose = 7;
constexpr std::uint64_t kSpace = 4026531840;

/// What the kernel says of one socket, in a list or at its end.
struct Socket {
  std::uint32_t cookie = 7;
  std::uint8_t state = kEstablished;
  bool has_info = true;
  std::uint64_t bytes_sent = 0;
  std::uint16_t peer_port = 8001;  // 0: wiped
  std::uint32_t inode = 0;

  void write_to(std::vector<std::byte>& out, std::uint32_t sequence) const {
    std::vector<std::byte> message(sizeof(nlmsghdr) + sizeof(inet_diag_msg));
    inet_diag_msg head{};
    head.idiag_family = AF_INET;
    head.idiag_state = state;
    head.id.idiag_sport = htons(40000);
    head.id.idiag_dport = htons(peer_port);
    head.id.idiag_cookie[0] = cookie;
    head.idiag_inode = inode;
    std::memcpy(message.data() + sizeof(nlmsghdr), &head, sizeof head);
    if (has_info) {
      std::array<std::byte, 280> info{};
      constexpr std::size_t kBytesAcked = 120;  // offsets in struct tcp_info
      constexpr std::size_t kBytesSent = 200;
      std::memcpy(info.data() + kBytesAcked, &bytes_sent, sizeof bytes_sent);
      std::memcpy(info.data() + kBytesSent, &bytes_sent, sizeof bytes_sent);
      put(message, INET_DIAG_INFO, info);
      put(message, INET_DIAG_SHUTDOWN, std::array<std::byte, 1>{});
    }
    const nlmsghdr header{static_cast<std::uint32_t>(message.size()), SOCK_DIAG_BY_FAMILY, NLM_F_MULTI, sequence, 0};
    std::memcpy(message.data(), &header, sizeof header);
    out.insert(out.end(), message.begin(), message.end());
  }

 private:
  template <typename Value>
  static void put(std::vector<std::byte>& message, std::uint16_t type, const Value& value) {
    const nlattr header{static_cast<std::uint16_t>(sizeof(nlattr) + value.size()), type};
    const std::size_t begin = message.size();
    message.resize(begin + ((sizeof header + value.size() + 3) & ~std::size_t{3}));
    std::memcpy(message.data() + begin, &header, sizeof header);
    std::memcpy(message.data() + begin + sizeof header, value.data(), value.size());
  }
};

class Assembler : public ::testing::Test {
 protected:
  const Look& look(const std::vector<Socket>& sockets) {
    begin_look();
    list(sockets);
    assembler_.end();
    return look_;
  }
  void begin_look() {
    ++base_.sequence;
    assembler_.begin(look_, base_);
  }
  void list(const std::vector<Socket>& sockets) {
    std::vector<std::byte> datagram;
    for (const Socket& socket : sockets) socket.write_to(datagram, 1);
    const nlmsghdr done{sizeof(nlmsghdr) + sizeof(int), NLMSG_DONE, NLM_F_MULTI, 1, 0};
    const std::size_t end = datagram.size();
    datagram.resize(end + done.nlmsg_len);
    std::memcpy(datagram.data() + end, &done, sizeof done);
    assembler_.begin_space({.inode = kSpace, .name = "blue"});
    const auto reply = assembler_.feed(datagram, 1);
    ASSERT_TRUE(reply) << reply.error().message;
    assembler_.end_space(std::nullopt, {});
  }
  void close(const Socket& socket) {
    std::vector<std::byte> datagram;
    socket.write_to(datagram, 0);
    ASSERT_TRUE(assembler_.closed(datagram, {.inode = kSpace, .name = "blue"}, base_));
  }
  void tell(std::uint32_t kind, std::uint8_t old_state, int error = 0) {
    uncork_ending_with_facts record{};
    record.ending.cookie = record.facts.cookie = 7;
    record.ending.at_ns = 1000;
    record.ending.kind = kind;
    record.ending.old_state = old_state;
    record.ending.error = error;
    record.facts.netns = static_cast<std::uint32_t>(kSpace);
    record.facts.bytes_sent = 900;
    assembler_.set_book(&book_);
    ASSERT_TRUE(book_.take(std::as_bytes(std::span(&record, 1))));
  }
  void collect() {
    std::vector<Row> rows;
    book_.collect([&](std::uint64_t cookie) { return assembler_.begin_last_row(cookie, base_); }, 0, 10'000'000'000, rows);
    for (const Row& row : rows) assembler_.take_last_row(row);
  }
  static std::vector<Row> last_rows(const Look& look) {
    std::vector<Row> rows;
    for (const Row& row : look.rows) {
      if (row.last_row) rows.push_back(row);
    }
    return rows;
  }

  record::Texts texts_;
  EndingBook book_{texts_, {.tick_ns = 4'000'000, .tcp_info_bytes = 280}};
  LookAssembler assembler_{{.attributes = Attributes::all(), .close_events = true}, {6, 18}, texts_};
  Row base_;
  Look look_;
};

// Between looks and beyond: a last row names what the look before named, and nothing else keeps a name.
TEST_F(Assembler, keeps_the_texts_of_what_it_remembers_and_no_others) {
  const auto look_at = [&](const std::string& name) {
    begin_look();
    std::vector<std::byte> datagram;
    Socket{}.write_to(datagram, 1);
    assembler_.begin_space({.inode = kSpace, .name = name});
    ASSERT_TRUE(assembler_.feed(datagram, 1));
    assembler_.end_space(std::nullopt, {});
    assembler_.end();
  };
  for (int i = 0; i < 1000; ++i) {
    const std::string name = "namespace " + std::to_string(i);
    const std::vector<Row> before = look_.rows;
    look_at(name);
    assembler_.sweep_texts(look_);  // oftener than is worth it
    ASSERT_EQ(look_.rows.size(), 1U);
    EXPECT_EQ(look_.rows[0].netns.view(), name);
    if (before.empty()) continue;
    EXPECT_EQ(before[0].netns.view(), "namespace " + std::to_string(i - 1));
  }
  EXPECT_LE(texts_.size(), 4U);
  begin_look();
  assembler_.begin_space({.inode = kSpace + 1, .name = "another"});
  assembler_.end_space(std::nullopt, {});
  close({.state = kClose, .bytes_sent = 300});
  assembler_.end();
  const auto rows = last_rows(look_);
  ASSERT_EQ(rows.size(), 1U);
  for (int i = 0; i < 5; ++i) assembler_.sweep_texts(look_);
  EXPECT_EQ(rows[0].netns.view(), "namespace 999");
}

TEST_F(Assembler, makes_a_last_row_of_a_close_event_and_what_the_look_before_knew) {
  look({{.bytes_sent = 100, .inode = 55}});
  close({.state = kClose, .bytes_sent = 300});
  const auto rows = last_rows(look({}));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].row_kind, RowKind::closed);
  EXPECT_EQ(rows[0].tcp_info_bytes_sent, 300U);
  EXPECT_EQ(rows[0].inet_diag_msg_inode, 55U);
  EXPECT_EQ(rows[0].netns.view(), "blue");
  EXPECT_TRUE(last_rows(look({})).empty());
}

TEST_F(Assembler, keeps_the_last_polls_counters_when_an_abort_wiped_them) {
  look({{.bytes_sent = 100}});
  close({.state = kClose, .bytes_sent = 0, .peer_port = 0});
  const auto rows = last_rows(look({}));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].close_reason, CloseReason::aborted);
  EXPECT_EQ(rows[0].tcp_info_bytes_sent, 100U);
  EXPECT_EQ(rows[0].inet_diag_msg_socket_destination_port, 8001U);
}

TEST_F(Assembler, keeps_the_last_full_counters_when_the_last_word_has_none) {
  look({{.bytes_sent = 100}});
  close({.state = kFinWait2, .has_info = false});
  const auto rows = last_rows(look({}));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_TRUE(rows[0].knows(Block::tcp_info_4_19));
  EXPECT_EQ(rows[0].tcp_info_bytes_sent, 100U);
}

TEST_F(Assembler, knows_a_socket_that_this_very_look_saw_first) {
  begin_look();
  list({{.bytes_sent = 100}});
  close({.state = kClose, .peer_port = 0});
  assembler_.end();
  ASSERT_EQ(last_rows(look_).size(), 1U);
  EXPECT_EQ(last_rows(look_)[0].tcp_info_bytes_sent, 100U);
}

TEST_F(Assembler, counts_the_end_of_what_was_never_seen_and_is_wiped) {
  look({});
  close({.state = kClose, .peer_port = 0});
  EXPECT_TRUE(last_rows(look({})).empty());
  EXPECT_EQ(look_.coverage.nameless_closes, 1U);
  EXPECT_EQ(look_.coverage.close_events, 1U);
}

TEST_F(Assembler, makes_no_second_last_row_of_a_second_event) {
  look({{.bytes_sent = 100}});
  close({.state = kClose, .bytes_sent = 300});
  close({.state = kClose, .bytes_sent = 300});
  EXPECT_EQ(last_rows(look({})).size(), 1U);
  close({.state = kClose, .bytes_sent = 300});
  EXPECT_TRUE(last_rows(look({})).empty());
}

TEST_F(Assembler, makes_no_second_last_row_of_a_socket_that_the_book_gave_one) {
  look({{.bytes_sent = 100, .inode = 55}});
  tell(UNCORK_ENDING_RESET_RECEIVED, kEstablished);
  tell(UNCORK_ENDING_CLOSED, kEstablished);
  collect();
  close({.state = kClose, .bytes_sent = 900});
  const auto rows = last_rows(look({}));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].close_reason, CloseReason::reset_received);
  EXPECT_EQ(rows[0].tcp_info_bytes_sent, 900U);
  EXPECT_EQ(rows[0].inet_diag_msg_inode, 55U) << "as the look before saw it";
}

TEST_F(Assembler, makes_no_second_last_row_when_the_close_event_comes_before_the_books_row_or_long_after) {
  tell(UNCORK_ENDING_CLOSED, kEstablished);
  close({.state = kClose});
  EXPECT_TRUE(last_rows(look({})).empty());
  collect();
  EXPECT_EQ(last_rows(look({})).size(), 1U);
  tell(UNCORK_ENDING_CLOSED, kEstablished);
  collect();
  for (int looks = 0; looks < 10; ++looks) look({});
  close({.state = kClose});
  EXPECT_TRUE(last_rows(look({})).empty());
}

TEST_F(Assembler, takes_the_event_where_the_book_missed_the_end) {
  tell(UNCORK_ENDING_RESET_RECEIVED, kEstablished);
  close({.state = kClose, .bytes_sent = 300});
  const auto rows = last_rows(look({}));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].tcp_info_bytes_sent, 300U);
}

TEST_F(Assembler, ends_what_is_gone_after_close_events_were_lost_and_only_once) {
  look({{.cookie = 7, .bytes_sent = 100}, {.cookie = 8}, {.cookie = 9}});
  close({.cookie = 9, .state = kClose, .bytes_sent = 5});
  assembler_.lost_close_events();
  const auto rows = last_rows(look({{.cookie = 8}}));
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[1].inet_diag_msg_socket_cookie, 7U);
  EXPECT_EQ(rows[1].close_reason, CloseReason::unknown);
  EXPECT_EQ(rows[1].tcp_info_bytes_sent, 100U);
  EXPECT_EQ(look_.coverage.close_events_lost, 1U);
  EXPECT_FALSE(look_.coverage.whole());
  close({.cookie = 7, .state = kClose, .bytes_sent = 300});  // it was only late
  EXPECT_TRUE(last_rows(look({{.cookie = 8}})).empty());
  EXPECT_TRUE(look_.coverage.whole());
}

TEST_F(Assembler, does_not_call_a_connection_aborted_that_was_only_being_made) {
  look({{.state = 2}});  // SYN_SENT
  close({.state = kClose, .peer_port = 0});
  const auto rows = last_rows(look({}));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].row_kind, RowKind::never_connected);
  EXPECT_EQ(rows[0].close_reason, CloseReason::unknown);
}

}  // namespace
}  // namespace uncork::probe
