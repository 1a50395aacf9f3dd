// Verdicts about services: where the time was lost, whom the remedy names, and a command for all workers.
#include "stall/service.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace uncork::stall {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr core::Micros ms(std::int64_t count) { return core::Micros(count * 1000); }

/// A server that lost 40 ms in each of 100 exchanges.
Service sick(Cause cause = Cause::nagle_delayed_ack) {
  Service service;
  service.key = {"python3", Role::responder, 8001, "net:[4026531840]"};
  service.connections = service.open = 10;
  service.account.exchanges = 100;
  service.account.writes = 300;
  service.account.wrote_bytes = 3000;
  service.account.budget[cause] = ms(4000);
  service.workers = {{101, 101, 6, ms(2500), true}, {102, 102, 4, ms(1500), true}};
  return service;
}

Remedy remedy_of(const Service& service) { return conclude(service, Confidence::witnessed, {}).remedy; }

TEST(ServiceVerdict, has_one_command_for_all_workers) {
  EXPECT_EQ(remedy_of(sick()).command, "uncork cure --pid 101,102 --port 8001");
}

TEST(ServiceVerdict, watches_for_new_connections_where_they_are_short) {
  Service service = sick();
  service.open = 2;
  EXPECT_EQ(remedy_of(service).command, "uncork cure --pid 101,102 --port 8001 --watch");
}

TEST(ServiceVerdict, leaves_out_workers_that_lost_nothing_unless_their_turn_may_come) {
  Service service = sick();
  service.workers.push_back({103, 103, 1, ms(0), true});
  EXPECT_EQ(remedy_of(service).command, "uncork cure --pid 101,102 --port 8001");
  service.open = 0;
  EXPECT_EQ(remedy_of(service).command, "uncork cure --pid 101,102,103 --port 8001 --watch");
}

TEST(ServiceVerdict, names_no_process_that_has_ended) {
  Service service = sick();
  service.workers[0].alive = false;
  EXPECT_EQ(remedy_of(service).command, "uncork cure --pid 102 --port 8001");
  service.workers[1].alive = false;
  EXPECT_EQ(remedy_of(service).command, "");
  EXPECT_THAT(remedy_of(service).full, HasSubstr("have ended"));
}

TEST(ServiceVerdict, says_where_a_command_would_work_that_does_not_work_here) {
  Service service = sick();
  service.workers[0].pid = service.workers[1].pid = 0;
  EXPECT_EQ(remedy_of(service).command, "");
  EXPECT_THAT(remedy_of(service).full, HasSubstr("on the host, 'uncork cure --pid 101,102 --port 8001' cures it"));
  service.workers[1].pid = 7;
  EXPECT_EQ(remedy_of(service).command, "uncork cure --pid 7 --port 8001");
  EXPECT_THAT(remedy_of(service).full, HasSubstr("'uncork cure --pid 101 --port 8001' cures them"));
}

TEST(ServiceVerdict, a_cured_service_needs_no_command) {
  Service service = sick();
  service.nodelay = service.connections;
  EXPECT_EQ(remedy_of(service).command, "");
  EXPECT_EQ(remedy_of(service).brief, "cured: TCP_NODELAY is set now");
  service.nodelay = 9;
  EXPECT_NE(remedy_of(service).command, "");
}

TEST(ServiceVerdict, names_the_other_end_where_that_must_change) {
  const ServiceVerdict verdict = conclude(sick(Cause::receive_window), Confidence::witnessed, {}, "curl");
  EXPECT_EQ(verdict.fault, Fault::peer);
  EXPECT_THAT(verdict.remedy.full, HasSubstr("Change the client curl of python3, the server on port 8001"));
  EXPECT_THAT(remedy_of(sick(Cause::receive_window)).full, HasSubstr("Change its clients of python3"));
}

TEST(ServiceVerdict, the_others_have_no_command) {
  Service service = sick();
  service.others = true;
  EXPECT_EQ(remedy_of(service).command, "");
  EXPECT_THAT(remedy_of(service).full, HasSubstr("--most-services"));
}

TEST(ServiceVerdict, matters_if_one_connection_does_though_the_whole_hides_it) {
  Service service = sick();
  service.account.budget[Cause::nagle_delayed_ack] = ms(40);
  service.account.budget[Cause::network] = ms(100'000);
  EXPECT_FALSE(conclude(service, Confidence::witnessed, {}).matters);
  service.losers = 1;
  EXPECT_TRUE(conclude(service, Confidence::witnessed, {}).matters);
}

TEST(ServiceVerdict, names_what_those_lost_to_that_lost_what_matters) {
  Service service = sick();
  service.account.budget[Cause::nagle_delayed_ack] = ms(400);
  service.account.budget[Cause::congestion_window] = ms(900);  // a little on each of thousands
  service.account.budget[Cause::network] = ms(1'000'000);
  service.account.exchanges = 100'000;
  service.losers = 1;
  service.losers_by.at(static_cast<std::size_t>(Cause::nagle_delayed_ack)) = 1;
  EXPECT_EQ(conclude(service, Confidence::witnessed, {}).cause, Cause::nagle_delayed_ack);
  service.account.budget[Cause::network] = ms(0);  // now the whole matters too
  EXPECT_EQ(conclude(service, Confidence::witnessed, {}).cause, Cause::congestion_window);
}

TEST(Concentration, is_none_where_the_loss_is_everywhere) {
  Service service = sick();
  service.by_place = {{10, ms(400)}, {10, ms(400)}, {80, ms(3200)}};
  service.by_answer = Parts(32);
  service.by_answer[6] = {100, ms(4000)};
  EXPECT_EQ(concentration(service), std::nullopt);
  EXPECT_EQ(concentration(Service{}), std::nullopt);
}

TEST(Concentration, tells_from_which_exchange_on) {
  Service service = sick();
  service.by_place = {{50, ms(1)}, {50, ms(2000)}, {0, ms(0)}};
  EXPECT_EQ(concentration(service), "in the second exchange of a connection");
  service.by_place = {{30, ms(1)}, {30, ms(1000)}, {40, ms(1000)}};
  EXPECT_EQ(concentration(service), "from the second exchange of a connection on");
  service.by_place = {{30, ms(1)}, {30, ms(1)}, {40, ms(1000)}};
  EXPECT_EQ(concentration(service), "from the third exchange of a connection on");
  service.by_place = {{30, ms(500)}, {30, ms(1)}, {40, ms(1)}};
  EXPECT_EQ(concentration(service), "in the first exchange of a connection");
  service.by_place = {{2, ms(1)}, {2, ms(100)}, {96, ms(5000)}};
  EXPECT_EQ(concentration(service), std::nullopt) << "nearly all exchanges are from the second on";
}

TEST(Concentration, tells_from_which_size_on) {
  Service service = sick();
  service.by_answer = Parts(32);
  service.by_answer[6] = {70, ms(10)};
  service.by_answer[13] = {20, ms(1000)};
  service.by_answer[16] = {10, ms(500)};
  EXPECT_EQ(concentration(service), "in answers of 8,192 bytes and more");
  service.by_answer[6] = {20, ms(2000)};
  service.by_answer[13] = {80, ms(0)};
  service.by_answer[16] = {1, ms(0)};
  EXPECT_EQ(concentration(service), "in answers below 128 bytes");
  service.by_answer.clear();
  service.by_request = Parts(32);
  service.by_request[2] = {90, ms(0)};
  service.by_request[20] = {10, ms(2000)};
  EXPECT_EQ(concentration(service), "in requests of 1,048,576 bytes and more");
}

}  // namespace
}  // namespace uncork::stall
