// Every verb with nowhere to write to, and on narrow terminals.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <thread>

#include "core/syscall.hpp"
#include "lab/child.hpp"
#include "report/table.hpp"
#include "tests/cli/program.hpp"
#include "tests/cure/scratch_directory.hpp"
#include "tests/probe/privilege.hpp"

namespace uncork::cli {
namespace {

using testing::During;
using testing::Finished;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::run_program;
using testing::Sink;
using Words = std::vector<std::string>;

std::string shown(const Words& words) {
  std::string line = "uncork";
  for (const std::string& word : words) line += " " + word;
  return line;
}

/// Takes every connection and reads it to its end.
class Reader {
 public:
  Reader() : listener_(*core::tcp_listen(*core::parse_endpoint("127.0.0.1:0"))) {
    reading_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }
  [[nodiscard]] std::string address() const { return core::to_string(*core::local_endpoint(listener_)); }

 private:
  void run(const std::stop_token& stop) const {
    std::array<std::byte, 4096> chunk{};
    while (!stop.stop_requested()) {
      const auto ready = core::wait_readable(listener_, core::MonotonicClock::now() + core::Micros(20'000));
      if (!ready || !*ready) continue;
      const auto socket = core::tcp_accept(listener_);
      while (socket) {
        const auto got = core::read_some(*socket, chunk);
        if (!got || got->kind != core::ReadOutcome::Kind::bytes) break;
      }
    }
  }

  core::Fd listener_;
  std::jthread reading_;
};

/// What the verbs talk to: a Zino server with cases, an HTTP server, somebody who takes files, a folder.
class World {
 public:
  World() {
    const Finished made = run_program({"zino", "fixture", "--events", "7", "--out", folder_.path(), "--json"});
    if (made.exit != 0) throw std::runtime_error(made.err);
    const auto files = nlohmann::json::parse(made.out);
    auto served = lab::Child::start_program(
        UNCORK_PROGRAM, {"zino", "serve", "--state", files.at("state"), "--secrets", files.at("secrets"), "--polldevs",
                         files.at("polldevs"), "--port", "0", "--notify-port", "0", "--listen", "127.0.0.1"});
    if (!served) throw std::runtime_error(served.error().message);
    server_ = std::move(*served);
    auto spoken_to = lab::Child::start_program(UNCORK_HTTP_SERVER, {"0"});
    if (!spoken_to) throw std::runtime_error(spoken_to.error().message);
    http_server_ = std::move(*spoken_to);
    std::ofstream(path("file")) << "some text\n";
    std::ofstream(path("rows.jsonl")) << R"({"bootId":"b","sequence":1,"rowNumber":1,"timestampNs":1})" << "\n";
    const auto listed = nlohmann::json::parse(run_program(logged_in({"list", "--json"})).out);
    case_ = std::to_string(listed.at("cases").at(0).at("id").get<int>());
  }

  [[nodiscard]] std::string path(const std::string& name) const { return folder_.path() + "/" + name; }
  [[nodiscard]] std::string reader() const { return reader_.address(); }
  [[nodiscard]] std::string http_server() const { return core::to_string(http_server_->listening()); }
  [[nodiscard]] std::string a_case() const { return case_; }
  [[nodiscard]] std::string new_maintenance() const {
    const Finished added = run_program(logged_in({"pm", "add", "--to", "+1h", "sw-1", "--json"}));
    return std::to_string(nlohmann::json::parse(added.out).at("id").get<int>());
  }
  /// The words behind `uncork zino` that log in.
  [[nodiscard]] Words logged_in(Words words) const {
    words.insert(words.begin(), "zino");
    words.insert(words.end(), {"--server", core::to_string(server_->listening()), "--credentials", path("ritz.tcl")});
    return words;
  }

 private:
  cure::testing::ScratchDirectory folder_;
  Reader reader_;
  std::optional<lab::Child> server_;
  std::optional<lab::Child> http_server_;
  std::string case_;
};

constexpr const char* kNewMaintenance = "NEW";  // stands for the id of one that is made for this run

struct Row {
  Words words;
  int signal = 0;       ///< ends it once it has said something; one that says nothing has ended by itself
  bool judges = false;  ///< a busy machine may make its exit code 1
};

/// A case of every verb that can be run, JSON too.
std::vector<Row> rows(const World& world) {
  std::vector<Row> rows;
  const std::string self = std::to_string(::getpid());
  for (const Words& json : {Words{}, Words{"--json"}}) {
    const auto add = [&](Words words, int signal = 0, bool judges = false) {
      words.insert(words.end(), json.begin(), json.end());
      rows.push_back({std::move(words), signal, judges});
    };
    const auto add_client = [&](const Words& words) { add(world.logged_in(words)); };
    add({"watch", "--for", "200ms", "--port", "9"}, 0, true);
    add({"sockets", "state", "listening"});
    add({"lab", "chatty", "--exchanges", "5"}, 0, true);
    add({"cure", "--pid", self});
    add({"cure", "--pid", self, "--watch", "--for", "100ms"});
    add({"proxy", "--listen", "127.0.0.1:0", "--connect", "127.0.0.1:9"}, SIGTERM);
    add({"send", world.path("file"), "--to", world.reader()});
    add({"recv", "--listen", "127.0.0.1:0"}, SIGTERM);
    add({"h2", "serve", "--listen", "127.0.0.1:0"}, SIGTERM);
    add({"h2", "get", "--timing", "http://" + world.http_server() + "/"});
    add({"h2", "load", "-n", "100", "http://" + world.http_server() + "/"});
    add({"h2", "audit", world.http_server(), "--probe", "ping", "--probe", "long-crumbs", "--time", "20s"});
    add({"verify", world.path("rows.jsonl")});
    add({"collect", "--dry-run", "--store", world.path("store.db")});
    add({"doctor"}, 0, true);
    add({"zino", "fixture", "--out", world.path("made")});
    add({"zino", "front", "--connect", "127.0.0.1:9", "--port", "0", "--notify-port", "0"}, SIGTERM);
    for (const char* verb : {"show", "history", "log"}) add_client({verb, world.a_case()});
    add_client({"list"});
    add_client({"set-state", world.a_case(), "working"});
    add_client({"add-history", world.a_case(), "--message", "seen"});
    add_client({"fetch", "--all"});
    add_client({"pm", "add", "--to", "+1h", "sw-1"});
    add_client({"pm", "add-log", kNewMaintenance, "--message", "seen"});
    for (const char* verb : {"show", "cancel"}) add_client({"pm", verb, kNewMaintenance});
    add_client({"pm", "list"});
  }
  rows.push_back({{"zino", "serve", "--state", world.path("state.json"), "--secrets", world.path("secrets"), "--port", "0",
                   "--notify-port", "0"},
                  SIGTERM});
  rows.push_back({{"lab", "field", "--list"}});
  return rows;
}

/// The verbs that the help of `of` names, and theirs.
std::vector<Words> verbs_below(const Words& of) {
  Words asked = of;
  asked.emplace_back("--help");
  std::istringstream help(run_program(asked).out);
  std::vector<Words> found = {of};
  bool listed = false;
  for (std::string line; std::getline(help, line);) {
    if (line == "Subcommands:") listed = true;
    if (line.empty()) listed = false;
    if (!listed || !line.starts_with("  ") || line[2] == ' ') continue;
    Words inner = of;
    inner.push_back(line.substr(2, line.find(' ', 2) - 2));
    const auto below = verbs_below(inner);
    found.insert(found.end(), below.begin(), below.end());
  }
  return found;
}

const std::vector<Words>& verbs() {
  static const std::vector<Words> kVerbs = verbs_below({});
  return kVerbs;
}

class EveryVerb : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!probe::testing::is_root()) UNCORK_SKIP_TEST("needs root: watch and lab look at the whole machine");
  }
  [[nodiscard]] Finished run(const Row& row, const During& during) const {
    Words words = row.words;
    const auto id = std::ranges::find(words, kNewMaintenance);
    if (id != words.end()) *id = world_.new_maintenance();
    return run_program(words, during);
  }

