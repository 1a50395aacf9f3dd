// Who decides which part of what `uncork watch` is asked to keep to.

#include "cli/watch/choice.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/watch/process_cgroup.hpp"
#include "cli/watch/sieve.hpp"

namespace uncork::cli {
namespace {

using stall::Role;
using ::testing::HasSubstr;

WatchOptions with(const std::string& filter, std::optional<WatchBy> by = std::nullopt) {
  WatchOptions options;
  options.filter = filter;
  options.by = by;
  return options;
}

Choice chosen(const WatchOptions& options, Teller teller = Teller::witness) { return choose(options, teller).value(); }

std::string why_not(const WatchOptions& options) {
  const auto choice = choose(options, Teller::witness);
  return choice ? "it is taken" : choice.error().message;
}

TEST(WatchChoice, nothing_asked_is_nothing_chosen) {
  const Choice choice = chosen({});
  EXPECT_FALSE(choice.chooses_connections());
  EXPECT_FALSE(choice.asks_lines());
  EXPECT_EQ(choice_text({}), "");
}

TEST(WatchChoice, the_kernel_takes_ports_processes_and_the_addresses_of_the_other_end) {
  const Choice choice = chosen(with("port == 80 and sport = :81 and dst 10.1.0.0/16 and pid == 7"));
  EXPECT_EQ(choice.kernel.port, 80);
  EXPECT_EQ(choice.kernel.local_port, 81);
  EXPECT_EQ(choice.kernel.remote_bits, 96 + 16);
  EXPECT_EQ(choice.kernel.remote[12], 10);
  EXPECT_EQ(choice.kernel.pid, 7);
  EXPECT_FALSE(choice.asks_connections()) << "so the kernel's sums are right";
  EXPECT_FALSE(choice.asks_lines());
}

TEST(WatchChoice, an_address_with_a_port_asks_for_both) {
  WatchOptions options;
  options.remote = filter::parse_host("[2001:db8::/32]:5432").value();
  const KernelChoice kernel = chosen(options).kernel;
  EXPECT_EQ(kernel.remote_bits, 32);
  EXPECT_EQ(kernel.remote[0], 0x20);
  EXPECT_EQ(kernel.remote_port, 5432);
}

TEST(WatchChoice, what_the_kernel_has_one_place_for_is_asked_of_connections_the_second_time) {
  const Choice choice = chosen(with("port == 80 and port == 81"));
  EXPECT_EQ(choice.kernel.port, 80);
  EXPECT_EQ(filter::to_string(choice.connection), "port == 81");
}

TEST(WatchChoice, only_equality_is_the_kernels) {
  for (const char* text : {"port != 80", "not port == 80", "port == 80 or port == 81", "dst != 10.0.0.0/8",
                           "dst = inet:10.0.0.0/8", "dst = [::/3]", "sport > 1024", "pid != 7"}) {
    const Choice choice = chosen(with(text));
    EXPECT_EQ(choice.kernel, KernelChoice{}) << text;
    EXPECT_TRUE(choice.asks_connections()) << text;
  }
}

TEST(WatchChoice, names_and_sums_are_asked_of_services) {
  WatchOptions options = with("lost > 1ms and comm ~ '^nginx' or late > 1s");
  options.comm = "a-name-that-is-longer-than-the-kernel-keeps";
  options.side = Role::responder;
  options.cause = stall::Cause::cork;
  const Choice choice = chosen(options);
  EXPECT_FALSE(choice.chooses_connections());
  EXPECT_EQ(choice.line_side, Role::responder);
  EXPECT_EQ(filter::to_string(choice.line),
            R"(comm == "a-name-that-is-" and cause == cork and ((lost > 1ms and comm ~ "^nginx") or late > 1s))");
}

TEST(WatchChoice, names_are_asked_of_connections_where_lines_are_of_something_else) {
  for (const WatchBy by : {WatchBy::peer, WatchBy::process, WatchBy::connection}) {
    WatchOptions options = with("lost > 1ms", by);
    options.comm = "nginx";
    options.side = Role::requester;
    const Choice choice = chosen(options);
    EXPECT_EQ(filter::to_string(choice.connection), R"(comm == "nginx")");
    EXPECT_EQ(filter::to_string(choice.line), "lost > 1ms");
    EXPECT_EQ(choice.connection_side, Role::requester);
    EXPECT_FALSE(choice.line_side);
  }
}

TEST(WatchChoice, of_single_connections_the_kernel_decides_only_what_both_ends_have) {
  const Choice choice = chosen(with("port == 80 and dst 127.0.0.1 and pid == 7 and dport == 80", WatchBy::connection));
  EXPECT_EQ(choice.kernel.port, 80);
  EXPECT_EQ(choice.kernel.remote_bits, 0);
  EXPECT_EQ(choice.kernel.pid, 0);
  EXPECT_EQ(filter::to_string(choice.connection), "dst == 127.0.0.1 and pid == 7 and dport == 80");
}

TEST(WatchChoice, samples_leave_the_kernel_nothing) {
  WatchOptions options = with("rtt > 5ms and dst 10/8");
  options.port = 80;
  options.cgroup = "/a";
  const Choice choice = chosen(options, Teller::samples);
  EXPECT_EQ(choice.kernel, KernelChoice{});
  EXPECT_EQ(choice.connection_cgroup, "/a");
  EXPECT_EQ(filter::to_string(choice.connection), "port == 80 and rtt > 5ms and dst == 10.0.0.0/8");
  EXPECT_EQ(chosen(options).kernel.cgroup, "/a");
}

TEST(WatchChoice, what_cannot_be_asked_is_refused_with_the_reason) {
  EXPECT_THAT(why_not(with("rtt > 5ms or lost > 1s")),
              HasSubstr("joins what is asked of each connection with what is asked of sums"));
  EXPECT_THAT(why_not(with("comm == a or lost > 1s", WatchBy::peer)), HasSubstr("join the two by 'and'"));
  EXPECT_THAT(why_not(with("rwnd > 5")), HasSubstr("a watch does not know 'rwnd', but comm, netns, pid, "));
  EXPECT_THAT(why_not(with("not state established")), HasSubstr("whatever their state"));
  EXPECT_THAT(why_not(with("lost > 1 and")), HasSubstr("--filter: column "));
  EXPECT_THAT(why_not(with(std::string("comm == '\x1b[2J' or rtt > 1s or lost > 1s"))), ::testing::Not(HasSubstr("\x1b")));
}

TEST(WatchChoice, says_what_was_asked_as_it_was_typed) {
  WatchOptions options = with("rtt > 5ms");
  options.pid = 7;
  options.tree = true;
  options.comm = "evil\x1b[2J";
  options.side = Role::responder;
  EXPECT_EQ(choice_text(options), "--pid 7 --tree and --comm evil?[2J and --side server and --filter 'rtt > 5ms'");
}

TEST(ProcessCgroup, is_the_last_of_its_lines_and_below_what_it_is_below) {
  EXPECT_EQ(cgroup_path_in("4:memory:/old\n0::/system.slice/nginx.service\n"), "/system.slice/nginx.service");
  EXPECT_EQ(cgroup_path_in("0::/a:b\n"), "/a:b");
  for (const char* none : {"", "\n", "0", "0:", "0:x"}) EXPECT_EQ(cgroup_path_in(none), "") << none;
  EXPECT_TRUE(is_in_cgroup("/a/b", "/a"));
  EXPECT_TRUE(is_in_cgroup("/a", "/a"));
  EXPECT_TRUE(is_in_cgroup("/a", "/"));
  EXPECT_FALSE(is_in_cgroup("/ab", "/a"));
  EXPECT_FALSE(is_in_cgroup("/", "/a"));
  EXPECT_FALSE(is_in_cgroup("", "/"));
}

// --- what is decided here ---

probe::ConnectionRow connection(std::string command, core::Micros round_trip) {
  probe::ConnectionRow row;
  row.where.process = {77, std::move(command)};
  row.where.local = core::parse_endpoint("127.0.0.1:8001").value();
  row.where.remote = core::parse_endpoint("10.1.2.3:40000").value();
  row.where.nodelay = false;
  row.role = Role::responder;
  row.shown.round_trip = round_trip;
  return row;
}

bool admits(const std::string& filter, const probe::ConnectionRow& row) {
  return Sieve::make(chosen(with(filter, WatchBy::connection), Teller::samples)).value().admits(row);
}

TEST(WatchSieve, asks_a_connection_what_it_shows) {
  const probe::ConnectionRow row = connection("nginx", core::Micros(6000));
  for (const char* yes :
       {"rtt > 5ms", "comm ~ ngin", "dst 10.0.0.0/8", "sport = :8001", "port 40000", "pid == 77", "not nodelay"})
    EXPECT_TRUE(admits(yes, row)) << yes;
  for (const char* no : {"rtt > 7ms", "comm == curl", "dst 11.0.0.0/8", "dport = :8001", "nodelay", "cork", "known cookie"})
    EXPECT_FALSE(admits(no, row)) << no;
}

TEST(WatchSieve, what_is_not_known_is_neither) {
  probe::ConnectionRow row = connection("", core::Micros(0));
  row.where.process.pid = 0;
  row.where.nodelay.reset();
  for (const char* neither :
       {"comm == nginx", "comm != nginx", "not comm == nginx", "pid != 1", "rtt < 1s", "nodelay", "not nodelay"})
    EXPECT_FALSE(admits(neither, row)) << neither;
  EXPECT_TRUE(admits("not known comm", row));
}

TEST(WatchSieve, remembers_whose_connections_it_turned_away) {
  Sieve sieve = Sieve::make(chosen(with("rtt > 5ms"))).value();
  EXPECT_EQ(sieve.turned_away(), "");
  EXPECT_FALSE(sieve.admits(connection("nginx", core::Micros(1))));
  EXPECT_FALSE(sieve.admits(connection("evil\x1b[2J", core::Micros(1))));
  EXPECT_EQ(sieve.turned_away(), "evil?[2J, nginx");
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(sieve.admits(connection("p" + std::to_string(i), core::Micros(1))));
  EXPECT_LT(sieve.turned_away().size(), 200U);
}

stall::ServiceVerdict service(core::Micros lost) {
  stall::ServiceVerdict verdict;
  verdict.service.key = {"nginx", Role::responder, 80, "blue"};
  verdict.service.account.budget[stall::Cause::nagle_delayed_ack] = lost;
  verdict.service.account.budget[stall::Cause::cork] = core::Micros(10);
  verdict.cause = stall::Cause::nagle_delayed_ack;
  return verdict;
}

bool passes(const WatchOptions& options, const stall::ServiceVerdict& verdict) {
  return Sieve::make(chosen(options)).value().passes(verdict);
}

TEST(WatchSieve, asks_a_service_for_its_name_and_its_sums) {
  const stall::ServiceVerdict verdict = service(core::Micros(5000));
  EXPECT_TRUE(passes(with("comm ~ '^ng' and lost > 5ms and netns == blue and cause == nagle_delayed_ack"), verdict));
  EXPECT_FALSE(passes(with("lost > 5.1ms"), verdict));
  WatchOptions options;
  options.side = Role::requester;
  EXPECT_FALSE(passes(options, verdict));
}

TEST(WatchSieve, takes_the_cause_that_a_service_is_accused_of_though_another_took_more) {
  stall::ServiceVerdict verdict = service(core::Micros(5000));
  verdict.cause = stall::Cause::cork;
  WatchOptions options;
  options.cause = stall::Cause::cork;
  EXPECT_TRUE(passes(options, verdict));
  options.cause = stall::Cause::nagle_delayed_ack;
  EXPECT_FALSE(passes(options, verdict));
}

}  // namespace
}  // namespace uncork::cli
