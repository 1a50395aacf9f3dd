// The server on real sockets: one thread of the test runs it, others are its clients.

#include "zino/server/server.hpp"

#include <gmock/gmock.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "core/syscall.hpp"
#include "tests/cure/scratch_directory.hpp"
#include "tests/zino/fixture.hpp"
#include "zino/protocol/secrets.hpp"
#include "zino/state/state.hpp"

namespace uncork::zino {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::EndsWith;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

constexpr auto kPatience = 20s;  // for what must come; nothing waits so long when all is well

/// A blocking client of either port.
class Client {
 public:
  explicit Client(const core::Endpoint& to) : socket_(core::tcp_connect(to).value()) {}

  void send(std::string_view bytes) { (void)core::send_all(socket_, std::as_bytes(std::span(bytes.data(), bytes.size()))); }
  /// Reads until `ending` has come at the end of what came, or the connection has ended; gives all of it.
  std::string read_until(std::string_view ending) {
    std::string got;
    while (!got.ends_with(ending)) {
      const auto more = read_some();
      if (!more) return got + "<nothing more>";
      if (more->empty()) return got + "<end>";
      got += *more;
    }
    return got;
  }
  std::string read_line() { return read_until("\r\n"); }
  std::string read_to_end() {
    std::string got = read_until("<never>");
    return got.ends_with("<end>") ? got.substr(0, got.size() - 5) : got;
  }
  /// Nothing when nothing came in time; empty at the end.
  std::optional<std::string> read_some(std::chrono::milliseconds patience = kPatience) {
    pollfd ready{socket_.get(), POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(patience.count())) != 1) return std::nullopt;
    std::string chunk(65536, '\0');
    const ssize_t count = ::recv(socket_.get(), chunk.data(), chunk.size(), 0);
    chunk.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    return chunk;
  }
  std::string ask(const std::string& command, std::string_view ending = "\r\n.\r\n") {
    send(command + "\r\n");
    return read_until(ending);
  }
  void log_in() {
    const std::string challenge = read_line().substr(4, 40);
    EXPECT_EQ(ask("user user1 " + expected_response(challenge, "secret one") + "  -", "\r\n"), "200 ok\r\n");
  }
  void shut_down() { ::shutdown(socket_.get(), SHUT_WR); }
  void reset() {
    const linger at_once{1, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    socket_.reset();
  }
  /// Segments with data that have arrived here.
  std::uint32_t segments_in() const {
    tcp_info info{};
    socklen_t length = sizeof info;
    ::getsockopt(socket_.get(), IPPROTO_TCP, TCP_INFO, &info, &length);
    return info.tcpi_data_segs_in;
  }
  const core::Fd& socket() const { return socket_; }

 private:
  core::Fd socket_;
};

class ServerNet : public ::testing::Test {
 protected:
  ServerNet() {
    write("state", testing::fixture_state());
    write("secrets", testing::fixture_secrets());
    write("polldevs", testing::fixture_polldevs());
    options.state = path("state");
    options.secrets = path("secrets");
    options.polldevs = path("polldevs");
    options.port = options.notify_port = 0;
    options.handle_signals = false;
    options.log = [this](const std::string& line) {
      const std::lock_guard guard(mutex_);
      log_.push_back(line);
    };
  }
  ~ServerNet() override { stop(); }

