// `uncork query`, `top` and `show`, as a user runs them on a store of the test's own.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>  // setenv

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "tests/cli/program.hpp"
#include "tests/sink/some_poll.hpp"

namespace uncork::cli {
namespace {

using ::testing::AllOf;
using testing::Finished;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::run_program;
using Json = nlohmann::json;

/// Ten minutes of polls from 2026-11-27T14:00Z on: nginx loses 4 ms in each, postgres ten times that in the second half.
struct AskedStore : ::testing::Test {
  AskedStore() {
    ::setenv("TZ", "UTC", 1);
    const auto store = folder_.open();
    for (std::uint64_t i = 1; i <= 60; ++i) {
      auto poll = sink::testing::some_poll(i);
      poll.services.push_back(sink::testing::some_gain("postgres", 5432, i > 30 ? 40 : 0));
      poll.services.back().container = "db-1";
      EXPECT_TRUE(store->add(poll.view()).has_value());
    }
  }

  [[nodiscard]] Finished ask(std::vector<std::string> words, const testing::During& during = {}) const {
    words.insert(words.end(), {"--store", folder_.path()});
    return run_program(words, during);
  }

  sink::testing::StoreFolder folder_;
};

TEST_F(AskedStore, query_prints_a_table) {
  const Finished finished =
      ask({"query", "SELECT command, port, sum(lost_us) / 1000 AS lost_ms FROM hours GROUP BY 1, 2 ORDER BY 3 DESC"});
  EXPECT_EQ(finished.exit, 0) << finished.err;
  EXPECT_EQ(finished.out,
            "command   port  lost_ms\n"
            "postgres  5432     1200\n"
            "nginx     8001      240\n");
  EXPECT_THAT(finished.err, IsEmpty());
}

TEST_F(AskedStore, query_prints_for_programs) {
  const std::string sql = "SELECT 1 AS a, NULL AS b, 1.5 AS c, 'x,\"y\t' AS d, x'00ff' AS e, 2 AS a";
  EXPECT_EQ(ask({"query", sql, "--json"}).out, "{\"a\":1,\"b\":null,\"c\":1.5,\"d\":\"x,\\\"y\\t\",\"e\":\"00ff\",\"a:2\":2}\n");
  EXPECT_EQ(ask({"query", sql, "--format", "csv"}).out, "a,b,c,d,e,a\n1,,1.5,\"x,\"\"y\t\",00ff,2\n");
  EXPECT_EQ(ask({"query", sql, "--format", "tsv"}).out, "a\tb\tc\td\te\ta\n1\t\t1.5\tx,\"y\\t\t00ff\t2\n");
}

TEST_F(AskedStore, query_shows_at_most_so_many_rows_and_says_so) {
  const Finished finished = ask({"query", "SELECT id FROM rows", "--limit", "2"});
  EXPECT_EQ(finished.exit, 0);
  EXPECT_EQ(finished.out, "id\n 1\n 2\n");
  EXPECT_EQ(finished.err, "uncork query: only the first 2 rows are shown (--limit)\n");
  const Finished all = ask({"query", "SELECT id FROM rows", "--format", "csv"});
  EXPECT_EQ(std::ranges::count(all.out, '\n'), 181);
}

TEST_F(AskedStore, query_shows_the_place_of_what_is_wrong) {
  const Finished finished = ask({"query", "SELECT id,\n  dprot FROM rows"});
  EXPECT_EQ(finished.exit, 2);
  EXPECT_EQ(finished.err,
            "uncork: query: line 2, column 3: no such column: dprot\n"
            "    dprot FROM rows\n"
            "    ^\n");
  EXPECT_THAT(finished.out, IsEmpty());
}

TEST_F(AskedStore, query_changes_nothing_and_ends_in_time) {
  const Finished deleting = ask({"query", "DELETE FROM rows"});
  EXPECT_EQ(deleting.exit, 2);
  EXPECT_THAT(deleting.err, HasSubstr("only questions are answered"));
  const Finished endless = ask(
      {"query", "WITH RECURSIVE n(x) AS (VALUES(1) UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n", "--timeout", "200ms"});
  EXPECT_EQ(endless.exit, 3);
  EXPECT_THAT(endless.err, HasSubstr("stopped, as it took too long"));
  EXPECT_EQ(folder_.number("SELECT count(*) FROM rows"), 180);
}

TEST_F(AskedStore, query_prints_nothing_that_a_terminal_obeys) {
  const Finished finished = ask({"query", "SELECT char(27) || '[31m' AS x"}, {.columns = 80});
  EXPECT_EQ(finished.exit, 0);
  EXPECT_THAT(finished.out, HasSubstr("?[31m"));
}

TEST_F(AskedStore, top_shows_what_lost_most_first) {
  const Finished finished = ask({"top", "--since", "2026-11-27T14:00Z", "--until", "2026-11-27T14:10Z"});
  EXPECT_EQ(finished.exit, 1) << finished.err;
  EXPECT_EQ(
      finished.out,
      "uncork top  2026-11-27 14:00 to 14:10  2 services, 2 losing time\n"
      "\n"
      "  LOST  LOST/EX  SERVICE                CONTAINER  EXCHANGES      P50      P99  TREND   CAUSE              REMEDY\n"
      "1.20 s  1.00 ms  postgres server :5432  db-1            1200  3.01 ms  3.01 ms  new     nagle_delayed_ack  merge the "
      "writes, or set TCP_NODELAY\n"
      "240 ms  1.00 ms  nginx server :8001     -                240  3.01 ms  3.01 ms  steady  nagle_delayed_ack  merge the "
      "writes, or set TCP_NODELAY\n");
}

TEST_F(AskedStore, top_answers_programs) {
  const Finished finished = ask({"top", "--since", "2026-11-27T14:00Z", "--until", "2026-11-27T14:10Z", "--json"});
  EXPECT_EQ(finished.exit, 1);
  const Json json = Json::parse(finished.out);
  EXPECT_EQ(json.at("type"), "top");
  EXPECT_EQ(json.at("all"), 2);
  const Json& first = json.at("services").at(0);
  EXPECT_EQ(first.at("comm"), "postgres");
  EXPECT_EQ(first.at("container"), "db-1");
  EXPECT_EQ(first.at("lost_ms"), 1200.0);
  EXPECT_EQ(first.at("lost_an_exchange_ms"), 1.0);
  EXPECT_EQ(first.at("budget_ms").at("peer_think"), 2400.0);
  EXPECT_EQ(first.at("cause"), "nagle_delayed_ack");
  EXPECT_EQ(first.at("trend"), "new");
}

TEST_F(AskedStore, top_of_one_minute_and_by_container) {
  const Json minute = Json::parse(ask({"top", "--at", "2026-11-27T14:07:30Z", "--json"}).out);
  EXPECT_EQ(minute.at("until_ns").get<std::int64_t>() - minute.at("from_ns").get<std::int64_t>(), 60'000'000'000);
  EXPECT_EQ(minute.at("services").at(0).at("exchanges"), 240);
  EXPECT_EQ(minute.at("services").at(0).at("trend"), "-");
  const Json containers = Json::parse(
      ask({"top", "--since", "2026-11-27T14:00Z", "--until", "2026-11-27T14:10Z", "--by", "container", "--json"}).out);
  EXPECT_EQ(containers.at("services").at(0).at("group"), "db-1");
  EXPECT_EQ(containers.at("services").at(1).at("group"), "(no container)");
}

TEST_F(AskedStore, top_of_a_time_of_which_nothing_is_stored_says_what_there_is) {
  const Finished finished = ask({"top", "--at", "2026-11-26T09:00Z"});
  EXPECT_EQ(finished.exit, 2);
  EXPECT_THAT(finished.out, IsEmpty());
  EXPECT_EQ(
      finished.err,
      "uncork top: no service carried anything from 2026-11-26 09:00 to 09:01; there are polls from 2026-11-27 14:00 to 14:09\n");
  EXPECT_EQ(ask({"top", "--at", "14:00", "--since", "10m"}).exit, 2);
}

TEST_F(AskedStore, show_tells_a_socket_as_it_was) {
  const Finished finished = ask({"show", "100001", "--at", "2026-11-27T14:02:03Z"});
  EXPECT_EQ(finished.exit, 0) << finished.err;
  EXPECT_THAT(
      finished.out,
      AllOf(HasSubstr(
                "the socket with the cookie 100001 at 2026-11-27 14:02:03: 1 socket, seen 2026-11-27 14:02:00 (3.00 s before)"),
            HasSubstr("198.18.0.1:8001"), HasSubstr("inet_diag_msg_state                    established\n"),
            HasSubstr("lost_nagle_delayed_ack_us"), Not(HasSubstr("lost_cork_us                           -"))));
}

TEST_F(AskedStore, show_takes_a_port_an_end_or_a_process_and_answers_programs) {
  for (const std::string what : {":8001", "8001"}) {
    const Json json = Json::parse(ask({"show", what, "--at", "2026-11-27T14:02:03Z", "--json"}).out);
    EXPECT_EQ(json.at("asked"), "port 8001");
    ASSERT_EQ(json.at("sockets").size(), 3U);
    EXPECT_EQ(json.at("sockets").at(0).at("off_ms"), -2999);
    EXPECT_EQ(json.at("sockets").at(0).at("row").at("inetDiagMsgSocketSourcePort"), 8001);
  }
  const Json end = Json::parse(ask({"show", "198.18.0.1:8001", "--at", "2026-11-27T14:02:03Z", "--json"}).out);
  EXPECT_EQ(end.at("sockets").size(), 2U);
  const std::string pid = std::to_string(folder_.number("SELECT pid FROM rows WHERE id = 2"));
  EXPECT_EQ(Json::parse(ask({"show", pid, "--at", "2026-11-27T14:02:03Z", "--json"}).out).at("asked"), "process " + pid);
}

TEST_F(AskedStore, show_of_what_nobody_saw_says_what_there_is) {
  const Finished finished = ask({"show", ":9", "--at", "2026-11-27T14:02Z"});
  EXPECT_EQ(finished.exit, 2);
  EXPECT_THAT(finished.out, IsEmpty());
  EXPECT_EQ(
      finished.err,
      "uncork show: nothing is stored of ':9' within 600 s of 2026-11-27 14:02:00; there are polls from 2026-11-27 14:00 to "
      "14:09\n");
  const Finished word = ask({"show", "nginx"});
  EXPECT_EQ(word.exit, 2);
  EXPECT_THAT(word.err, HasSubstr("WHAT 'nginx': accepted: a process by its number"));
}

TEST_F(AskedStore, fits_the_terminal) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"top", "--since", "2026-11-27T14:00Z", "--until", "2026-11-27T14:10Z"},
        std::vector<std::string>{"show", ":8001", "--at", "2026-11-27T14:02Z"},
        std::vector<std::string>{"query", "SELECT * FROM rows"}}) {
    const Finished narrow = ask(words, {.columns = 60});
    std::istringstream lines(narrow.out);
    for (std::string line; std::getline(lines, line);) {
      for (const std::string code : {"\x1b[1m", "\x1b[0m"}) {
        if (const auto at = line.find(code); at != std::string::npos) line.erase(at, code.size());
      }
      EXPECT_LE(line.size(), 60U) << words[0] << ": " << line;
    }
  }
}

TEST(NoStore, is_not_possible_rather_than_misused_and_is_not_made) {
  const sink::testing::StoreFolder folder;
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"top"}, std::vector<std::string>{"show", ":1"}, std::vector<std::string>{"query", "SELECT 1"}}) {
    std::vector<std::string> with = words;
    with.insert(with.end(), {"--store", folder.path()});
    const Finished finished = run_program(with);
    EXPECT_EQ(finished.exit, 3) << words[0];
    EXPECT_EQ(finished.err, "uncork: " + folder.path() + ": there is no store; give another by --store FILE\n");
  }
}

}  // namespace
}  // namespace uncork::cli