  void expect_lost(const std::vector<Row>& rows, Sink sink, const std::string& why) const;
  void expect_work(Sink err) const;
  void expect_fits(unsigned short columns) const;

  const World world_;
  const std::vector<Row> rows_ = rows(world_);
};

TEST_F(EveryVerb, has_a_row_here_or_a_test_of_its_own) {
  // What `check` and `run` write to standard output is their command's, `why` needs somebody who talks meanwhile, and `top`,
  // `show` and `query` a store in which somebody has (tests/cli/store_test.cpp). The others run for long, and each begins with a
  // heading, which is what the row of `lab chatty` shows to be checked.
  std::set<Words> missing = {{"check"},
                             {"run"},
                             {"why"},
                             {"top"},
                             {"show"},
                             {"query"},
                             {"lab", "churn"},
                             {"lab", "coalesce"},
                             {"lab", "heartbeat"},
                             {"lab", "http2"},
                             {"lab", "stress"},
                             {"lab", "transmit"},
                             {"lab", "zino"},
                             {"zino", "watch"}};
  const std::vector<Words>& all = verbs();
  ASSERT_GT(all.size(), 25U);
  for (const Words& verb : all) {
    const bool is_a_group = std::ranges::any_of(all, [&](const Words& other) {
      return other.size() > verb.size() && std::equal(verb.begin(), verb.end(), other.begin());
    });
    const bool has_row = std::ranges::any_of(rows_, [&](const Row& row) {
      return row.words.size() >= verb.size() && std::equal(verb.begin(), verb.end(), row.words.begin());
    });
    EXPECT_TRUE(is_a_group || has_row || missing.contains(verb)) << shown(verb);
  }
}

/// The help of every verb.
std::vector<Row> help_rows() {
  std::vector<Row> rows;
  for (Words verb : verbs()) {
    verb.emplace_back("--help");
    rows.push_back({verb});
  }
  return rows;
}

void EveryVerb::expect_lost(const std::vector<Row>& rows, Sink sink, const std::string& why) const {
  for (const Row& row : rows) {
    const Finished finished = run(row, {.out = sink});
    EXPECT_EQ(finished.exit, 3) << shown(row.words) << "\n" << finished.err;
    EXPECT_THAT(finished.err, HasSubstr("uncork: write standard output: " + why)) << shown(row.words);
  }
}

TEST_F(EveryVerb, says_that_the_disk_was_full) { expect_lost(rows_, Sink::full, "No space left on device"); }

TEST_F(EveryVerb, says_that_there_is_no_standard_output) { expect_lost(rows_, Sink::closed, "Bad file descriptor"); }

TEST_F(EveryVerb, says_that_its_help_was_lost) { expect_lost(help_rows(), Sink::full, "No space left on device"); }

TEST_F(EveryVerb, ends_quietly_when_its_reader_has_gone) {
  auto rows = help_rows();
  rows.insert(rows.end(), rows_.begin(), rows_.end());
  for (const Row& row : rows) {
    const Finished finished = run(row, {.out = Sink::reader_gone});
    EXPECT_EQ(finished.exit, 0) << shown(row.words) << "\n" << finished.err;
    EXPECT_THAT(finished.err, Not(HasSubstr("standard output"))) << shown(row.words);
    EXPECT_THAT(finished.err, Not(HasSubstr("roken pipe"))) << shown(row.words);
  }
}

void EveryVerb::expect_work(Sink err) const {
  for (const Row& row : rows_) {
    const Finished finished = run(row, {.signal = row.signal, .err = err});
    if (row.words.front() == "doctor") {
      EXPECT_TRUE(finished.exit == 0 || finished.exit == 3) << finished.exit;
    } else {
      EXPECT_LE(finished.exit, row.judges ? 1 : 0) << shown(row.words) << "\n" << finished.out;
    }
    EXPECT_NE(finished.out, "") << shown(row.words);
  }
}

TEST_F(EveryVerb, does_its_work_without_standard_error) { expect_work(Sink::closed); }

TEST_F(EveryVerb, does_its_work_when_standard_error_is_full) { expect_work(Sink::full); }

constexpr std::array<unsigned short, 2> kWidths = {60, 80};

/// What a terminal shows of it, without escape sequences.
std::vector<std::string> lines_of(const std::string& out) {
  std::vector<std::string> lines;
  std::string text;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (out[i] != '\x1b') {
      text += out[i];
      continue;
    }
    while (i + 1 < out.size() && std::isalpha(static_cast<unsigned char>(out[i])) == 0) ++i;
  }
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// Lines wider than the terminal although there is a blank to break them at.
std::string too_wide(const std::string& out, std::size_t columns) {
  std::string wide;
  for (const std::string& line : lines_of(out)) {
    const std::size_t first = line.find_first_not_of(' ');
    const bool one_word = first == std::string::npos || line.find(' ', first) == std::string::npos;
    if (report::display_width(line) > columns && !one_word) wide += line + "\n";
  }
  return wide;
}

Words words_of(const std::string& text) {
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), {}};
}

void EveryVerb::expect_fits(unsigned short columns) const {
  for (const Row& row : rows_) {
    if (row.words.back() == "--json") continue;  // for programs: a line a document
    const Finished finished = run(row, {.signal = row.signal, .columns = columns});
    EXPECT_EQ(too_wide(finished.out, columns), "") << shown(row.words);
  }
}

TEST_F(EveryVerb, fits_a_terminal_of_60_columns) { expect_fits(60); }

TEST_F(EveryVerb, fits_a_terminal_of_80_columns) { expect_fits(80); }

TEST_F(EveryVerb, breaks_its_help_between_words) {
  for (Words verb : verbs()) {
    verb.emplace_back("--help");
    const Words whole = words_of(run_program(verb).out);
    for (const unsigned short columns : kWidths) {
      const Finished finished = run_program(verb, {.columns = columns});
      EXPECT_EQ(too_wide(finished.out, columns), "") << shown(verb);
      EXPECT_EQ(words_of(finished.out), whole) << shown(verb);
    }
  }
}

}  // namespace
}  // namespace uncork::cli
