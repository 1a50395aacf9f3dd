// uncork sockets as a user runs it, in a network namespace whose sockets are known.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <thread>

#include "core/syscall.hpp"
#include "tests/cli/program.hpp"
#include "tests/cure/scratch_directory.hpp"
#include "tests/probe/privilege.hpp"

namespace uncork::cli {
namespace {

using ::testing::AllOf;
using testing::During;
using testing::Finished;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::run_program;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using Json = nlohmann::json;
using Words = std::vector<std::string>;

constexpr unsigned kNobody = 65534;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> cells_of(const std::string& line, char separator) {
  std::vector<std::string> cells;
  std::string cell;
  std::istringstream stream(line);
  while (std::getline(stream, cell, separator)) cells.push_back(cell);
  if (line.ends_with(separator)) cells.emplace_back();
  return cells;
}

/// A listener, a connection to it, and one that the client has closed first, so that it waits in TIME_WAIT.
struct Talk {
  core::Fd listener, client, server;
  std::uint16_t port = 0;

  explicit Talk(const std::string& address) {
    listener = *core::tcp_listen(*core::parse_endpoint(address + ":0"));
    const auto at = *core::local_endpoint(listener);
    port = at.port;
    client = *core::tcp_connect(at);
    server = *core::tcp_accept(listener);
  }
  void leave_one_waiting() const {
    core::Fd first = *core::tcp_connect(*core::local_endpoint(listener));
    const core::Fd second = *core::tcp_accept(listener);
    first.reset();
    std::array<std::byte, 1> end{};
    [[maybe_unused]] const auto ended = core::read_some(second, end);  // its FIN is here; ours ends the handshake of the end
  }
};

class SocketsVerb : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!probe::testing::is_root()) UNCORK_SKIP_TEST("needs root to make a network namespace");
    if (!space_) space_.emplace("/run/netns");
    ASSERT_EQ(space_->trouble(), "");
    std::thread([this] {
      const int space = ::open(("/run/netns/" + space_->name()).c_str(), O_RDONLY | O_CLOEXEC);
      if (space < 0 || ::setns(space, CLONE_NEWNET) != 0) return;
      ::close(space);
      v4_.emplace("127.0.0.1");
      v6_.emplace("[::1]");
      v4_->leave_one_waiting();
    }).join();
    ASSERT_TRUE(v4_ && v6_);
  }

  /// Its words after `sockets --netns OURS`.
  [[nodiscard]] Finished run(Words words, const During& during = {}) const {
    words.insert(words.begin(), {"sockets", "--netns", space_->name()});
    return run_program(words, during);
  }
  [[nodiscard]] std::string v4_port() const { return std::to_string(v4_->port); }
  [[nodiscard]] std::string v6_port() const { return std::to_string(v6_->port); }

  std::optional<probe::testing::TemporaryNamespace> space_;
  std::optional<Talk> v4_, v6_;
};

TEST_F(SocketsVerb, shows_every_socket_of_both_families_and_says_how_many_there_are) {
  const Finished finished = run({});
  EXPECT_EQ(finished.exit, 0) << finished.err;
  EXPECT_THAT(finished.out, AllOf(HasSubstr("127.0.0.1:" + v4_port()), HasSubstr("[::1]:" + v6_port()),
                                  HasSubstr("[" + std::to_string(::getpid()) + "]")));
  const auto lines = lines_of(finished.out);
  ASSERT_THAT(lines, SizeIs(8)) << finished.out;  // title, two listeners, four ends of connections, the summary
  EXPECT_THAT(lines.front(), AllOf(HasSubstr("STATE"), HasSubstr("LOCAL"), HasSubstr("PEER")));
  EXPECT_THAT(lines.back(),
              AllOf(HasSubstr("6 of 7 sockets in 1 namespace"), HasSubstr("1 more in TIME-WAIT, which 'state all' shows")));
  const auto count = [&](const std::string& state) {
    return std::ranges::count_if(lines, [&](const std::string& line) { return line.starts_with(state); });
  };
  EXPECT_EQ(count("ESTAB"), 4);
  EXPECT_EQ(count("LISTEN"), 2);
  EXPECT_EQ(count("TIME-WAIT"), 0);
  EXPECT_THAT(lines_of(run({"state", "all"}).out), SizeIs(9));
}

TEST_F(SocketsVerb, takes_the_words_of_ss) {
  const std::pair<Words, int> kCases[] = {
      {{"state", "established"}, 4},
      {{"state", "listening"}, 2},
      {{"state", "time-wait"}, 1},
      {{"exclude", "time-wait"}, 6},
      {{"state", "connected"}, 5},
      {{"src", "[::1]:" + v6_port()}, 2},
      {{"dst", "127.0.0.0/8"}, 3},
      {{"sport", "=", ":" + v4_port()}, 2},
      {{"(", "sport", "=", ":" + v4_port(), "or", "dport", "=", ":" + v4_port(), ")", "state", "established"}, 2},
      {{"state established and not port == " + v4_port()}, 2},
      {{"--state", "established,listening"}, 6},
      {{"--state", "listening", "--filter", "src == 127.0.0.1"}, 1},
  };
  for (const auto& [words, matching] : kCases) {
    Words asked = words;
    asked.insert(asked.end(), {"--format", "csv", "--columns", "cookie"});
    const Finished finished = run(asked);
    EXPECT_EQ(finished.exit, 0) << finished.err;
    EXPECT_EQ(static_cast<int>(lines_of(finished.out).size()) - 1, matching) << ::testing::PrintToString(words) << finished.out;
  }
}

