// `uncork collect` as its user runs it: rows kept, asked for and handed on.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "core/syscall.hpp"
#include "tests/cli/program.hpp"
#include "tests/cure/scratch_directory.hpp"
#include "tests/cure/target_process.hpp"

namespace uncork::cli {
namespace {

using testing::Finished;
using ::testing::HasSubstr;
using testing::run_program;
using Json = nlohmann::json;

class Collect : public ::testing::Test {
 protected:
  /// Of our own sockets alone.
  [[nodiscard]] std::string ours() const { return "port == " + std::to_string(connection_.server_port()); }
  [[nodiscard]] std::string store() const { return scratch_.path() + "/store.db"; }
  [[nodiscard]] std::vector<std::string> words(const std::vector<std::string>& more) const {
    std::vector<std::string> words = {"collect", "--store", store(), "--filter", ours()};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  static std::vector<Json> lines(const std::string& text) {
    std::vector<Json> lines;
    std::istringstream stream(text.substr(0, text.rfind('\n') + 1));
    for (std::string line; std::getline(stream, line);) lines.push_back(Json::parse(line));
    return lines;
  }
  /// All rows in the files of a folder, in the order of the files' names.
  [[nodiscard]] std::vector<Json> rows_in(const std::string& folder) const {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path());
    std::ranges::sort(files);
    std::vector<Json> rows;
    for (const auto& file : files) {
      std::ifstream stream(file);
      for (std::string line; std::getline(stream, line);) rows.push_back(Json::parse(line));
    }
    return rows;
  }
  void write_config(const std::string& text) const { std::ofstream(config_) << text; }