  void start() {
    std::promise<Listening> promise;
    auto listening = promise.get_future();
    stop_ = std::stop_source();
    server_ = std::jthread([this, &promise] {
      bool told = false;
      ended = run_zino_server(
          options,
          [&](const Listening& one) {
            if (!std::exchange(told, true)) promise.set_value(one);
          },
          stop_.get_token());
      if (!told) promise.set_value({});
    });
    at = listening.get();
  }
  void stop() {
    stop_.request_stop();
    join();
  }
  void join() {
    if (server_.joinable()) server_.join();
  }
  Client connect() { return Client(at.commands); }
  Client logged_in() {
    Client client(at.commands);
    client.log_in();
    return client;
  }
  std::vector<std::string> log() {
    const std::lock_guard guard(mutex_);
    return log_;
  }
  [[nodiscard]] std::string path(const std::string& name) const { return directory.path() + "/" + name; }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path(name), std::ios::binary) << text; }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(path(name), std::ios::binary).rdbuf();
    return text.str();
  }

  cure::testing::ScratchDirectory directory;
  ServerOptions options;
  Listening at;
  core::Status ended;

 private:
  std::mutex mutex_;
  std::vector<std::string> log_;
  std::stop_source stop_;
  std::jthread server_;
};

const std::string kVersion = "200 zino version is 2.5.1\r\n";

TEST_F(ServerNet, A01_the_greeting_comes_in_one_segment_unasked) {
  start();
  Client client = connect();
  EXPECT_THAT(client.read_some().value_or(""), MatchesRegex("200 [0-9a-f]{40} Hello, there\r\n"));
}

TEST_F(ServerNet, a_request_followed_at_once_by_a_half_close_is_answered) {
  start();
  for (int i = 0; i < 20; ++i) {
    Client client = connect();
    client.send("VERSION\r\n");
    client.shut_down();
    EXPECT_THAT(client.read_to_end(), EndsWith(kVersion));
  }
}

TEST_F(ServerNet, B12_a_line_of_a_megabyte_is_refused_and_the_connection_ends) {
  start();
  Client client = connect();
  client.send(std::string(1'000'000, 'A'));
  EXPECT_THAT(client.read_to_end(), EndsWith("500 line is longer than 65536 bytes\r\n"));
}

TEST_F(ServerNet, B17_quit_ends_the_connection) {
  start();
  Client client = connect();
  client.send("QUIT\r\nVERSION\r\n");
  EXPECT_THAT(client.read_to_end(), EndsWith("Hello, there\r\n205 Bye\r\n"));
}

TEST_F(ServerNet, B21_a_reply_is_one_segment_coalesced_and_one_a_line_otherwise) {
  for (const Writes writes : {Writes::coalesced, Writes::per_line}) {
    options.writes = writes;
    start();
    Client client = logged_in();
    const std::uint32_t before = client.segments_in();
    client.ask("GETATTRS 1");
    const std::uint32_t segments = client.segments_in() - before;
    if (writes == Writes::coalesced) {
      EXPECT_EQ(segments, 1U);
    } else {
      EXPECT_GE(segments, 10U);  // 19 writes; loopback may merge a few that wait for the reader together
    }
    stop();
  }
}

TEST_F(ServerNet, nagle_is_what_the_option_says) {
  for (const bool nagle : {false, true}) {
    options.nagle = nagle;
    options.writes = Writes::per_line;
    start();
    Client client = logged_in();
    const auto began = std::chrono::steady_clock::now();
    for (int i = 0; i < 10; ++i) client.ask("GETATTRS 1");
    const auto took = std::chrono::steady_clock::now() - began;
    // With Nagle each reply waits for a delayed ACK of 40 ms, but for the first few of a connection; without it for nothing.
    if (nagle) {
      EXPECT_GT(took, 100ms);
    }
    stop();
  }
}

TEST_F(ServerNet, the_prompt_of_addhist_comes_before_the_body) {
  start();
  Client client = logged_in();
  EXPECT_EQ(client.ask("addhist 3  -", "\r\n"), "302 please provide new history entry, terminate with '.'\r\n");
  client.send("my message\nwith lf only\r\n\r\n.\r\n");
  EXPECT_EQ(client.read_line(), "200 ok\r\n");
  EXPECT_THAT(client.ask("GETHIST 3"), HasSubstr(" user1\r\n my message\r\n with lf only\r\n.\r\n"));
}

