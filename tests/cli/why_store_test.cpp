// `uncork why --at` and `--since`, as a user runs them on a store of the test's own.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>  // setenv

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/cli/program.hpp"
#include "tests/sink/some_poll.hpp"

namespace uncork::cli {
namespace {

using testing::Finished;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::run_program;
using Json = nlohmann::json;

/// Ten minutes of polls from 2026-11-27T14:00Z on, but for two minutes from 14:04: nginx loses 4 ms in each; curl, its client,
/// nothing. One process of nginx has sums of its own.
struct WhyOfTheStore : ::testing::Test {
  WhyOfTheStore() {
    ::setenv("TZ", "UTC", 1);
    const auto store = folder_.open();
    for (std::uint64_t i = 1; i <= 60; ++i) {
      if (i >= 25 && i < 37) continue;
      auto poll = sink::testing::some_poll(i);
      poll.services.push_back(sink::testing::some_gain("curl", 8001, 4));
      stall::Service& client = poll.services.back().gain;
      client.key.role = stall::Role::requester;
      client.account.budget[stall::Cause::nagle_delayed_ack] = core::Micros(0);
      poll.services.push_back(sink::testing::some_gain("nginx[4242]", 0, 2));
      poll.services.back().by = sink::Grouping::process;
      EXPECT_TRUE(store->add(poll.view()).has_value());
    }
  }

  [[nodiscard]] Finished ask(std::vector<std::string> words) const {
    words.insert(words.begin(), "why");
    words.insert(words.end(), {"--store", folder_.path()});
    return run_program(words);
  }

  sink::testing::StoreFolder folder_;
};

const std::vector<std::string> kTenMinutes = {"--since", "2026-11-27T14:00Z", "--until", "2026-11-27T14:10Z"};

std::vector<std::string> in_ten_minutes(const std::string& what) {
  std::vector<std::string> words = {what};
  words.insert(words.end(), kTenMinutes.begin(), kTenMinutes.end());
  return words;
}

TEST_F(WhyOfTheStore, says_of_what_time_it_is_and_whether_the_collector_watched_then) {
  const Finished finished = ask(in_ten_minutes(":8001"));
  EXPECT_EQ(finished.exit, 1) << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("asked       port 8001, 2026-11-27 14:00 to 14:10, out of the store\n"));
  EXPECT_THAT(finished.out, HasSubstr("collector   watched 470 s of 600 s; not from 14:03:50 to 14:05:50\n"));
  EXPECT_THAT(finished.out, HasSubstr("verdict     time is lost: 192 ms of 576 ms (33 %), 1.00 ms an exchange\n"));
  EXPECT_THAT(finished.out, HasSubstr("who         nginx server :8001"));
  EXPECT_THAT(finished.out, HasSubstr("cause       Nagle held bytes until the peer's delayed ACK (nagle_delayed_ack)\n"));
  EXPECT_THAT(finished.out, HasSubstr("remedy      merge the writes, or set TCP_NODELAY\n"));
  EXPECT_THAT(finished.out, HasSubstr("also        curl client :8001 lost nothing\n"));
  EXPECT_THAT(finished.out, HasSubstr("confidence  witnessed"));
  EXPECT_LE(finished.out.size(), 2048U);
}

TEST_F(WhyOfTheStore, answers_of_one_minute_and_of_one_in_which_nobody_watched) {
  const Finished minute = ask({"nginx:8001", "--at", "2026-11-27T14:02:20Z"});
  EXPECT_EQ(minute.exit, 1) << minute.err;
  EXPECT_THAT(minute.out, HasSubstr("asked       nginx on port 8001, 2026-11-27 14:02 to 14:03, out of the store\n"));
  EXPECT_THAT(minute.out, HasSubstr("collector   watched all of this time\n"));
  const Finished gap = ask({":8001", "--at", "2026-11-27T14:04:20Z"});
  EXPECT_EQ(gap.exit, 2);
  EXPECT_THAT(gap.out, IsEmpty());
  EXPECT_THAT(gap.err, HasSubstr("nothing is stored of port 8001 from 2026-11-27 14:04 to 14:05; there are polls from "
                                 "2026-11-27 14:00 to 14:09; 'uncork why :8001' watches now\n"));
}

TEST_F(WhyOfTheStore, answers_programs) {
  std::vector<std::string> words = in_ten_minutes("nginx");
  words.emplace_back("--json");
  const Finished finished = ask(words);
  const Json json = Json::parse(finished.out);
  EXPECT_EQ(json.at("type"), "why");
  EXPECT_EQ(json.at("matters"), true);
  EXPECT_EQ(json.at("span"), "2026-11-27 14:00 to 14:10");
  EXPECT_EQ(json.at("watched_ms"), 470000.0);
  EXPECT_THAT(json.at("collector"), HasSubstr("not from 14:03:50 to 14:05:50"));
  EXPECT_EQ(json.at("cause"), "nagle_delayed_ack");
}

TEST_F(WhyOfTheStore, a_number_is_a_process_that_was_there_then_else_a_port) {
  const Finished process = ask(in_ten_minutes("4242"));
  EXPECT_EQ(process.exit, 1) << process.err;
  EXPECT_THAT(process.out, HasSubstr("asked       process 4242 (nginx), 2026-11-27 14:00 to 14:10, out of the store\n"));
  EXPECT_THAT(process.out, HasSubstr("96 exchanges"));
  const Finished port = ask(in_ten_minutes("8001"));
  EXPECT_THAT(port.out, HasSubstr("asked       port 8001 (no process has that number), 2026-11-27"));
  const Finished neither = ask(in_ten_minutes("70000"));
  EXPECT_EQ(neither.exit, 2);
  EXPECT_THAT(neither.err, HasSubstr("nothing is stored of process 70000 from "));
}

TEST_F(WhyOfTheStore, what_carried_nothing_then_is_told_with_what_there_was) {
  const Finished nobody = ask(in_ten_minutes("apache"));
  EXPECT_EQ(nobody.exit, 2);
  EXPECT_THAT(nobody.err, HasSubstr("nothing is stored of apache from 2026-11-27 14:00 to 14:10; there was nginx server :8001"));
  EXPECT_EQ(ask({"nginx", "--at", "14:00", "--since", "10m"}).exit, 2);
  EXPECT_EQ(ask({"nginx", "--at", "14:00", "--for", "10s"}).exit, 2);
  EXPECT_THAT(nobody.err, Not(HasSubstr("watches now"))) << "somebody was watching";
}

TEST(WhyWithoutAStore, is_not_possible_rather_than_misused) {
  const sink::testing::StoreFolder folder;
  const Finished finished = run_program({"why", ":1", "--at", "14:03", "--store", folder.path()});
  EXPECT_EQ(finished.exit, 3);
  EXPECT_EQ(finished.err, "uncork: " + folder.path() + ": there is no store; give another by --store FILE\n");
}

}  // namespace
}  // namespace uncork::cli