  cure::testing::ScratchDirectory scratch_;
  std::string config_ = scratch_.path() + "/collect.toml";
  cure::testing::Connection connection_ = cure::testing::connect_pair();
};

TEST_F(Collect, once_keeps_and_hands_on_every_row_that_is_wanted) {
  std::filesystem::create_directory(scratch_.path() + "/rows");
  const Finished once = run_program(words({"--once", "--label", "shop", "--sink", "file:" + scratch_.path() + "/rows/r.jsonl"}));
  EXPECT_EQ(once.exit, 0) << once.err;
  const auto rows = rows_in(scratch_.path() + "/rows");
  ASSERT_EQ(rows.size(), 2U) << "both ends";
  EXPECT_EQ(rows[0].at("label"), "shop");
  const Finished asked = run_program({"query", "SELECT count(*) AS n FROM rows", "--store", store(), "--format", "jsonl"});
  EXPECT_EQ(lines(asked.out).at(0).at("n"), 2) << asked.err;
}

TEST_F(Collect, numbers_polls_and_rows_without_a_gap_and_over_restarts) {
  std::filesystem::create_directory(scratch_.path() + "/rows");
  std::vector<std::int64_t> polls;
  for (int run = 0; run < 2; ++run) {
    const auto has_three = [](const Finished& so_far) { return std::ranges::count(so_far.out, '\n') >= 3; };
    const Finished polled =
        run_program(words({"--interval", "100ms", "--json", "--sink", "file:" + scratch_.path() + "/rows/r.jsonl"}),
                    {.signal = SIGTERM, .signal_once = has_three});
    EXPECT_EQ(polled.exit, 0) << polled.err;
    for (const Json& line : lines(polled.out)) {
      EXPECT_EQ(line.at("type"), "poll");
      EXPECT_EQ(line.at("rows"), 2);
      polls.push_back(line.at("sequence"));
    }
  }
  ASSERT_GE(polls.size(), 6U);
  for (std::size_t i = 1; i < polls.size(); ++i) EXPECT_EQ(polls[i], polls[i - 1] + 1);
  const auto rows = rows_in(scratch_.path() + "/rows");
  EXPECT_EQ(rows.size(), 2 * polls.size());
  std::int64_t number = 0;
  int runs = 0;
  for (const Json& row : rows) {
    const std::int64_t now = row.at("rowNumber");
    if (now == 1) {
      ++runs;
    } else {
      EXPECT_EQ(now, number + 1);
    }
    number = now;
  }
  EXPECT_EQ(runs, 2);
}

TEST_F(Collect, keeps_what_a_sink_that_is_down_did_not_take_and_says_so) {
  const std::string sink = "unix:" + scratch_.path() + "/nobody";
  const Finished down = run_program(words({"--once", "--sink", sink}));
  EXPECT_EQ(down.exit, 3);
  EXPECT_THAT(down.err, HasSubstr("nobody"));
  EXPECT_TRUE(std::filesystem::exists(scratch_.path() + "/spool"));
}

TEST_F(Collect, reads_its_configuration_again_at_a_hangup_and_leaves_all_as_it_is_where_it_is_wrong) {
  write_config("interval = '60s'\n");
  const auto then_fast = [&](const Finished& so_far) {
    if (!so_far.out.contains('\n')) return false;
    write_config("interval = '100ms'\n");
    return true;
  };
  const Finished reloaded =
      run_program(words({"--config", config_, "--json", "--for", "5s"}), {.signal = SIGHUP, .signal_once = then_fast});
  EXPECT_EQ(reloaded.exit, 0) << reloaded.err;
  EXPECT_THAT(reloaded.err, HasSubstr("uncork collect: reloaded"));
  EXPECT_GT(lines(reloaded.out).size(), 3U);

  write_config("interval = '100ms'\n");
  const auto then_wrong = [&](const Finished& so_far) {
    if (!so_far.out.contains('\n')) return false;
    write_config("interval = 'soon'\n");
    return true;
  };
  const Finished refused =
      run_program(words({"--config", config_, "--json", "--for", "3s"}), {.signal = SIGHUP, .signal_once = then_wrong});
  EXPECT_THAT(refused.err, HasSubstr("not reloaded: " + config_ + ":1: interval 'soon'"));
  EXPECT_GT(lines(refused.out).size(), 3U);
}

TEST_F(Collect, refuses_what_it_cannot_follow_and_says_where_it_stands) {
  write_config("tag = 't'\nintervall = '1s'\n");
  const Finished unknown = run_program({"collect", "--config", config_});
  EXPECT_EQ(unknown.exit, 2);
  EXPECT_THAT(unknown.err, HasSubstr(config_ + ":2: intervall: no such setting; did you mean interval?"));
  EXPECT_EQ(run_program({"collect", "--interval", "soon"}).exit, 2);
  EXPECT_EQ(run_program({"collect", "--store", "none", "--sink", "nowhere"}).exit, 2);
  EXPECT_THAT(run_program({"collect", "--store", "none", "--filter", "colour == 3"}).err, HasSubstr("filter: "));
}

TEST_F(Collect, tells_in_a_dry_run_what_it_would_do) {
  const Finished dry = run_program(words({"--dry-run", "--interval", "2s", "--sink", "file:" + scratch_.path() + "/r.csv"}));
  EXPECT_EQ(dry.exit, 0) << dry.err;
  EXPECT_THAT(dry.out, HasSubstr("interval 2.00 s"));
  EXPECT_THAT(dry.out, HasSubstr("store    " + store()));
  EXPECT_THAT(dry.out, HasSubstr("r.csv as csv"));
}

TEST_F(Collect, says_where_its_page_is_and_who_can_reach_it) {
  const std::string in_a_second = "1s";
  EXPECT_THAT(run_program(words({"--for", in_a_second, "--page", "127.0.0.1:0"})).err,
              HasSubstr("the page is at http://127.0.0.1:"));
  EXPECT_THAT(run_program(words({"--for", in_a_second, "--page", "0.0.0.0:0"})).err,
              HasSubstr("others than this machine can reach"));
  EXPECT_THAT(run_program(words({"--for", in_a_second, "--page", "none"})).err, ::testing::Not(HasSubstr("page")));
  const auto taken = core::tcp_listen(*core::parse_endpoint("127.0.0.1:0"));
  ASSERT_TRUE(taken);
  const std::string at = core::to_string(*core::local_endpoint(*taken));
  const Finished refused = run_program(words({"--for", in_a_second, "--page", at}));
  EXPECT_EQ(refused.exit, 3);
  EXPECT_THAT(refused.err, HasSubstr("listen on " + at + ": Address already in use"));
  EXPECT_EQ(run_program({"collect", "--page", "17"}).exit, 2);
}

}  // namespace
}  // namespace uncork::cli
