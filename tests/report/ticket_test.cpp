// What `uncork why` prints: all that a ticket needs, and never more than 2 KB of it.

#include "report/ticket.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "report/ticket_words.hpp"
#include "tests/report/some_verdict.hpp"

namespace uncork::report {
namespace {

using stall::Cause;
using stall::Role;
using stall::Service;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

Service some_service(Cause cause = Cause::nagle_delayed_ack) {
  Service service;
  service.key = {"python3", Role::responder, 8001, "net:[4026531833]"};
  service.account = some_account(cause);
  service.connections = service.open = 5;
  service.losers = 5;
  service.workers = {{4711, 4711, 5, ms(1000), true}};
  service.worst = stall::Example{some_end().local, some_end().remote, ms(300)};
  service.by_place = {{5, ms(0)}, {5, ms(990)}, {15, ms(10)}};
  return service;
}

stall::ServiceVerdict concluded(Service service, std::string peer = "curl") {
  return stall::conclude(std::move(service), stall::Confidence::witnessed, {}, std::move(peer));
}

Ticket some_ticket(Cause cause = Cause::nagle_delayed_ack) {
  return {"port 8001", core::Micros(10'000'000), {concluded(some_service(cause))}, {}};
}

TEST(Ticket, says_who_which_requests_what_was_lost_why_and_what_ends_it) {
  const std::string text = ticket_text(some_ticket());
  EXPECT_THAT(text, HasSubstr("asked       port 8001, watched for 10.0 s\n"));
  EXPECT_THAT(text, HasSubstr("verdict     time is lost: 1.00 s of 1.25 s (80 %), 40.0 ms an exchange\n"));
  EXPECT_THAT(text, HasSubstr("who         python3 server :8001 (pid 4711), asked by curl, such as 127.0.0.1:8001 -> "));
  EXPECT_THAT(text, HasSubstr("nearly all was lost in the second exchange of a connection"));
  EXPECT_THAT(text, HasSubstr("(nagle_delayed_ack)\n"));
  EXPECT_THAT(text, HasSubstr("at fault    python3 (the server on port 8001)\n"));
  EXPECT_THAT(text, HasSubstr("now         uncork cure --pid 4711 --port 8001\n"));
  EXPECT_THAT(text, HasSubstr("tell them   python3 (the server on port 8001) makes 3.0 writes of 48 bytes an exchange."));
  EXPECT_THAT(text, HasSubstr("other end   curl (the client of port 8001) is not at fault: its late acknowledgement is normal"));
  EXPECT_THAT(text, HasSubstr("confidence  witnessed: "));
  EXPECT_THAT(text, HasSubstr("not seen    "));
}

TEST(Ticket, the_other_end_must_change_where_it_does_not_read) {
  const std::string text = ticket_text(some_ticket(Cause::receive_window));
  EXPECT_THAT(text, HasSubstr("at fault    curl (the client of port 8001)\n"));
  EXPECT_THAT(text, HasSubstr("other end   python3 (the server on port 8001) is not at fault"));
}

TEST(Ticket, nobody_is_at_fault_for_the_path) {
  for (const Cause cause : {Cause::loss_recovery, Cause::congestion_window, Cause::pacing}) {
    const std::string text = ticket_text(some_ticket(cause));
    EXPECT_THAT(text, HasSubstr("at fault    the path\n"));
    EXPECT_THAT(text, HasSubstr("Neither program is at fault"));
    EXPECT_THAT(text, Not(HasSubstr("uncork cure")));
  }
}

TEST(Ticket, every_stall_has_words_for_both_ends) {
  for (const Cause cause : stall::all_causes()) {
    if (!stall::is_stall(cause)) continue;
    for (const Role role : {Role::responder, Role::requester, Role::unknown}) {
      Service service = some_service(cause);
      service.key.role = role;
      for (const std::string peer : {"curl", ""}) {
        const TicketWords words = ticket_words(concluded(service, peer));
        EXPECT_FALSE(words.must_change.empty()) << stall::name(cause);
        EXPECT_THAT(words.to_change, AllOf(HasSubstr("an exchange loses 40.0 ms"), ::testing::EndsWith(".")))
            << stall::name(cause);
        EXPECT_THAT(words.not_at_fault, HasSubstr("at fault")) << stall::name(cause);
      }
    }
  }
}

TEST(Ticket, says_when_nothing_was_lost_and_where_the_time_went) {
  Service healthy = some_service();
  healthy.losers = 0;
  healthy.account.budget[Cause::nagle_delayed_ack] = ms(0);
  const std::string text = ticket_text({"nginx", ms(10'000), {concluded(healthy)}, {}});
  EXPECT_THAT(text, HasSubstr("verdict     nothing was lost\n"));
  EXPECT_THAT(text, HasSubstr("time went   local_think 100 %\n"));
  EXPECT_THAT(text, Not(HasSubstr("at fault")));
  healthy.account.budget[Cause::nagle_delayed_ack] = core::Micros(500);
  EXPECT_THAT(ticket_text({"nginx", ms(10'000), {concluded(healthy)}, {}}), HasSubstr("nothing was lost that matters: 500 us"));
}

TEST(Ticket, names_what_else_was_found) {
  Ticket ticket = some_ticket();
  for (int i = 0; i < 5; ++i) {
    Service other = some_service();
    other.key = {"other" + std::to_string(i), Role::requester, 80, ""};
    ticket.services.push_back(concluded(other));
  }
  EXPECT_THAT(ticket_text(ticket), HasSubstr("also        other0 client :80 lost 1.00 s, which matters; other1 client :80"));
  EXPECT_THAT(ticket_text(ticket), HasSubstr("; 2 more\n"));
}

TEST(Ticket, a_command_for_very_many_workers_is_one_that_works_for_some) {
  Ticket ticket = some_ticket();
  Service service = some_service();
  service.open = 0;
  service.workers.clear();
  for (int i = 0; i < 300; ++i) service.workers.push_back({1'000'000 + i, 1'000'000 + i, 1, ms(1), true});
  ticket.services.front() = concluded(service);
  const std::string text = ticket_text(ticket);
  EXPECT_THAT(text, ::testing::ContainsRegex("now         uncork cure --pid 1000000,[0-9,]*[0-9] --port 8001 --watch\n"));
  EXPECT_THAT(text, HasSubstr("(300 processes: 1000000, 1000001, 1000002, 1000003, ...)"));
}

/// As bad as names can be: `filler` everywhere, as long as the kernel and files let them be.
Ticket hostile(const std::string& filler, Cause cause) {
  const auto filled = [&](std::size_t bytes) {
    std::string text;
    while (text.size() < bytes) text += filler;
    return text.substr(0, bytes);
  };
  Service service = some_service(cause);
  service.key.command = filled(16);
  service.key.netns = filled(255);
  service.worst->local = core::parse_endpoint("[2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:65535").value();
  service.worst->remote = service.worst->local;
  service.workers.clear();
  for (int i = 0; i < 2'000; ++i) service.workers.push_back({4'000'000 + i, 4'000'000 + i, 1, ms(1), true});
  Ticket ticket{filled(5000), core::Micros(INT64_MAX / 2), {}, {}};
  ticket.services.push_back(concluded(service, filled(52)));
  service.workers.resize(10);
  for (int i = 0; i < 100; ++i) ticket.services.push_back(concluded(service, filled(52)));
  for (int i = 0; i < 50; ++i) ticket.limits.push_back(filled(3000));
  return ticket;
}

TEST(Ticket, never_exceeds_2_kb_nor_writes_what_a_terminal_obeys) {
  for (const std::string& filler : {std::string("x"), kClearsTheScreen, kTwoLines, kNotUtf8, std::string("\xF0\x9F\xA6\x84"),
                                    std::string("\xC2\x9B"), std::string("\"\\"), std::string("\0", 1), std::string("{}%s ")}) {
    for (const Cause cause : stall::all_causes()) {
      const Ticket ticket = hostile(filler, cause);
      const std::string text = ticket_text(ticket);
      EXPECT_LE(text.size(), kMostTicketBytes) << stall::name(cause);
      EXPECT_GT(text.size(), 300U);
      EXPECT_THAT(text, HasSubstr("verdict     ")) << "what matters stays";
      EXPECT_THAT(text, AllOf(Not(HasSubstr("\x1b")), Not(HasSubstr("\r")), Not(HasSubstr("\xC2\x9B"))));
      EXPECT_LE(ticket_text(ticket, 40).size(), kMostTicketBytes) << "with its lines broken";
      const std::string json = ticket_json(ticket);
      EXPECT_LE(json.size(), kMostTicketBytes) << stall::name(cause);
      const auto read = nlohmann::json::parse(json);
      EXPECT_TRUE(read.contains("verdict"));
      EXPECT_EQ(json.find('\n'), json.size() - 1);
      EXPECT_EQ(json.find_first_of("\x1b\x7f\x80\xff"), std::string::npos) << "ASCII alone";
    }
  }
}

TEST(Ticket, says_that_something_was_left_out_and_keeps_what_matters_most) {
  const Ticket ticket = hostile("\xF0\x9F\xA6\x84", Cause::nagle_delayed_ack);
  EXPECT_THAT(ticket_text(ticket), ::testing::EndsWith("cut to 2 KB\n"));
  const auto json = nlohmann::json::parse(ticket_json(ticket));
  EXPECT_EQ(json.at("cut"), true);
  EXPECT_FALSE(json.contains("not_seen"));
  for (const char* key : {"verdict", "who", "cause_text", "at_fault", "now", "tell_them", "other_end"})
    EXPECT_TRUE(json.contains(key)) << key;
}

TEST(Ticket, fits_a_terminal) {
  const std::string text = ticket_text(some_ticket(), 60);
  EXPECT_LE(text.size(), kMostTicketBytes);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 60U) << line;
}

TEST(Ticket, as_json_has_the_same_words_and_what_scripts_compare) {
  const auto json = nlohmann::json::parse(ticket_json(some_ticket()));
  EXPECT_EQ(json.at("type"), "why");
  EXPECT_EQ(json.at("matters"), true);
  EXPECT_EQ(json.at("cause"), "nagle_delayed_ack");
  EXPECT_EQ(json.at("fault"), "here");
  EXPECT_EQ(json.at("lost_ms"), 1000);
  EXPECT_EQ(json.at("at_fault"), "python3 (the server on port 8001)");
  EXPECT_EQ(json.at("now"), "uncork cure --pid 4711 --port 8001");
  EXPECT_EQ(json.at("cut"), false);
  for (const char* key :
       {"asked", "verdict", "who", "cause_text", "requests", "remedy", "tell_them", "other_end", "confidence", "not_seen"})
    EXPECT_TRUE(json.contains(key)) << key;
}

TEST(Clipped, cuts_between_characters_and_never_makes_longer) {
  EXPECT_EQ(clipped("nginx", 5), "nginx");
  EXPECT_EQ(clipped("nginx-and-more", 8), "nginx...");
  EXPECT_EQ(clipped("\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9", 6), "\xC3\xA9...") << "not half of one";
  EXPECT_EQ(clipped("a\x1b"
                    "b",
                    9),
            "a?b");
}

}  // namespace
}  // namespace uncork::report
