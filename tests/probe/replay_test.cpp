#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "core/syscall.hpp"
#include "probe/diag/capture.hpp"
#include "probe/look/replay_looker.hpp"

namespace uncork::probe {
namespace {

using record::Block;
using record::Row;
using ::testing::HasSubstr;

std::vector<std::byte> recorded(const std::string& name) {
  const auto text = core::read_file(std::string(UNCORK_TEST_DATA) + "/diag/" + name, std::size_t{1} << 24);
  EXPECT_TRUE(text) << text.error().message;
  const auto bytes = std::as_bytes(std::span(*text));
  return {bytes.begin(), bytes.end()};
}

std::vector<Look> replayed(std::vector<std::byte> file, const LookOptions& options = {.attributes = Attributes::all()}) {
  std::vector<Look> looks;
  const auto looker = ReplayLooker::of_bytes(std::move(file), options);
  EXPECT_TRUE(looker) << looker.error().message;
  // Their rows' texts go with the looker: only numbers are looked at below.
  for (Look look; looker;) {
    const auto made = (*looker)->look(look);
    if (!made || *made == Looker::Outcome::end) return looks;
    looks.push_back(look);
  }
  return looks;
}

auto count(const Look& look, bool (*wanted)(const Row&)) { return std::ranges::count_if(look.rows, wanted); }

TEST(Replay, gives_the_rows_that_the_look_gave) {
  const auto looks = replayed(recorded("two_looks_6_18.pcap"));
  ASSERT_EQ(looks.size(), 2U);
  const Look& first = looks[0];
  EXPECT_EQ(first.coverage.sentence(), "25 of 25 sockets in 1 namespace");
  EXPECT_EQ(count(first, [](const Row& row) { return row.inet_diag_msg_family == 10; }), 13);
  EXPECT_EQ(count(first, [](const Row& row) { return row.inet_diag_msg_state == 10; }), 9);
  EXPECT_EQ(count(first, [](const Row& row) { return row.inet_diag_msg_state == 6 && !row.knows(Block::tcp_info); }), 2);
  EXPECT_EQ(count(first, [](const Row& row) { return row.tcp_info_length == 280 && row.knows(Block::accecn); }), 23);
  EXPECT_EQ(first.coverage.unknown_attributes, 0U);
}

TEST(Replay, gives_last_rows_and_completes_an_abort_from_the_look_before) {
  const auto looks = replayed(recorded("two_looks_6_18.pcap"));
  ASSERT_EQ(looks.size(), 2U);
  EXPECT_EQ(count(looks[1], [](const Row& row) { return row.last_row; }), 3);
  const auto aborted =
      std::ranges::find(looks[1].rows, record::CloseReason::aborted, [](const Row& row) { return row.close_reason; });
  ASSERT_NE(aborted, looks[1].rows.end());
  EXPECT_EQ(aborted->tcp_info_bytes_sent, 5U);
  EXPECT_NE(aborted->inet_diag_msg_socket_destination_port, 0U);
  EXPECT_EQ(looks[1].coverage.close_events, 4U);
}

TEST(Replay, keeps_only_what_was_selected) {
  const auto looks = replayed(recorded("two_looks_6_18.pcap"), {.attributes = {Attribute::skmem}, .states = 1U << 1});
  ASSERT_EQ(looks.size(), 2U);
  EXPECT_EQ(looks[0].rows.size(), 14U);
  for (const Row& row : looks[0].rows) {
    EXPECT_TRUE(row.knows(Block::sk_mem_info));
    EXPECT_FALSE(row.knows(Block::tcp_info) || row.knows(Block::congestion) || row.knows(Block::shutdown));
  }
}

TEST(Replay, says_that_a_list_stopped_short) {
  const auto looks = replayed(recorded("short_list_6_18.pcap"));
  ASSERT_FALSE(looks.empty());
  EXPECT_FALSE(looks[0].coverage.whole());
  EXPECT_THAT(looks[0].coverage.sentence(), HasSubstr("not whole"));
  EXPECT_GT(looks[0].rows.size(), 0U);
}

TEST(Replay, keeps_what_came_before_a_cut_and_names_the_packet) {
  auto file = recorded("two_looks_6_18.pcap");
  file.resize(9000);
  const auto looks = replayed(file);
  ASSERT_EQ(looks.size(), 1U);
  EXPECT_FALSE(looks[0].coverage.whole());
  ASSERT_EQ(looks[0].coverage.namespaces.size(), 1U);
  EXPECT_THAT(looks[0].coverage.namespaces[0].trouble, HasSubstr("packet "));
}

TEST(Replay, refuses_what_is_no_capture_of_netlink) {
  const auto refusal = [](std::vector<std::byte> file) {
    const auto reader = CaptureReader::open(file);
    return reader ? std::string() : reader.error().message;
  };
  EXPECT_THAT(refusal({}), HasSubstr("at byte 0"));
  EXPECT_THAT(refusal(std::vector<std::byte>(24)), HasSubstr("no pcap file"));
  auto ethernet = recorded("short_list_6_18.pcap");
  ethernet[20] = std::byte{1};
  EXPECT_THAT(refusal(ethernet), HasSubstr("link type 1 is not netlink"));
  auto swapped = recorded("short_list_6_18.pcap");
  std::reverse(swapped.begin(), swapped.begin() + 4);
  EXPECT_THAT(refusal(swapped), HasSubstr("byte order"));
}

}  // namespace
}  // namespace uncork::probe