TEST_F(SocketsVerb, says_what_there_was_when_nothing_matches) {
  const Finished finished = run({"dport = :1"});
  EXPECT_EQ(finished.exit, 0);
  EXPECT_THAT(finished.out, HasSubstr("0 of 7 sockets"));
  EXPECT_THAT(finished.err, HasSubstr("none matches; there are 4 ESTAB, 2 LISTEN, 1 TIME-WAIT"));
}

TEST_F(SocketsVerb, writes_csv_tsv_and_jsonl_that_say_the_same) {
  const Words columns = {"--columns", "local,peer,state,cookie,rtt"};
  const auto written = [&](const char* format) {
    Words words = columns;
    words.insert(words.end(), {"--format", format});
    return lines_of(run(words).out);
  };
  const auto csv = written("csv");
  const auto tsv = written("tsv");
  const auto jsonl = written("jsonl");
  ASSERT_THAT(csv, SizeIs(8));
  ASSERT_THAT(tsv, SizeIs(8));
  ASSERT_THAT(jsonl, SizeIs(7));
  const auto names = cells_of(csv.front(), ',');
  EXPECT_EQ(cells_of(tsv.front(), '\t'), names);
  for (std::size_t i = 0; i < jsonl.size(); ++i) {
    const Json row = Json::parse(jsonl[i]);
    const auto cells = cells_of(csv[i + 1], ',');
    EXPECT_EQ(cells.size(), names.size());
    EXPECT_EQ(row.size(), names.size());
    EXPECT_EQ(cells.at(0), row.at(names.at(0)).get<std::string>());
    EXPECT_EQ(cells.at(1), std::to_string(row.at(names.at(1)).get<int>()));
    EXPECT_EQ(cells_of(tsv[i + 1], '\t').at(1), cells.at(1));
  }
}

TEST_F(SocketsVerb, json_is_one_document_with_its_coverage) {
  const Finished finished = run({"--json", "state", "established", "--columns", "local,peer,comm"});
  EXPECT_EQ(finished.exit, 0) << finished.err;
  ASSERT_THAT(lines_of(finished.out), SizeIs(1));
  const Json look = Json::parse(finished.out);
  EXPECT_EQ(look.at("type"), "look");
  EXPECT_EQ(look.at("sequence"), 1);
  EXPECT_EQ(look.at("matching"), 4);
  EXPECT_EQ(look.at("namespaces"), 1);
  EXPECT_TRUE(look.at("whole").get<bool>()) << look;
  EXPECT_THAT(look.at("sockets"), SizeIs(4));
  EXPECT_TRUE(look.at("sockets").at(0).contains("command"));
}

TEST_F(SocketsVerb, sorts_and_keeps_the_first) {
  ASSERT_TRUE(core::send_all(v6_->client, std::array<std::byte, 1000>{}));
  const Finished finished =
      run({"state", "established", "--sort", "sent", "--top", "1", "--columns", "local,peer,sent", "--format", "csv"});
  const auto lines = lines_of(finished.out);
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_THAT(lines.back(), AllOf(HasSubstr("::1,"), HasSubstr("," + v6_port() + ",1000")));
  EXPECT_THAT(run({"state", "established", "--sort", "sent", "--top", "1"}).out, HasSubstr("... and 3 more (--top)"));
}

TEST_F(SocketsVerb, follows_with_deltas) {
  auto sending = std::jthread([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (!core::send_all(v4_->client, std::array<std::byte, 10>{})) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  });
  const Finished finished = run({"dport", "=", ":" + v4_port(), "state", "established", "--follow", "200ms", "--for", "2s",
                                 "--changed-only", "--deltas", "--format", "jsonl", "--columns", "cookie,sent"});
  sending.request_stop();
  EXPECT_EQ(finished.exit, 0) << finished.err;
  std::uint64_t grown = 0;
  for (const std::string& line : lines_of(finished.out)) {
    const Json row = Json::parse(line);
    if (row.contains("tcpInfoBytesSentDelta") && row.at("tcpInfoBytesSentDelta").is_number()) {
      grown += row.at("tcpInfoBytesSentDelta").get<std::uint64_t>();
    }
  }
  EXPECT_GT(grown, 0U) << finished.out;
}