TEST_F(ServerNet, what_was_acknowledged_is_in_the_state_file_after_a_stop_and_in_the_next_server) {
  start();
  Client client = logged_in();
  EXPECT_EQ(client.ask("SETSTATE 1 working", "\r\n"), "200 ok\r\n");
  stop();
  EXPECT_TRUE(ended);
  const auto state = parse_state(read("state"), testing::kNow);
  ASSERT_TRUE(state);
  EXPECT_EQ(state->cases.at(1).text("state"), "working");
  start();
  Client again = logged_in();
  EXPECT_THAT(again.ask("GETATTRS 1"), HasSubstr("state: working\r\n"));
}

TEST_F(ServerNet, many_writers_at_once_are_all_heard) {
  start();
  constexpr int kWriters = 8;
  constexpr int kNotes = 25;
  std::vector<std::jthread> writers;
  for (int i = 0; i < kWriters; ++i) {
    writers.emplace_back([this] {
      Client client = logged_in();
      for (int n = 0; n < kNotes; ++n) {
        client.ask("ADDHIST 5", "\r\n");
        EXPECT_EQ(client.ask("note\r\n.", "\r\n"), "200 ok\r\n");
      }
    });
  }
  writers.clear();
  stop();
  const auto state = parse_state(read("state"), testing::kNow);
  ASSERT_TRUE(state);
  EXPECT_EQ(state->cases.at(5).get<std::vector<LogEntry>>("history")->size(), std::size_t{kWriters * kNotes});
}

TEST_F(ServerNet, G01_to_G06_notifications) {
  start();
  Client channel(at.notifications);
  const std::string nonce = channel.read_some().value_or("");
  EXPECT_THAT(nonce, MatchesRegex("[0-9a-f]{40}\r\n"));
  channel.send("ignored\r\n");
  Client untied(at.notifications);
  untied.read_line();
  {
    Client client = logged_in();
    EXPECT_EQ(client.ask("NTIE " + nonce.substr(0, 40), "\r\n"), "200 ok\r\n");
    EXPECT_EQ(client.ask("SETSTATE 5 working", "\r\n"), "200 ok\r\n");
    EXPECT_EQ(channel.read_until("history 1\r\n"), "5 state open working\r\n5 history 1\r\n");
  }
  EXPECT_EQ(channel.read_to_end(), "Normal quit from client, closing down\r\n");
  EXPECT_EQ(untied.read_some(100ms), std::nullopt);
}

TEST_F(ServerNet, G09_a_channel_that_died_is_no_error) {
  start();
  Client client = logged_in();
  Client channel(at.notifications);
  const std::string nonce = channel.read_line().substr(0, 40);
  client.ask("NTIE " + nonce, "\r\n");
  channel.reset();
  EXPECT_EQ(client.ask("SETSTATE 5 working", "\r\n"), "200 ok\r\n");
  EXPECT_EQ(client.ask("SETSTATE 5 open", "\r\n"), "200 ok\r\n");
  EXPECT_EQ(client.ask("NTIE " + nonce, "\r\n"), "500 Could not find your notify socket\r\n");
}

