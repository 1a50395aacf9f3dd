#include "lab/coalesce/coalesce_judge.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace uncork::lab {
namespace {

CoalesceRow row(Transport transport, MessageWrites writes, double rate, double sends, core::Micros held, core::Micros lone) {
  CoalesceRow row;
  row.transport = transport;
  row.writes = writes;
  row.messages_per_second = {rate, rate, rate};
  row.sends_per_message = sends;
  row.held = held;
  row.lone_medians = {lone, lone, lone};
  return row;
}

/// What a good run shows.
std::vector<CoalesceRow> good_rows() {
  std::vector<CoalesceRow> rows;
  for (const Transport transport : {Transport::tcp, Transport::tls}) {
    rows.push_back(row(transport, MessageWrites::nagle, 2900, 1, core::Micros(900'000), core::Micros(20)));
    rows.push_back(row(transport, MessageWrites::nodelay, 200'000, 1, core::Micros(0), core::Micros(20)));
    rows.push_back(row(transport, MessageWrites::coalesced, 1'500'000, 0.0102, core::Micros(0), core::Micros(21)));
  }
  return rows;
}

std::vector<std::string> failed(const std::vector<CoalesceRow>& rows, unsigned messages = 100) {
  std::vector<std::string> names;
  for (const Criterion& criterion : judge_coalesce(rows, {.messages = messages})) {
    if (!criterion.passed()) names.push_back(criterion.name);
  }
  return names;
}

TEST(JudgeCoalesce, passes_what_was_promised) {
  EXPECT_TRUE(failed(good_rows()).empty());
  EXPECT_EQ(judge_coalesce(good_rows(), {}).size(), 10U);
}

TEST(JudgeCoalesce, fails_each_promise_by_itself) {
  auto rows = good_rows();
  rows[2].messages_per_second = {399'000, 399'000, 399'000};
  EXPECT_EQ(failed(rows), std::vector<std::string>{"speed_up_tcp"});
  rows = good_rows();
  rows[2].sends_per_message = 0.021;
  EXPECT_EQ(failed(rows), std::vector<std::string>{"sends_per_message_tcp"});
  rows = good_rows();
  rows[5].lone_medians.assign(3, core::Micros(30));
  EXPECT_EQ(failed(rows), std::vector<std::string>{"lone_message_tls"});
  rows = good_rows();
  rows[5].held = core::Micros(40'000);
  EXPECT_EQ(failed(rows), std::vector<std::string>{"coalesced_is_not_held_tls"});
  rows = good_rows();
  rows[0].held = core::Micros(0);
  EXPECT_EQ(failed(rows), std::vector<std::string>{"nagle_holds_tcp"});
}

TEST(JudgeCoalesce, fails_what_nobody_saw) {
  auto rows = good_rows();
  for (CoalesceRow& r : rows) r.sends_per_message = std::nullopt;
  EXPECT_EQ(failed(rows), (std::vector<std::string>{"sends_per_message_tcp", "sends_per_message_tls"}));
  EXPECT_FALSE(all_passed(judge_coalesce({}, {})));
}

TEST(JudgeCoalesce, asks_less_of_small_turns) {
  auto rows = good_rows();
  for (CoalesceRow& r : rows) r.sends_per_message = 0.11;
  EXPECT_TRUE(failed(rows, 10).empty());
}

/// What a good run shows of answers.
std::vector<AnswerRow> good_answers() {
  std::vector<AnswerRow> rows;
  for (const AnswerProtocol protocol : {AnswerProtocol::redis, AnswerProtocol::http}) {
    for (const bool pipelined : {true, false}) {
      AnswerRow row;
      row.protocol = protocol;
      row.pipelined = pipelined;
      row.plain = {.answers_per_second = {200'000, 200'000}, .sends_per_answer = 2};
      row.coalesced = {.answers_per_second = {900'000, 900'000}, .sends_per_answer = pipelined ? 0.01 : 1};
      rows.push_back(row);
    }
  }
  return rows;
}

std::vector<std::string> failed_answers(const std::vector<AnswerRow>& rows) {
  std::vector<std::string> names;
  for (const Criterion& criterion : judge_answers(rows)) {
    if (!criterion.passed()) names.push_back(criterion.name);
  }
  return names;
}

TEST(JudgeAnswers, passes_what_was_promised_and_fails_each_promise_by_itself) {
  EXPECT_TRUE(failed_answers(good_answers()).empty());
  auto rows = good_answers();
  rows[0].coalesced.sends_per_answer = 1;
  EXPECT_EQ(failed_answers(rows), std::vector<std::string>{"pipelined_sends_redis"});
  rows = good_answers();
  rows[2].coalesced.answers_per_second = {250'000, 250'000};
  EXPECT_EQ(failed_answers(rows), std::vector<std::string>{"pipelined_speed_up_http"});
  rows = good_answers();
  rows[1].coalesced.sends_per_answer = 2;
  EXPECT_EQ(failed_answers(rows), std::vector<std::string>{"answer_sends_redis"});
}

TEST(JudgeAnswers, fails_what_nobody_saw) {
  auto rows = good_answers();
  rows[3].coalesced.sends_per_answer = std::nullopt;
  EXPECT_EQ(failed_answers(rows), std::vector<std::string>{"answer_sends_http"});
  EXPECT_EQ(failed_answers({}).size(), 6U);
}

TEST(AnswerPieces, are_the_same_bytes_in_one_to_four_writes) {
  for (const AnswerProtocol protocol : {AnswerProtocol::redis, AnswerProtocol::http}) {
    const std::string whole = answer_pieces(protocol, 1).front();
    for (unsigned writes = 1; writes <= kMostAnswerWrites; ++writes) {
      const auto pieces = answer_pieces(protocol, writes);
      EXPECT_EQ(pieces.size(), writes);
      std::string all;
      for (const std::string& piece : pieces) all += piece;
      EXPECT_EQ(all, whole);
    }
    const std::size_t body = protocol == AnswerProtocol::redis ? whole.find("64\r\n") + 4 : whole.find("\r\n\r\n") + 4;
    EXPECT_EQ(whole.substr(body, 64), std::string(64, 'b'));
  }
}

TEST(PairedRatio, compares_rounds_with_each_other) {
  const auto ratio = paired_ratio({2, 30, 4}, {1, 10, 4});
  ASSERT_TRUE(ratio);
  EXPECT_EQ(ratio->median, 2);
  EXPECT_EQ(ratio->least, 1);
  EXPECT_EQ(ratio->most, 3);
  EXPECT_FALSE(paired_ratio({}, {}));
  EXPECT_FALSE(paired_ratio({1}, {0}));
}

}  // namespace
}  // namespace uncork::lab