TEST_F(SocketsVerb, following_knows_the_time_that_was_lost_and_to_what) {
  auto answering = std::jthread([this] {  // once for each whole message of two writes
    std::array<std::byte, 64> chunk{};
    for (std::size_t have = 0;;) {
      const auto got = core::read_some(v4_->server, chunk);
      if (!got || got->kind != core::ReadOutcome::Kind::bytes) return;
      have += got->count;
      for (; have >= 40; have -= 40) {
        if (!core::send_all(v4_->server, std::span(chunk).first(1))) return;
      }
    }
  });
  auto asking = std::jthread([this](const std::stop_token& stop) {
    const std::array<std::byte, 20> half{};
    std::array<std::byte, 1> reply{};
    while (!stop.stop_requested()) {
      if (!core::send_all(v4_->client, half) || !core::send_all(v4_->client, half)) break;
      if (!core::read_some(v4_->client, reply)) break;
    }
    v4_->client.reset();
  });
  const Finished finished = run({"--follow", "500ms", "--for", "2s", "--filter",
                                 "cause == nagle_delayed_ack and lost > 40ms and nodelay == no and comm == cli_net_test",
                                 "--format", "csv", "--columns", "peer,lost"});
  asking.request_stop();
  EXPECT_EQ(finished.exit, 0) << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("127.0.0.1," + v4_port() + ",")) << finished.err;
}

TEST_F(SocketsVerb, following_shows_the_last_row_of_a_connection) {
  const auto is_last = [](const std::string& line) {
    const Json row = Json::parse(line);
    return row.value("lastRow", false) && row.value("tcpInfoBytesSent", 0) == 77;
  };
  bool closed = false;
  const auto is_seen = [&](const Finished& so_far) {
    const std::size_t whole = so_far.out.rfind('\n');
    if (whole == std::string::npos) return false;
    if (!closed) {  // it has begun
      EXPECT_TRUE(core::send_all(v4_->client, std::array<std::byte, 77>{}));
      v4_->client.reset();
      v4_->server.reset();
      closed = true;
    }
    return std::ranges::any_of(lines_of(so_far.out.substr(0, whole + 1)), is_last);
  };
  const Finished finished = run({"--follow", "100ms", "--format", "jsonl", "--columns", "cookie,kind,last_row,sent"},
                                {.signal = SIGINT, .signal_once = is_seen});
  EXPECT_EQ(finished.exit, 0) << finished.err;
  EXPECT_EQ(std::ranges::count_if(lines_of(finished.out), is_last), 1) << finished.out;
}

TEST_F(SocketsVerb, replays_what_it_recorded) {
  const cure::testing::ScratchDirectory folder;
  const std::string capture = folder.path() + "/look.pcap";
  const Words shape = {"--format", "csv", "--columns", "state,local,peer,cookie,sent,received", "--bpf", "no"};
  Words words = shape;
  words.insert(words.end(), {"--record", capture});
  const Finished live = run(words);
  ASSERT_EQ(live.exit, 0) << live.err;
  words = {"sockets", "--replay", capture};
  words.insert(words.end(), shape.begin(), shape.end());
  const Finished replayed = run_program(words);
  EXPECT_EQ(replayed.exit, 0) << replayed.err;
  EXPECT_EQ(replayed.out, live.out);
  words.insert(words.end(), {"state", "time-wait"});
  EXPECT_THAT(lines_of(run_program(words).out), SizeIs(2));
}

TEST_F(SocketsVerb, refuses_a_capture_that_is_none) {
  const Finished missing = run_program({"sockets", "--replay", "/nonexistent.pcap"});
  EXPECT_EQ(missing.exit, 3);
  EXPECT_THAT(missing.err, HasSubstr("/nonexistent.pcap"));
  const Finished none = run_program({"sockets", "--replay", "/proc/self/exe"});
  EXPECT_THAT(none.exit, ::testing::AnyOf(2, 3));
  EXPECT_THAT(none.err, Not(IsEmpty()));
}

TEST_F(SocketsVerb, needs_no_privilege_for_its_own_namespace) {
  const Talk ours("127.0.0.1");
  const Finished finished = run_program({"sockets", "--json", "sport", "=", ":" + std::to_string(ours.port)}, {.user = kNobody});
  EXPECT_EQ(finished.exit, 0) << finished.err;
  const Json look = Json::parse(finished.out);
  EXPECT_EQ(look.at("matching"), 2);
  EXPECT_EQ(look.at("namespaces"), 1);
  const Finished named = run({}, {.user = kNobody});
  EXPECT_EQ(named.exit, 3) << named.out;
  EXPECT_THAT(named.err, HasSubstr("permitted"));
  const Finished bpf = run_program({"sockets", "--bpf", "yes"}, {.user = kNobody});
  EXPECT_EQ(bpf.exit, 3);
}

TEST_F(SocketsVerb, fits_narrow_terminals) {
  for (const unsigned short columns : std::array<unsigned short, 3>{60, 80, 120}) {
    const Finished finished = run({}, {.columns = columns});
    EXPECT_EQ(finished.exit, 0) << finished.err;
    for (const std::string& line : lines_of(finished.out)) {
      const std::size_t escapes = line.starts_with("\x1b[1m") ? std::string_view("\x1b[1m\x1b[0m").size() : 0;
      EXPECT_LE(line.size() - escapes, columns) << line;
    }
    EXPECT_THAT(finished.out, HasSubstr("127.0.0.1:" + v4_port()));
  }
}

}  // namespace
}  // namespace uncork::cli