TEST_F(ServerNet, B19_B20_bad_clients_do_not_disturb_a_good_one) {
  Json state = Json::parse(testing::fixture_state());
  for (int i = 0; i < 3000; ++i) {
    state["events"]["events"]["2"]["log"].push_back(
        {{"timestamp", 1763800000}, {"message", "a log line of some length " + std::to_string(i)}});
  }
  write("state", state.dump());
  start();
  std::vector<Client> bad;
  for (int i = 0; i < 50; ++i) {
    Client never_reads = logged_in();
    for (int n = 0; n < 100; ++n) never_reads.send("GETLOG 2\r\n");
    bad.push_back(std::move(never_reads));
    Client half_a_line = connect();
    half_a_line.send("GETL");
    bad.push_back(std::move(half_a_line));
    Client endless_line = connect();
    endless_line.send(std::string(60'000, 'x'));
    bad.push_back(std::move(endless_line));
    Client resets = logged_in();
    resets.send("GETLOG 2\r\nGETL");
    resets.reset();
  }
  Client good = logged_in();
  for (int i = 0; i < 200; ++i) ASSERT_THAT(good.ask("GETATTRS 1"), EndsWith("reason: linkdown\r\n.\r\n"));
  EXPECT_EQ(good.ask("SETSTATE 1 working", "\r\n"), "200 ok\r\n");
}

TEST_F(ServerNet, who_does_not_log_in_in_time_is_cut_and_who_does_is_not) {
  options.login_timeout = 500ms;
  start();
  Client idle = logged_in();
  Client stranger = connect();
  stranger.read_line();
  EXPECT_EQ(stranger.read_to_end(), "");
  EXPECT_EQ(idle.ask("VERSION", "\r\n"), kVersion);
}

TEST_F(ServerNet, a_client_that_reads_nothing_is_cut_after_the_write_timeout) {
  options.write_timeout = 500ms;
  Json state = Json::parse(testing::fixture_state());
  state["events"]["events"]["2"]["log"].push_back({{"timestamp", 1763800000}, {"message", std::string(20'000'000, 'x')}});
  write("state", state.dump());
  start();
  Client client = logged_in();
  client.send("GETLOG 2\r\n");
  ASSERT_TRUE(client.read_some());  // the reply is on its way; a sanitizer may need seconds to make it
  std::this_thread::sleep_for(2s);  // four times the limit
  const std::string got = client.read_to_end();
  EXPECT_LT(got.size(), 20'000'000U);
}

TEST_F(ServerNet, too_many_failed_logins_of_one_address_end_the_connection) {
  options.failed_logins = 3;
  start();
  Client client = connect();
  client.read_line();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.ask("USER user1 bad", "\r\n"), "500 Authentication failure\r\n");
  client.send("USER user1 bad\r\n");
  EXPECT_EQ(client.read_to_end(), "500 too many failed logins from your address, try again later\r\n");
}

TEST_F(ServerNet, connections_beyond_the_limit_are_turned_away) {
  options.max_connections = 2;
  start();
  Client first = connect();
  Client second = connect();
  first.read_line();
  second.read_line();
  Client third = connect();
  EXPECT_EQ(third.read_to_end(), "");
  EXPECT_EQ(first.ask("VERSION", "\r\n"), kVersion);
}

TEST_F(ServerNet, polling_runs_the_program_without_a_shell) {
  write("poll", "#!/bin/sh\nprintf '%s|' \"$@\" > '" + path("polled") + ".part' && mv '" + path("polled") + ".part' '" +
                    path("polled") + "'\n");
  std::filesystem::permissions(path("poll"), std::filesystem::perms::owner_all);
  options.poll_command = path("poll");
  start();
  Client client = logged_in();
  EXPECT_EQ(client.ask("POLLINTF example-gw -5", "\r\n"), "200 ok\r\n");
  for (int i = 0; i < 200 && read("polled").empty(); ++i) std::this_thread::sleep_for(50ms);
  EXPECT_EQ(read("polled"), "example-gw|5|");
}

TEST_F(ServerNet, closed_cases_are_archived_and_scavenged) {
  options.scavenge_period = 100ms;
  start();  // case 7 was closed long ago
  Client client = logged_in();
  std::string answer;
  for (int i = 0; i < 200 && !answer.starts_with("500"); ++i) {
    client.send("GETATTRS 7\r\nVERSION\r\n");
    answer = client.read_until(kVersion);
    std::this_thread::sleep_for(20ms);
  }
  EXPECT_THAT(answer, StartsWith("500 event \"7\" does not exist\r\n"));
  std::vector<std::string> archived;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path("old-events"))) {
    if (entry.is_regular_file()) archived.push_back(entry.path().filename());
  }
  EXPECT_THAT(archived, ::testing::ElementsAre("7.json"));
}

