// The proxy over real loopback sockets. Lower bounds on times are exact; upper bounds are wide, since a machine may be busy.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <regex>
#include <sstream>

#include "relay/proxy_descriptors.hpp"
#include "tests/relay/proxy_running.hpp"

namespace uncork::relay {
namespace {

using namespace testing_proxy;
using core::Micros;
using core::MonotonicClock;
using core::Time;
using std::chrono::milliseconds;
using testing::Contains;
using testing::HasSubstr;

ProxyOptions towards(const Target& target) {
  ProxyOptions options;
  options.listen = loopback(0);
  options.connect = target.address();
  return options;
}

struct Link {
  const char* name;
  void (*shape)(ProxyOptions&);
};

class ProxyIntegrity : public testing::TestWithParam<Link> {};

TEST_P(ProxyIntegrity, megabytes_cross_both_ways_at_once_unchanged) {
  const Target target;
  ProxyOptions options = towards(target);
  GetParam().shape(options);
  RunningProxy proxy(options);
  const auto up = random_bytes(4'000'000, 1);
  const auto down = random_bytes(6'000'000, 2);
  const core::Fd client = proxy.connect();
  const core::Fd server = target.accept();
  std::thread uploads([&] { send_in_pieces(client, up, 3); });
  std::thread downloads([&] { send_in_pieces(server, down, 4); });
  Received at_server;
  std::thread server_reads([&] { at_server = read_to_end(server); });
  const Received at_client = read_to_end(client);
  for (auto* thread : {&uploads, &downloads, &server_reads}) thread->join();
  EXPECT_EQ(at_client.error, 0);
  EXPECT_EQ(at_server.error, 0);
  EXPECT_TRUE(at_client.bytes == down);  // not EXPECT_EQ: it would print megabytes
  EXPECT_TRUE(at_server.bytes == up);
  const ProxySummary summary = proxy.stop();
  EXPECT_EQ(summary.c2s.bytes, up.size());
  EXPECT_EQ(summary.c2s.forwarded_bytes, up.size());
  EXPECT_EQ(summary.s2c.forwarded_bytes, down.size());
  EXPECT_LE(summary.s2c.most_waiting_bytes, options.limit_bytes == 0 ? default_limit(options) : options.limit_bytes);
}

INSTANTIATE_TEST_SUITE_P(Links, ProxyIntegrity,
                         testing::Values(Link{"plain", [](ProxyOptions&) {}},
                                         Link{"without_nagle", [](ProxyOptions& o) { o.nagle = Nagle::off; }},
                                         Link{"delayed_with_jitter",
                                              [](ProxyOptions& o) {
                                                o.delay = milliseconds(10);
                                                o.jitter = milliseconds(5);
                                              }},
                                         Link{"limited",
                                              [](ProxyOptions& o) {
                                                o.delay = milliseconds(3);
                                                o.rate_bytes_per_second = 20'000'000;
                                              }},
                                         Link{"smallest_buffer", [](ProxyOptions& o) { o.limit_bytes = 4096; }}),
                         [](const auto& link) { return link.param.name; });

TEST(Proxy, every_chunk_takes_the_delay_and_chunks_in_flight_do_not_queue_behind_each_other) {
  constexpr auto kDelay = milliseconds(50);
  constexpr int kChunks = 80;  // sent over more than the delay, so that some are read while others fall due
  const Target target;
  ProxyOptions options = towards(target);
  options.delay = kDelay;
  options.nagle = Nagle::off;
  RunningProxy proxy(options);
  const core::Fd client = proxy.connect();
  const core::Fd server = target.accept();
  ASSERT_TRUE(core::set_option(client, IPPROTO_TCP, TCP_NODELAY, 1));
  std::vector<Time> sent(kChunks);
  std::thread sends([&] {
    for (auto& time : sent) {
      time = MonotonicClock::now();
      send_text(client, "x");
      std::this_thread::sleep_for(milliseconds(1));
    }
  });
  std::vector<Time> came;
  for (int i = 0; i < kChunks; ++i) {
    ASSERT_EQ(read_text(server, 1), "x");
    came.push_back(MonotonicClock::now());
  }
  sends.join();
  for (std::size_t i = 0; i < kChunks; ++i) EXPECT_GE(came[i] - sent[i], kDelay) << i;
  // Chunks that queued behind each other would take 80 x 50 ms; half of that leaves a busy machine 1.8 s too many.
  EXPECT_LT(came.back() - sent.front(), kChunks * kDelay / 2);
}

TEST(Proxy, the_delay_is_one_way_each_way) {
  const Target target;
  ProxyOptions options = towards(target);
  options.delay = milliseconds(20);
  RunningProxy proxy(options);
  const core::Fd client = proxy.connect();
  const core::Fd server = target.accept();
  const Time start = MonotonicClock::now();
  send_text(client, "ping");
  ASSERT_EQ(read_text(server, 4), "ping");
  EXPECT_GE(MonotonicClock::now() - start, milliseconds(20));
  send_text(server, "pong");
  ASSERT_EQ(read_text(client, 4), "pong");
  EXPECT_GE(MonotonicClock::now() - start, milliseconds(40));
}

TEST(Proxy, the_rate_is_not_exceeded) {
  const Target target;
  ProxyOptions options = towards(target);
  options.rate_bytes_per_second = 1'000'000;
  RunningProxy proxy(options);
  const core::Fd client = proxy.connect();
  const core::Fd server = target.accept();
  const Time start = MonotonicClock::now();
  send_in_pieces(client, random_bytes(200'000, 1), 1);
  EXPECT_EQ(read_to_end(server).bytes.size(), 200'000U);
  EXPECT_GE(MonotonicClock::now() - start, milliseconds(200));
}

TEST(Proxy, passes_a_half_close_on_behind_the_data_and_keeps_the_other_way_open) {
  const Target target;
  ProxyOptions options = towards(target);
  options.delay = milliseconds(20);
  RunningProxy proxy(options);
  const core::Fd client = proxy.connect();
  core::Fd server = target.accept();
  send_text(client, "request");
  const Time shut = MonotonicClock::now();
  ::shutdown(client.get(), SHUT_WR);
  const Received request = read_to_end(server);
  EXPECT_GE(MonotonicClock::now() - shut, milliseconds(20));
  EXPECT_EQ(as_text(request.bytes), "request");
  EXPECT_EQ(request.error, 0);
  send_text(server, "reply");
  server.reset();
  const Received reply = read_to_end(client);
  EXPECT_EQ(as_text(reply.bytes), "reply");
  EXPECT_EQ(reply.error, 0);
  EXPECT_TRUE(comes_true([&] {
    const auto events = proxy.events();
    return testing::Value(events, Contains(HasSubstr(": closed; c2s 7 bytes in 1 chunk, s2c 5 bytes in 1 chunk")));
  }));
}

TEST(Proxy, closes_the_client_at_once_when_the_target_is_down_and_says_why) {
  auto gone = std::make_unique<Target>();
  const ProxyOptions options = towards(*gone);
  gone.reset();
  RunningProxy proxy(options);
  const core::Fd client = proxy.connect();
  const Received nothing = read_to_end(client);
  EXPECT_TRUE(nothing.bytes.empty());
  EXPECT_EQ(nothing.error, ECONNRESET);
  EXPECT_THAT(proxy.events(), testing::ElementsAre("connect " + core::to_string(options.connect) +
                                                   ": Connection refused; closed the client's connection"));
  const ProxySummary summary = proxy.stop();
  EXPECT_EQ(summary.connections, 1U);
  EXPECT_EQ(summary.failed_connects, 1U);
}

TEST(Proxy, passes_a_clients_abort_on_behind_its_data_and_serves_the_next) {
  const Target target;
  RunningProxy proxy(towards(target));
  core::Fd client = proxy.connect();
  const core::Fd server = target.accept();
  send_text(client, "before");
  ASSERT_EQ(read_text(server, 6), "before");
  reset_when_closed(client);
  client.reset();
  EXPECT_EQ(read_to_end(server).error, ECONNRESET);
  EXPECT_TRUE(comes_true([&] { return testing::Value(proxy.events(), Contains(HasSubstr("reset by the client"))); }));

  const core::Fd next = proxy.connect();
  const core::Fd its_server = target.accept();
  send_text(next, "hello");
  EXPECT_EQ(read_text(its_server, 5), "hello");
}

TEST(Proxy, passes_a_servers_abort_on) {
  const Target target;
  ProxyOptions options = towards(target);
  options.delay = milliseconds(5);
  RunningProxy proxy(options);
  const core::Fd client = proxy.connect();
  core::Fd server = target.accept();
  send_text(server, "before");
  ASSERT_EQ(read_text(client, 6), "before");
  reset_when_closed(server);
  server.reset();
  EXPECT_EQ(read_to_end(client).error, ECONNRESET);
}

TEST(Proxy, a_client_that_aborts_in_mid_transfer_does_not_leave_a_server_blocked) {
  const Target target;
  RunningProxy proxy(towards(target));
  core::Fd client = proxy.connect();
  const core::Fd server = target.accept();
  std::thread aborts([&] {
    EXPECT_EQ(read_to_end(client, 1'000'000).bytes.size(), 1'000'000U);
    reset_when_closed(client);
    client.reset();
  });
  const auto piece = random_bytes(100'000, 1);
  core::Status sent;
  while (sent) sent = core::send_all(server, piece);
  aborts.join();
  EXPECT_THAT(sent.error().system_errno, testing::AnyOf(ECONNRESET, EPIPE));
}

/// Fills every buffer from `socket` on: half a second passes without room for a byte.
std::size_t send_until_stuck(const core::Fd& socket) {
  constexpr std::size_t kFarTooMuch = 512'000'000;  // kernel buffers on the way hold some tens of megabytes at most
  const auto piece = random_bytes(65'536, 1);
  const timeval half_second{0, 500'000};
  EXPECT_EQ(::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &half_second, sizeof half_second), 0);
  std::size_t sent = 0;
  while (sent < kFarTooMuch) {
    const std::size_t count = must(core::send_some(socket, piece));
    sent += count;
    if (count < piece.size()) return sent;
  }
  ADD_FAILURE() << "nothing held the sender back";
  return sent;
}

/// Whether the kernel is told of a reset, though the program neither reads nor writes.
bool is_reset(const core::Fd& socket) {
  pollfd error_only{socket.get(), 0, 0};
  return ::poll(&error_only, 1, static_cast<int>(milliseconds(kPatience).count())) == 1 && (error_only.revents & POLLERR) != 0;
}

TEST(Proxy, an_abort_reaches_a_server_that_does_not_read) {
  const Target target;
  ProxyOptions options = towards(target);
  options.limit_bytes = 128 * 1024;
  for (const auto delay : {milliseconds(0), milliseconds(5)}) {
    options.delay = delay;
    RunningProxy proxy(options);
    core::Fd client = proxy.connect();
    const core::Fd server = target.accept();
    send_until_stuck(client);
    reset_when_closed(client);
    client.reset();
    EXPECT_TRUE(is_reset(server));
  }
}

TEST(Proxy, an_abort_after_a_half_close_reaches_a_server_that_is_still_thinking) {
  const Target target;
  RunningProxy proxy(towards(target));
  core::Fd client = proxy.connect();
  const core::Fd server = target.accept();
  send_text(client, "request");
  ::shutdown(client.get(), SHUT_WR);
  ASSERT_EQ(as_text(read_to_end(server).bytes), "request");
  reset_when_closed(client);
  client.reset();
  EXPECT_TRUE(is_reset(server));
}

TEST(Proxy, an_abort_after_a_half_close_ends_a_server_that_is_still_sending) {
  const Target target;
  RunningProxy proxy(towards(target));
  const auto piece = random_bytes(10'000, 1);
  for (int round = 0; round < 20; ++round) {  // which of the relay's calls meets the reset first is chance
    core::Fd client = proxy.connect();
    const core::Fd server = target.accept();
    ::shutdown(client.get(), SHUT_WR);
    std::thread aborts([&] {
      EXPECT_EQ(read_to_end(client, 50'000).bytes.size(), 50'000U);
      reset_when_closed(client);
      client.reset();
    });
    core::Status sent;
    while (sent) sent = core::send_all(server, piece);
    aborts.join();
    EXPECT_THAT(sent.error().system_errno, testing::AnyOf(ECONNRESET, EPIPE));
  }
}

TEST(Proxy, a_slow_reader_holds_the_sender_back_and_bounds_what_waits) {
  const Target target;
  RunningProxy proxy(towards(target));
  const core::Fd client = proxy.connect();
  const core::Fd server = target.accept();
  const std::size_t sent = send_until_stuck(server);
  ::shutdown(server.get(), SHUT_WR);
  EXPECT_EQ(read_to_end(client).bytes.size(), sent);
  const ProxySummary summary = proxy.stop();
  EXPECT_EQ(summary.s2c.bytes, sent);
  EXPECT_GT(summary.s2c.most_waiting_bytes, 128U * 1024);  // it was the buffer's bound that held, not a smaller one
  EXPECT_LE(summary.s2c.most_waiting_bytes, 256U * 1024);
}

TEST(Proxy, carries_five_hundred_connections_at_once) {
  constexpr std::size_t kConnections = 500;
  const auto limit = raise_descriptor_limit();
  if (!limit || *limit < 4 * kConnections + 100) GTEST_SKIP() << "needs " << 4 * kConnections + 100 << " open files (ulimit -Hn)";
  const Target target;
  ProxyOptions options = towards(target);
  options.delay = milliseconds(5);
  RunningProxy proxy(options);
  std::vector<core::Fd> clients;
  std::vector<core::Fd> servers;
  for (std::size_t i = 0; i < kConnections; ++i) {
    clients.push_back(proxy.connect());
    send_text(clients.back(), "client " + std::to_string(1000 + i));
  }
  std::map<std::string, int> greeted;
  for (std::size_t i = 0; i < kConnections; ++i) servers.push_back(target.accept());
  for (const core::Fd& server : servers) {
    const std::string greeting = read_text(server, 11);
    ++greeted[greeting];
    send_text(server, "for " + greeting);
  }
  EXPECT_EQ(greeted.size(), kConnections);
  for (std::size_t i = 0; i < kConnections; ++i) EXPECT_EQ(read_text(clients[i], 15), "for client " + std::to_string(1000 + i));
  EXPECT_EQ(proxy.stop().connections, kConnections);
}

TEST(Proxy, returns_every_descriptor_of_connections_that_ended_in_any_way) {
  const Target target;
  RunningProxy proxy(towards(target));
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 300; ++i) {
    core::Fd client = proxy.connect();
    core::Fd server = target.accept();
    send_text(client, "hello");
    if (i % 3 == 1) reset_when_closed(client);
    if (i % 3 == 2) reset_when_closed(server);
    if (i % 2 == 0) {
      EXPECT_EQ(read_text(server, 5), "hello");
    }
  }
  EXPECT_TRUE(comes_true([&] { return open_descriptors() == before; })) << open_descriptors() << " open, before: " << before;
}

TEST(Proxy, a_connection_that_finds_no_descriptor_waits_until_there_is_one) {
  const Target target;
  RunningProxy proxy(towards(target));
  const core::Fd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address{AF_INET, htons(proxy.address().port), {htonl(INADDR_LOOPBACK)}, {}};
  rlimit usual{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &usual), 0);
  const rlimit none_left{0, usual.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none_left), 0);
  EXPECT_EQ(::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_TRUE(comes_true([&] { return !proxy.events().empty(); }));
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &usual), 0);
  EXPECT_THAT(proxy.events().front(), testing::StartsWith("accept: Too many open files; "));
  const core::Fd server = target.accept();
  send_text(client, "late");
  EXPECT_EQ(read_text(server, 4), "late");
}

TEST(Proxy, returns_every_descriptor_when_it_ends) {
  const Target target;
  const std::size_t before = open_descriptors();
  {
    RunningProxy proxy(towards(target));
    const core::Fd client = proxy.connect();
    const core::Fd server = target.accept();
  }
  EXPECT_EQ(open_descriptors(), before);
}

class ProxyLogged : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(path_); }
  std::string path_ = testing::TempDir() + "proxy_net_test." + std::to_string(::getpid());
};

TEST_F(ProxyLogged, logs_every_chunk_as_three_columns_that_add_up) {
  const Target target;
  ProxyOptions options = towards(target);
  options.log_path = path_;
  RunningProxy proxy(options);
  const core::Fd client = proxy.connect();
  const core::Fd server = target.accept();
  std::thread uploads([&] { send_in_pieces(client, random_bytes(300'000, 1), 1); });
  std::thread downloads([&] { send_in_pieces(server, random_bytes(500'000, 2), 2); });
  Received at_server;
  std::thread server_reads([&] { at_server = read_to_end(server); });
  EXPECT_EQ(read_to_end(client).bytes.size(), 500'000U);
  for (auto* thread : {&uploads, &downloads, &server_reads}) thread->join();
  EXPECT_EQ(at_server.bytes.size(), 300'000U);
  const ProxySummary summary = proxy.stop();

  std::istringstream log(must(core::read_file(path_)));
  const std::regex line_format("(c2s|s2c)\t([1-9][0-9]*)\t([0-9]+)");
  std::map<std::string, std::uint64_t> bytes;
  std::map<std::string, std::uint64_t> chunks;
  std::size_t lines = 0;
  for (std::string line; std::getline(log, line); ++lines) {
    std::smatch columns;
    ASSERT_TRUE(std::regex_match(line, columns, line_format)) << line;
    bytes[columns[1]] += std::stoull(columns[2]);
    ++chunks[columns[1]];
    if (lines == 0) {
      EXPECT_EQ(columns[3], "0");
    }
  }
  EXPECT_EQ(bytes["c2s"], 300'000U);
  EXPECT_EQ(bytes["s2c"], 500'000U);
  EXPECT_EQ(chunks["c2s"], summary.c2s.chunks);
  EXPECT_EQ(chunks["s2c"], summary.s2c.chunks);
}

TEST_F(ProxyLogged, counts_time_from_the_connections_previous_chunk_in_either_direction) {
  const Target target;
  ProxyOptions options = towards(target);
  options.log_path = path_;
  RunningProxy proxy(options);
  const core::Fd client = proxy.connect();
  const core::Fd server = target.accept();
  send_text(client, "ask");
  ASSERT_EQ(read_text(server, 3), "ask");
  const Time asked = MonotonicClock::now();
  std::this_thread::sleep_for(milliseconds(30));
  send_text(server, "reply");
  ASSERT_EQ(read_text(client, 5), "reply");
  const core::Fd other = proxy.connect();
  send_text(other, "?");
  const core::Fd its_server = target.accept();
  ASSERT_EQ(read_text(its_server, 1), "?");
  const auto longest = MonotonicClock::now() - asked + milliseconds(1000);  // the relay read "ask" a little before we did
  proxy.stop();
  const std::string log = must(core::read_file(path_));
  std::smatch columns;
  ASSERT_TRUE(std::regex_match(log, columns, std::regex("c2s\t3\t0\ns2c\t5\t([0-9]+)\nc2s\t1\t0\n"))) << log;
  EXPECT_GE(Micros(std::stoll(columns[1])), milliseconds(30));
  EXPECT_LE(Micros(std::stoll(columns[1])), longest);
}

TEST_F(ProxyLogged, writes_the_log_while_it_runs) {
  const Target target;
  ProxyOptions options = towards(target);
  options.log_path = path_;
  RunningProxy proxy(options);
  const core::Fd client = proxy.connect();
  send_text(client, "x");
  EXPECT_TRUE(comes_true([&] { return must(core::read_file(path_)) == "c2s\t1\t0\n"; }));
}

TEST(Proxy, goes_on_forwarding_when_its_log_cannot_be_written) {
  const Target target;
  ProxyOptions options = towards(target);
  options.log_path = "/dev/full";
  RunningProxy proxy(options);
  const core::Fd client = proxy.connect();
  const core::Fd server = target.accept();
  send_text(client, "one");
  ASSERT_EQ(read_text(server, 3), "one");
  EXPECT_TRUE(comes_true([&] { return testing::Value(proxy.events(), Contains(HasSubstr("write /dev/full: No space left"))); }));
  send_text(client, "two");
  EXPECT_EQ(read_text(server, 3), "two");
  EXPECT_TRUE(proxy.stop().log_error);
}

/// TCP_NODELAY on the proxy's two sockets for this client, found among this process's own descriptors.
std::vector<int> nodelay_of_proxy_sockets(const RunningProxy& proxy, const core::Endpoint& client, const core::Endpoint& server) {
  std::vector<int> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    // The bare system call: the thread sanitizer takes dup() for a use that races with the relay's own, later close().
    const core::Fd duplicate(static_cast<int>(::syscall(SYS_dup, std::stoi(entry.path().filename()))));
    const auto local = core::local_endpoint(duplicate);
    const auto peer = core::peer_endpoint(duplicate);
    if (!local || !peer) continue;
    const bool towards_client = *local == proxy.address() && *peer == client;
    const bool towards_server = *peer == server && *local != client;
    if (towards_client || towards_server) found.push_back(must(core::get_option(duplicate, IPPROTO_TCP, TCP_NODELAY)));
  }
  return found;
}

TEST(Proxy, leaves_nagle_on_unless_told_otherwise_and_then_turns_it_off_on_both_sockets) {
  for (const auto nagle : {Nagle::on, Nagle::off}) {
    const Target target;
    ProxyOptions options = towards(target);
    options.nagle = nagle;
    RunningProxy proxy(options);
    const core::Fd client = proxy.connect();
    const core::Fd server = target.accept();
    send_text(client, "x");
    ASSERT_EQ(read_text(server, 1), "x");
    const int nodelay = nagle == Nagle::off ? 1 : 0;
    EXPECT_THAT(nodelay_of_proxy_sockets(proxy, must(core::local_endpoint(client)), target.address()),
                testing::ElementsAre(nodelay, nodelay));
  }
}

TEST(Proxy, forwards_over_ipv6) {
  core::Endpoint localhost6{core::Endpoint::Family::v6, {}, 0};
  localhost6.bytes.back() = 1;
  const auto listener = core::tcp_listen(localhost6);
  if (!listener) GTEST_SKIP() << "no IPv6 loopback: " << listener.error().message;
  ProxyOptions options;
  options.listen = localhost6;
  options.connect = must(core::local_endpoint(*listener));
  RunningProxy proxy(options);
  const core::Fd client = proxy.connect();
  const core::Fd server = must(core::tcp_accept(*listener));
  impatient(server);
  send_text(client, "six");
  EXPECT_EQ(read_text(server, 3), "six");
}

TEST(Proxy, a_taken_address_is_a_clear_error) {
  const Target taken;
  ProxyOptions options = towards(taken);
  options.listen = taken.address();
  options.connect = loopback(9);
  const auto refused = Proxy::start(options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().system_errno, EADDRINUSE);
  EXPECT_THAT(refused.error().message,
              testing::StartsWith("bind " + core::to_string(taken.address()) + ": Address already in use;"));
}

TEST(Proxy, refuses_to_connect_to_itself) {
  ProxyOptions options;
  {
    const Target free_port;
    options.listen = options.connect = free_port.address();
  }
  const auto refused = Proxy::start(options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, core::ErrorCode::invalid_argument);
  EXPECT_THAT(refused.error().message, HasSubstr("own address"));
}

TEST(Proxy, a_signal_ends_it_and_it_sums_up) {
  const Target target;
  for (const int signal : {SIGINT, SIGTERM}) {
    ProxyOptions options = towards(target);
    options.signals = Signals::stop;
    RunningProxy proxy(options);
    const core::Fd client = proxy.connect();
    const core::Fd server = target.accept();
    send_text(client, "x");
    ASSERT_EQ(read_text(server, 1), "x");
    ASSERT_EQ(::kill(::getpid(), signal), 0);
    const ProxySummary summary = proxy.join();
    EXPECT_EQ(summary.connections, 1U);
    EXPECT_EQ(summary.c2s.bytes, 1U);
    EXPECT_EQ(read_to_end(client).error, 0);  // nothing was lost: an orderly close
  }
}

TEST_F(ProxyLogged, its_end_resets_a_connection_that_loses_bytes) {
  const Target target;
  ProxyOptions options = towards(target);
  options.delay = std::chrono::minutes(10);
  options.log_path = path_;
  RunningProxy proxy(options);
  const core::Fd client = proxy.connect();
  const core::Fd server = target.accept();
  send_text(client, "lost");
  ASSERT_TRUE(comes_true([&] { return must(core::read_file(path_)) == "c2s\t4\t0\n"; }));
  const ProxySummary summary = proxy.stop();
  EXPECT_EQ(summary.c2s.bytes - summary.c2s.forwarded_bytes, 4U);
  EXPECT_EQ(read_to_end(server).error, ECONNRESET);
}

}  // namespace
}  // namespace uncork::relay
