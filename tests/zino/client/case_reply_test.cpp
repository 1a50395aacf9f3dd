#include "zino/client/case_reply.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "zino/client/expected_reply.hpp"

namespace uncork::zino {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

Reply list(int code, std::vector<std::string> lines) { return {code, "follows, terminated with '.'", std::move(lines)}; }

TEST(CaseIds, are_the_numbers_of_a_304) {
  EXPECT_THAT(*case_ids(list(304, {"1", "34", "007"})), ElementsAre(1, 34, 7));
  EXPECT_THAT(*case_ids(list(304, {})), IsEmpty());
}

TEST(CaseIds, what_is_no_number_or_no_list_is_an_error_that_quotes_it) {
  for (const char* bad : {"x", "-1", "1 2", "", "99999999999999999999"}) {
    const auto ids = case_ids(list(304, {"1", bad}));
    ASSERT_FALSE(ids) << bad;
    EXPECT_THAT(ids.error().message, HasSubstr(std::string("'") + bad + "'"));
  }
  EXPECT_THAT(case_ids({500, "Not authenticated", {}}).error().message, HasSubstr("'Not authenticated'"));
}

TEST(AttributesOf, keeps_order_empty_values_and_colons) {
  EXPECT_THAT(*attributes_of(list(303, {"id: 34", "port: ", "descr:a: b", "remote-addr: 2001:db8::1"}), 34),
              ElementsAre(Pair("id", "34"), Pair("port", ""), Pair("descr", "a: b"), Pair("remote-addr", "2001:db8::1")));
}

TEST(AttributesOf, what_is_not_whole_or_of_another_case_is_an_error_that_quotes_it) {
  const auto error = [](const Reply& reply) { return attributes_of(reply, 34).error().message; };
  EXPECT_THAT(error(list(303, {"id: 34", "no attribute"})), HasSubstr("'no attribute'"));
  EXPECT_THAT(error(list(303, {"id: 34", ""})), HasSubstr("GETATTRS 34"));
  EXPECT_THAT(error(list(303, {"id: 35", "state: open"})), HasSubstr("'id: 35'"));
  EXPECT_THAT(error(list(303, {"state: open"})), HasSubstr("without an id"));
  EXPECT_THAT(error(list(303, {})), HasSubstr("without an id"));
  EXPECT_THAT(error(list(301, {"id: 34"})), HasSubstr("'301 follows"));
  EXPECT_THAT(error({500, "event \"34\" does not exist", {}}), HasSubstr("the server refuses"));
}

TEST(ValueOf, is_empty_for_a_name_that_is_not_there) {
  const Attributes attributes = {{"id", "34"}};
  EXPECT_EQ(value_of(attributes, "id"), "34");
  EXPECT_EQ(value_of(attributes, "state"), "");
}

TEST(EntriesOf, have_their_lines_joined) {
  EXPECT_THAT(*entries_of("GETHIST 1", list(301, {"1763800000 state change embryonic -> open (monitor)", "1763800001 ford",
                                                  " line one", " ", " line three", "1763800002 ", "1763800003"})),
              ElementsAre(Entry{1763800000, "state change embryonic -> open (monitor)"},
                          Entry{1763800001, "ford\nline one\n\nline three"}, Entry{1763800002, ""}, Entry{1763800003, ""}));
}

TEST(EntriesOf, a_line_that_is_neither_entry_nor_its_continuation_is_an_error_that_quotes_it) {
  for (const char* bad : {"second", "-5 third", "99999999999999999999 fourth", "", "17638000x0 fifth"}) {
    const auto entries = entries_of("GETLOG 1", list(300, {"1763800000 first", bad}));
    ASSERT_FALSE(entries) << bad;
    EXPECT_THAT(entries.error().message, HasSubstr(std::string("'") + bad + "'"));
  }
  EXPECT_THAT(entries_of("GETLOG 1", list(300, {" of no entry"})).error().message, HasSubstr("' of no entry'"));
}

TEST(EntriesOf, are_of_the_command_that_was_asked) {
  EXPECT_FALSE(entries_of("GETHIST 1", list(300, {"1763800000 of a log"})));
  EXPECT_TRUE(entries_of("PM LOG 1", list(300, {"1763800000 of a log"})));
}

TEST(IsGone, only_what_says_so_of_this_case) {
  EXPECT_TRUE(is_gone("GETATTRS 34", {500, "event \"34\" does not exist", {}}));
  EXPECT_TRUE(is_gone("PM DETAILS 3", {500, "pm \"3\" does not exist", {}}));
  EXPECT_FALSE(is_gone("GETATTRS 34", {500, "event \"3\" does not exist", {}}));
  EXPECT_FALSE(is_gone("GETATTRS 34", {500, "internal error", {}}));
  EXPECT_FALSE(is_gone("GETATTRS 34", {404, "event \"34\" does not exist", {}}));
}

TEST(CheckReply, knows_the_code_of_each_command) {
  for (const auto& [command, code] : std::initializer_list<std::pair<const char*, int>>{{"CASEIDS", 304},
                                                                                        {"GETATTRS 1", 303},
                                                                                        {"GETHIST 1", 301},
                                                                                        {"GETLOG 1", 300},
                                                                                        {"ADDHIST 1", 302},
                                                                                        {"SETSTATE 1 open", 200},
                                                                                        {"NTIE abc", 200},
                                                                                        {"VERSION", 200},
                                                                                        {"USER a b", 200},
                                                                                        {"QUIT", 205},
                                                                                        {"PM LIST", 300},
                                                                                        {"PM LOG 1", 300},
                                                                                        {"PM MATCHING 1", 300},
                                                                                        {"PM ADDLOG 1", 302},
                                                                                        {"PM DETAILS 1", 200},
                                                                                        {"PM CANCEL 1", 200},
                                                                                        {"PM ADD 1 2 device exact x", 200}}) {
    for (const int answered : {200, 201, 205, 300, 301, 302, 303, 304, 404, 500}) {
      EXPECT_EQ(check_reply(command, {answered, "text", {}}).has_value(), answered == code) << command << " " << answered;
    }
  }
  EXPECT_FALSE(check_reply("VERSION", {200, "text", {"of many lines"}}));
}

TEST(CheckReply, a_secret_response_is_not_quoted_and_the_servers_own_fault_is_told_from_the_users) {
  EXPECT_THAT(check_reply("USER ford 0123456789", {303, "x", {}}).error().message, ::testing::Not(HasSubstr("0123")));
  EXPECT_EQ(check_reply("SETSTATE 1 opne", {500, "state must be one of", {}}).error().code, core::ErrorCode::invalid_argument);
  EXPECT_EQ(check_reply("SETSTATE 1 open", {500, "not saved: disk full", {}}).error().code, core::ErrorCode::refused);
}

TEST(Quoted, is_safe_to_print_and_not_long) {
  EXPECT_EQ(zino::quoted_answer("a\x1B[2Jb\x7F"), "'a?[2Jb?'");
  std::string long_text = "a";
  for (int i = 0; i < 100; ++i) long_text += "ø";
  EXPECT_THAT(zino::quoted_answer(long_text), ::testing::EndsWith("ø…'"));
}

TEST(CaseSummary, tells_of_each_type_what_matters) {
  EXPECT_EQ(case_summary({{"type", "portstate"}, {"port", "ge-1/0/1"}, {"portstate", "down"}, {"descr", "customer"}}),
            "ge-1/0/1 down (customer)");
  EXPECT_EQ(case_summary({{"type", "portstate"}, {"port", "ge-1/0/1"}, {"portstate", "down"}, {"flapstate", "flapping"}}),
            "ge-1/0/1 flapping");
  EXPECT_EQ(case_summary({{"type", "bgp"}, {"remote-addr", "198.51.100.2"}, {"remote-AS", "65001"}, {"bgpOS", "idle"}}),
            "peer 198.51.100.2 AS 65001 idle");
  EXPECT_EQ(case_summary({{"type", "bfd"}, {"bfdAddr", "198.51.100.2"}, {"bfdState", "down"}}), "bfd 198.51.100.2 down");
  EXPECT_EQ(case_summary({{"type", "reachability"}, {"reachability", "no-response"}}), "no-response");
  EXPECT_EQ(case_summary({{"type", "alarm"}, {"alarm-type", "red"}, {"alarm-count", "2"}}), "red alarms: 2");
  EXPECT_EQ(case_summary({{"type", "newer"}, {"lastevent", "something"}}), "something");
}

}  // namespace
}  // namespace uncork::zino