TEST_F(ServerNet, sighup_saves_and_reads_the_routers_anew) {
  options.handle_signals = true;
  start();
  Client client = logged_in();
  EXPECT_EQ(client.ask("SETSTATE 1 working", "\r\n"), "200 ok\r\n");
  EXPECT_EQ(client.ask("COMMUNITY new-gw", "\r\n"), "500 router unknown\r\n");
  write("polldevs", "name: new-gw\naddress: 192.0.2.1\ncommunity: fresh\n");
  ::kill(::getpid(), SIGHUP);
  std::string answer;
  for (int i = 0; i < 200 && !answer.starts_with("201"); ++i) {
    answer = client.ask("COMMUNITY new-gw", "\r\n");
    std::this_thread::sleep_for(20ms);
  }
  EXPECT_EQ(answer, "201 fresh\r\n");
  for (int i = 0; i < 200 && read("state").find("open -> working") == std::string::npos; ++i) std::this_thread::sleep_for(20ms);
  EXPECT_THAT(read("state"), HasSubstr("state change open -> working (user1)"));
}

TEST_F(ServerNet, sigterm_saves_and_ends) {
  options.handle_signals = true;
  start();
  Client client = logged_in();
  EXPECT_EQ(client.ask("SETSTATE 1 working", "\r\n"), "200 ok\r\n");
  ::kill(::getpid(), SIGTERM);
  EXPECT_EQ(client.read_to_end(), "");
  join();
  EXPECT_TRUE(ended);
  EXPECT_THAT(read("state"), HasSubstr("state change open -> working (user1)"));
}

TEST_F(ServerNet, a_full_disk_is_answered_500_and_changes_nothing) {
  start();
  Client client = logged_in();
  EXPECT_EQ(client.ask("SETSTATE 5 working", "\r\n"), "200 ok\r\n");
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit full{std::filesystem::file_size(path("state.journal")) + 40, before.rlim_max};  // as a disk with 40 bytes left
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &full), 0);
  const std::string answer = client.ask("SETSTATE 5 waiting", "\r\n");
  ::setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(answer, "500 not saved: File too large\r\n");
  EXPECT_THAT(client.ask("GETATTRS 5"), HasSubstr("state: working\r\n"));
  EXPECT_THAT(log(), Contains(AllOf(HasSubstr("state.journal: File too large"), HasSubstr("1 change was refused"))));
  EXPECT_EQ(client.ask("SETSTATE 5 confirm-wait", "\r\n"), "200 ok\r\n");
}

TEST_F(ServerNet, a_log_that_cannot_be_written_ends_nothing_and_a_full_disk_is_still_answered) {
  options.log = [](const std::string&) { throw std::runtime_error("no space left"); };
  options.max_connections = 2;
  start();
  Client client = logged_in();
  EXPECT_EQ(client.ask("SETSTATE 5 working", "\r\n"), "200 ok\r\n");
  Client second = connect();
  second.read_line();
  EXPECT_EQ(connect().read_to_end(), "") << "turned away, which is logged";
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit full{std::filesystem::file_size(path("state.journal")) + 40, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &full), 0);
  const std::string answer = client.ask("SETSTATE 5 waiting", "\r\n");
  ::setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(answer, "500 not saved: File too large\r\n");
  EXPECT_EQ(client.ask("SETSTATE 5 waiting", "\r\n"), "200 ok\r\n");
}

TEST_F(ServerNet, clients_that_are_turned_away_are_counted_and_not_a_line_each) {
  options.max_connections = 1;
  start();
  Client first = connect();
  first.read_line();
  for (int i = 0; i < 200; ++i) EXPECT_EQ(connect().read_to_end(), "");
  stop();
  std::size_t lines = 0;
  for (const std::string& line : log()) lines += line.find("turned away") == std::string::npos ? 0U : 1U;
  EXPECT_GE(lines, 2U);
  EXPECT_LT(lines, 100U) << "at most two a second, also where two hundred connections take long";
}

