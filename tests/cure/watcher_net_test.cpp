// Passes over a process whose sockets come and go.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <filesystem>
#include <thread>

#include "core/syscall.hpp"
#include "cure/watcher.hpp"
#include "tests/cure/scratch_directory.hpp"
#include "tests/cure/target_process.hpp"

namespace uncork::cure {
namespace {

using testing::connect_pair;
using testing::Connection;
using testing::nodelay;
using testing::TargetProcess;

Watcher watching(const TargetProcess& target, const CureOptions& options = {}) {
  auto watcher = Watcher::start(target.pid(), options);
  if (!watcher) ADD_FAILURE() << watcher.error().message;
  return std::move(*watcher);
}

CureReport scan(Watcher& watcher) {
  auto report = watcher.scan();
  if (!report) ADD_FAILURE() << report.error().message;
  return report.value_or(CureReport{});
}

/// Passes until one reports a socket: the target accepts in its own time.
CureReport scan_until_something(Watcher& watcher) {
  const auto deadline = std::chrono::steady_clock::now() + testing::kPatience;
  CureReport report;
  while (report.sockets.empty() && std::chrono::steady_clock::now() < deadline) {
    report = scan(watcher);
    std::this_thread::yield();
  }
  return report;
}

TEST(Watcher, cures_each_connection_that_the_process_accepts_once) {
  const core::Fd listener = testing::listen_on("127.0.0.1:0");
  const auto at = core::local_endpoint(listener).value();
  const auto target = TargetProcess::accepting(listener);
  Watcher watcher = watching(target);
  EXPECT_EQ(scan(watcher).sockets.size(), 1U) << "the listener";
  EXPECT_TRUE(scan(watcher).sockets.empty()) << "reported once";
  for (int i = 0; i < 3; ++i) {
    const core::Fd client = core::tcp_connect(at).value();
    const CureReport report = scan_until_something(watcher);
    ASSERT_EQ(report.sockets.size(), 1U);
    EXPECT_EQ(report.sockets[0].socket.remote, core::local_endpoint(client).value());
    EXPECT_TRUE(report.sockets[0].changed);
    EXPECT_TRUE(scan(watcher).sockets.empty());
  }
  EXPECT_FALSE(nodelay(listener)) << "left alone: an undo could not tell what was inherited from it";
}

TEST(Watcher, waits_for_an_unconnected_socket_to_connect) {
  const core::Fd listener = testing::listen_on("127.0.0.1:0");
  const core::Fd socket(::socket(AF_INET, SOCK_STREAM, 0));
  const auto target = TargetProcess::holding({socket.get()});
  Watcher watcher = watching(target);
  EXPECT_TRUE(scan(watcher).sockets.empty());
  ASSERT_EQ(watcher.waiting().size(), 1U);
  EXPECT_EQ(watcher.waiting()[0].fd, socket.get());
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(core::local_endpoint(listener).value().port);
  ASSERT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  const CureReport report = scan(watcher);
  ASSERT_EQ(report.sockets.size(), 1U);
  EXPECT_TRUE(nodelay(socket));
  EXPECT_TRUE(watcher.waiting().empty());
}

TEST(Watcher, leaves_alone_what_an_undo_has_restored_meanwhile) {
  const testing::ScratchDirectory scratch;
  const CureOptions options{std::nullopt, scratch.states()};
  const Connection connection = connect_pair();
  const auto target = TargetProcess::holding({connection.server.get()});
  Watcher watcher = watching(target, options);
  EXPECT_EQ(scan(watcher).changed, 1U);
  EXPECT_EQ(undo_process(target.pid(), options)->undone, 1U);
  EXPECT_EQ(scan(watcher).changed, 0U);
  EXPECT_FALSE(nodelay(connection.server));
  EXPECT_TRUE(undo_process(target.pid(), options)->sockets.empty());
}

TEST(Watcher, tells_that_the_process_has_ended_and_forgets_it) {
  const testing::ScratchDirectory scratch;
  const Connection connection = connect_pair();
  auto target = TargetProcess::holding({connection.server.get()});
  Watcher watcher = watching(target, {std::nullopt, scratch.states()});
  EXPECT_FALSE(scan(watcher).process_ended);
  EXPECT_FALSE(std::filesystem::is_empty(scratch.states()));
  target.end_uncollected();
  EXPECT_TRUE(scan(watcher).process_ended) << "a zombie has ended";
  EXPECT_TRUE(std::filesystem::is_empty(scratch.states()));
  target.end();
  const CureReport report = scan(watcher);
  EXPECT_TRUE(report.process_ended);
  EXPECT_TRUE(report.sockets.empty());
  EXPECT_TRUE(report.problems.empty());
}

TEST(Watcher, keeps_no_record_of_closed_sockets) {
  const testing::ScratchDirectory scratch;
  const CureOptions options{std::nullopt, scratch.states()};
  const core::Fd listener = testing::listen_on("127.0.0.1:0");
  const auto at = core::local_endpoint(listener).value();
  // A target that closes each connection when its client does, as servers do.
  const auto target = TargetProcess::serving(listener);
  Watcher watcher = watching(target, options);
  scan(watcher);
  for (int i = 0; i < 5; ++i) {
    const core::Fd client = core::tcp_connect(at).value();
    EXPECT_EQ(scan_until_something(watcher).changed, 1U);
  }
  const auto state = StateDirectory::open(scratch.states())->load(target.pid());
  ASSERT_TRUE(state.has_value() && state->has_value());
  // The last one, and perhaps the one before, whose close the target had not seen yet.
  EXPECT_LE((*state)->sockets.size(), 2U);
}

TEST(Watcher, sets_the_option_again_when_the_program_takes_it_off) {
  const testing::ScratchDirectory scratch;
  const Connection connection = connect_pair();
  const Connection own_choice = connect_pair();
  testing::set_nodelay(own_choice.server, true);
  const auto target = TargetProcess::holding({connection.server.get(), own_choice.server.get()});
  Watcher watcher = watching(target, {std::nullopt, scratch.states()});
  EXPECT_EQ(scan(watcher).changed, 1U);
  EXPECT_TRUE(scan(watcher).set_again.empty());
  for (int round = 0; round < 3; ++round) {
    testing::set_nodelay(connection.server, false);
    const CureReport report = scan(watcher);
    ASSERT_EQ(report.set_again.size(), 1U);
    EXPECT_EQ(report.set_again[0].fd, connection.server.get());
    EXPECT_TRUE(report.sockets.empty());
    EXPECT_TRUE(nodelay(connection.server));
  }
  testing::set_nodelay(own_choice.server, false);
  EXPECT_EQ(scan(watcher).set_again.size(), 1U) << "what the program had set itself counts too";
  EXPECT_TRUE(nodelay(own_choice.server));
  const auto undone = undo_process(target.pid(), {std::nullopt, scratch.states()});
  ASSERT_TRUE(undone.has_value());
  EXPECT_EQ(undone->undone, 2U) << "both were off before";
  EXPECT_TRUE(scan(watcher).set_again.empty()) << "an undo is not overruled";
  EXPECT_FALSE(nodelay(connection.server));
}

TEST(Watcher, looks_at_many_connections_again_a_few_a_pass) {
  std::vector<Connection> connections;
  std::vector<int> fds;
  constexpr std::size_t kMany = 3 * Watcher::kRechecks;
  for (std::size_t i = 0; i < kMany; ++i) {
    connections.push_back(connect_pair());
    fds.push_back(connections.back().server.get());
  }
  const auto target = TargetProcess::holding(fds);
  Watcher watcher = watching(target);
  EXPECT_EQ(scan(watcher).changed, kMany);
  for (const Connection& connection : connections) testing::set_nodelay(connection.server, false);
  for (int pass = 0; pass < 3; ++pass) EXPECT_EQ(scan(watcher).set_again.size(), Watcher::kRechecks);
  EXPECT_TRUE(scan(watcher).set_again.empty());
}

}  // namespace
}  // namespace uncork::cure
