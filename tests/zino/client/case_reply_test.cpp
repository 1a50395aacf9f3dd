#include "zino/client/case_reply.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
  EXPECT_THAT(case_ids({500, "Not authenticated", {}}).error().message, HasSubstr("500 Not authenticated"));
}

TEST(AttributesOf, keeps_order_empty_values_and_colons_and_skips_what_is_none) {
  EXPECT_THAT(attributes_of(list(303, {"id: 34", "port: ", "descr:a: b", "no attribute", "remote-addr: 2001:db8::1"})),
              ElementsAre(Pair("id", "34"), Pair("port", ""), Pair("descr", "a: b"), Pair("remote-addr", "2001:db8::1")));
}

TEST(ValueOf, is_empty_for_a_name_that_is_not_there) {
  const Attributes attributes = {{"id", "34"}};
  EXPECT_EQ(value_of(attributes, "id"), "34");
  EXPECT_EQ(value_of(attributes, "state"), "");
}

TEST(EntriesOf, have_their_lines_joined) {
  EXPECT_THAT(entries_of(list(301, {"1763800000 state change embryonic -> open (monitor)", "1763800001 ford", " line one", " ",
                                    " line three", "1763800002 ", "1763800003"})),
              ElementsAre(Entry{1763800000, "state change embryonic -> open (monitor)"},
                          Entry{1763800001, "ford\nline one\n\nline three"}, Entry{1763800002, ""}, Entry{1763800003, ""}));
}

TEST(EntriesOf, lines_that_are_neither_go_on_with_the_entry_before_them) {
  EXPECT_THAT(entries_of(list(300, {" lost", "1763800000 first", "second", "-5 third", "99999999999999999999 fourth"})),
              ElementsAre(Entry{1763800000, "first\nsecond\n-5 third\n99999999999999999999 fourth"}));
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