TEST_F(ServerNet, silent_connections_to_the_notification_port_expire_and_leave_room_for_commands) {
  options.login_timeout = 500ms;
  options.max_connections = 4;
  start();
  std::vector<Client> silent;
  for (int i = 0; i < 2; ++i) {
    silent.emplace_back(at.notifications);
    EXPECT_EQ(silent.back().read_line().size(), 42U);
  }
  EXPECT_EQ(Client(at.notifications).read_to_end(), "") << "half of the places are for commands";
  Client client = logged_in();
  EXPECT_EQ(client.ask("VERSION", "\r\n"), kVersion);
  for (Client& one : silent) EXPECT_EQ(one.read_to_end(), "") << "and not after a minute";
  Client channel(at.notifications);
  EXPECT_EQ(client.ask("NTIE " + channel.read_line().substr(0, 40), "\r\n"), "200 ok\r\n");
}

TEST_F(ServerNet, a_byte_now_and_then_is_idle_too) {
  options.idle_timeout = 1s;
  start();
  Client client = logged_in();
  std::optional<std::string> got;
  for (int i = 0; i < 200 && !got; ++i) {
    client.send("x");
    got = client.read_some(100ms);
  }
  EXPECT_EQ(got, "") << "cut, though it never was silent";
}

/// The server as a process of its own, which can be killed.
pid_t fork_server(const ServerOptions& options, Listening& at) {
  int ends[2];
  if (::pipe(ends) != 0) return -1;
  const pid_t child = ::fork();
  if (child == 0) {
    const auto tell = [&ends](const Listening& one) {
      if (::write(ends[1], &one, sizeof one) != sizeof one) ::_exit(1);
    };
    ::_exit(run_zino_server(options, tell) ? 0 : 1);
  }
  ::close(ends[1]);
  if (::read(ends[0], &at, sizeof at) != sizeof at) ADD_FAILURE() << "the server did not start";
  ::close(ends[0]);
  return child;
}

TEST_F(ServerNet, two_hundred_acknowledged_writes_survive_kill_minus_nine) {
  options.fold_period = 300ms;  // some of the kills meet a fold
  std::size_t acknowledged = 0;
  for (int round = 0; round < 20; ++round) {
    const pid_t child = fork_server(options, at);
    ASSERT_GT(child, 0);
    Client client = logged_in();
    const std::string history = client.ask("GETHIST 5");
    const auto kept = static_cast<std::size_t>(std::count(history.begin(), history.end(), '\n') - 2) / 2;
    ASSERT_EQ(kept, acknowledged) << "round " << round;
    for (int i = 0; i < 10; ++i, ++acknowledged)
      ASSERT_EQ(client.ask("ADDHIST 5\r\nnote\r\n.", "200 ok\r\n").find("<"), std::string::npos);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
}

TEST_F(ServerNet, a_damaged_state_file_is_refused) {
  write("state", "{\n \"events\": {\"events\": {\"1\": 5}}}");
  start();
  ASSERT_FALSE(ended);
  EXPECT_THAT(ended.error().message, HasSubstr("line 2: events.events.1: expected an object"));
}

TEST_F(ServerNet, several_addresses_and_ipv6) {
  options.listen = {"127.0.0.1", "::1"};
  std::vector<Listening> all;
  std::promise<void> both;
  std::stop_source stop_both;
  std::jthread server([&] {
    const auto done = run_zino_server(
        options,
        [&](const Listening& one) {
          all.push_back(one);
          if (all.size() == 2) both.set_value();
        },
        stop_both.get_token());
    EXPECT_TRUE(done);
  });
  both.get_future().wait();
  for (const Listening& one : all) EXPECT_THAT(Client(one.commands).read_line(), StartsWith("200 "));
  EXPECT_EQ(all[1].commands.family, core::Endpoint::Family::v6);
  stop_both.request_stop();
}

}  // namespace
}  // namespace uncork::zino
