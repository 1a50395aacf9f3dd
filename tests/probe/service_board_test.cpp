#include "probe/service_board.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace uncork::probe {
namespace {

using stall::Cause;
using stall::Role;
using stall::Service;

constexpr core::Micros ms(std::int64_t count) { return core::Micros(count * 1000); }
constexpr core::Time at(int seconds) { return core::Time(core::Micros(std::int64_t{1'000'000} * seconds)); }

Service service(std::string command, Role role, std::uint16_t port, core::Micros lost, std::uint64_t exchanges = 100) {
  Service made;
  made.key = {std::move(command), role, port, "net:[1]"};
  made.connections = 10;
  made.account.exchanges = exchanges;
  made.account.budget[Cause::nagle_delayed_ack] = lost;
  made.account.budget[Cause::network] = ms(1);
  return made;
}

ServiceBoard board() { return {stall::Confidence::witnessed, {}}; }

TEST(ServiceBoard, tells_what_each_lost_and_exchanged_a_second_between_two_updates) {
  ServiceBoard b = board();
  b.update({service("a", Role::responder, 80, ms(1000))}, at(1));
  b.update({service("a", Role::responder, 80, ms(1500), 400)}, at(3));
  const auto lines = b.lines(ServiceBoard::Show::all);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_DOUBLE_EQ(lines[0].lost_ms_per_second, 250);
  EXPECT_DOUBLE_EQ(lines[0].exchanges_per_second, 150);
}

TEST(ServiceBoard, a_service_that_is_new_counts_from_nothing_and_no_rate_is_below_nothing) {
  ServiceBoard b = board();
  b.update({service("a", Role::responder, 80, ms(1000))}, at(1));
  b.update({service("a", Role::responder, 80, ms(900), 90), service("b", Role::responder, 81, ms(500), 10)}, at(2));
  for (const auto& line : b.lines(ServiceBoard::Show::all)) {
    const bool is_new = line.verdict.service.key.command == "b";
    EXPECT_DOUBLE_EQ(line.lost_ms_per_second, is_new ? 500 : 0);
    EXPECT_DOUBLE_EQ(line.exchanges_per_second, is_new ? 10 : 0);
  }
}

TEST(ServiceBoard, leaves_out_what_does_not_matter_unless_all_are_wanted) {
  ServiceBoard b = board();
  b.update({service("sick", Role::responder, 80, ms(1000)), service("healthy", Role::responder, 81, ms(0))}, at(1));
  EXPECT_EQ(b.lines(ServiceBoard::Show::what_matters).size(), 1U);
  EXPECT_EQ(b.lines(ServiceBoard::Show::all).size(), 2U);
  EXPECT_EQ(b.lines(ServiceBoard::Show::all)[0].verdict.service.key.command, "sick");
}

TEST(ServiceBoard, names_the_program_at_the_other_end_where_it_is_on_this_machine) {
  ServiceBoard b = board();
  Service server = service("httpd", Role::responder, 80, ms(1000));
  server.worst = stall::Example{*core::parse_endpoint("127.0.0.1:80"), *core::parse_endpoint("127.0.0.1:40000"), ms(500)};
  Service away = service("smtpd", Role::responder, 25, ms(2000));
  away.worst = stall::Example{*core::parse_endpoint("192.0.2.1:25"), *core::parse_endpoint("192.0.2.9:40000"), ms(500)};
  b.update({server, away, service("curl", Role::requester, 80, ms(0)), service("mail", Role::requester, 25, ms(0))}, at(1));
  const auto lines = b.lines(ServiceBoard::Show::what_matters);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].verdict.peer, "") << "smtpd's client may be anywhere";
  EXPECT_EQ(lines[1].verdict.peer, "curl");
}

TEST(ServiceBoard, names_the_other_end_of_what_is_shown_though_it_is_not_shown_itself) {
  ServiceBoard b{
      stall::Confidence::witnessed, {}, [](const stall::ServiceVerdict& v) { return v.service.key.command == "httpd"; }};
  Service server = service("httpd", Role::responder, 80, ms(1000));
  server.worst = stall::Example{*core::parse_endpoint("127.0.0.1:80"), *core::parse_endpoint("127.0.0.1:40000"), ms(500)};
  b.update({service("curl", Role::requester, 80, ms(0), 500), server, service("ssh", Role::requester, 22, ms(9), 1)}, at(1));
  const auto lines = b.lines(ServiceBoard::Show::all);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].verdict.peer, "curl");
  EXPECT_EQ(b.size(), 1U);
  EXPECT_EQ(b.connections(), 10U);
  const auto all = b.all();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0]->key.command, "curl");
  EXPECT_EQ(all[2]->key.command, "ssh");
}

TEST(ServiceBoard, counts_a_connection_within_the_machine_once) {
  ServiceBoard b = board();
  b.update({service("httpd", Role::responder, 80, ms(0)), service("curl", Role::requester, 80, ms(0)),
            service("ssh", Role::requester, 22, ms(0))},
           at(1));
  EXPECT_EQ(b.connections(), 20U);
}

}  // namespace
}  // namespace uncork::probe
