#include "cure/select/selector.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace uncork::cure {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using By = Selector::By;

/// A prefork server (10, its workers 5 and 12, a helper of one of these), two clients, a shell.
const std::vector<ProcessEntry> kProcesses = {{5, 10, 1, "nginx"},         {10, 1, 2, "nginx"}, {12, 10, 3, "nginx"},
                                              {13, 12, 4, "cgi"},          {20, 1, 5, "curl"},  {21, 1, 6, "curl"},
                                              {30, 1, 7, "a-name-of-fift"}};
const std::map<pid_t, std::string> kGroups = {{10, "0::/web.slice/web.service\n"},
                                              {5, "12:cpu:/a\n0::/web.slice/web.service/worker\n"},
                                              {20, "0::/web.slice/web.service-2\n"}};

class SelectorTest : public ::testing::Test {
 protected:
  Selection chosen(const Selector& selector) {
    return choose(selector, kProcesses, members, [](pid_t pid) { return kGroups.contains(pid) ? kGroups.at(pid) : ""; }, holders);
  }
  static std::vector<pid_t> pids(const Selection& selection) {
    std::vector<pid_t> pids;
    for (const Chosen& chosen : selection.chosen) pids.push_back(chosen.process.pid);
    return pids;
  }
  static Selector of(By by) {
    Selector selector;
    selector.by = by;
    return selector;
  }

  std::set<pid_t> members;
  PortHolders holders;
};

TEST_F(SelectorTest, takes_pids_as_they_are_given_known_or_not) {
  Selector selector = of(By::pid);
  selector.pids = {21, 10, 99};
  EXPECT_THAT(pids(chosen(selector)), ElementsAre(21, 10, 99));
  EXPECT_FALSE(selector.grows());
}

TEST_F(SelectorTest, tree_takes_descendants_whatever_the_order_of_pids) {
  Selector selector = of(By::pid);
  selector.pids = {10};
  selector.tree = true;
  EXPECT_TRUE(selector.grows());
  const Selection selection = chosen(selector);
  EXPECT_THAT(pids(selection), ElementsAre(10, 5, 12, 13));
  EXPECT_EQ(selection.chosen.back().why, "was started by 12");
}

TEST_F(SelectorTest, tree_keeps_to_members_whose_parents_have_ended) {
  Selector selector = of(By::pid);
  selector.pids = {99};
  selector.tree = true;
  members = {12};
  EXPECT_THAT(pids(chosen(selector)), ElementsAre(99, 12, 13));
}

TEST_F(SelectorTest, name_means_all_that_bear_it) {
  Selector selector = of(By::command);
  selector.command = "nginx";
  EXPECT_THAT(pids(chosen(selector)), ElementsAre(5, 10, 12));
  selector.command = "a-name-of-fift";
  EXPECT_THAT(pids(chosen(selector)), ElementsAre(30));
  selector.command = "ngin";
  const Selection none = chosen(selector);
  EXPECT_THAT(none.chosen, IsEmpty());
  EXPECT_THAT(none.why_none, AllOf(HasSubstr("none of 7 processes"), HasSubstr("did you mean 'nginx' (3)")));
}

TEST_F(SelectorTest, name_longer_than_the_kernel_keeps_is_compared_by_what_it_keeps) {
  const std::vector<ProcessEntry> one = {{7, 1, 1, "a-very-long-nam"}};
  Selector selector = of(By::command);
  selector.command = "a-very-long-name-indeed";
  EXPECT_EQ(choose(selector, one, {}, {}, {}).chosen.size(), 1U);
}

TEST_F(SelectorTest, cgroup_means_what_is_in_it_and_below) {
  Selector selector = of(By::group);
  for (const char* path : {"/web.slice/web.service", "web.slice/web.service/", "/sys/fs/cgroup/web.slice/web.service"}) {
    selector.group = in_cgroup(path);
    EXPECT_THAT(pids(chosen(selector)), ElementsAre(5, 10)) << path;
  }
  selector.group = in_cgroup("/a");
  EXPECT_THAT(pids(chosen(selector)), ElementsAre(5)) << "of version 1";
  selector.group = in_cgroup("/sys/fs/cgroup/cpu/a");
  EXPECT_THAT(pids(chosen(selector)), ElementsAre(5)) << "with its hierarchy";
  selector.group = in_cgroup("/sys/fs/cgroup/unified/web.slice");
  EXPECT_THAT(pids(chosen(selector)), ElementsAre(5, 10, 20));
  selector.group = in_cgroup("/cpu/a");
  EXPECT_THAT(chosen(selector).chosen, IsEmpty());
  selector.group = in_cgroup("/");
  EXPECT_THAT(pids(chosen(selector)), ElementsAre(5, 10, 20)) << "those without one are in none";
  selector.group = in_cgroup("/web");
  EXPECT_THAT(chosen(selector).why_none, AllOf(HasSubstr("--cgroup /web"), HasSubstr("/web.slice/web.service-2")));
}

TEST_F(SelectorTest, cgroup_text_may_be_anything) {
  const GroupRule rule = in_cgroup("/");
  for (const char* text : {"", "\n", ":", "::", "0", "0:\n:\n", "\n\n0::/"}) {
    EXPECT_EQ(rule.matches(text), std::string_view(text).contains(":/")) << text;
    static_cast<void>(rule.name_of(text));
  }
}

TEST_F(SelectorTest, port_means_the_side_that_serves_it) {
  Selector selector = of(By::port);
  selector.port = 8001;
  holders.by_pid = {{10, PortUse::listens}, {12, PortUse::serves}, {20, PortUse::connects}};
  const Selection selection = chosen(selector);
  EXPECT_THAT(pids(selection), ElementsAre(10, 12));
  EXPECT_EQ(selection.chosen[0].why, "listens on port 8001");
  EXPECT_EQ(selection.chosen[1].why, "serves port 8001");
  EXPECT_THAT(selection.notes, ElementsAre(HasSubstr("left alone, at the other end of port 8001: 20 (curl)")));
}

TEST_F(SelectorTest, port_that_nobody_here_serves_means_those_connected_to_it) {
  Selector selector = of(By::port);
  selector.port = 8001;
  holders.by_pid = {{20, PortUse::connects}, {21, PortUse::connects}};
  const Selection selection = chosen(selector);
  EXPECT_THAT(pids(selection), ElementsAre(20, 21));
  EXPECT_EQ(selection.chosen[0].why, "is connected to port 8001");
}

TEST_F(SelectorTest, port_that_nobody_uses_says_which_are_and_who_could_not_be_seen) {
  Selector selector = of(By::port);
  selector.port = 8001;
  EXPECT_THAT(chosen(selector).why_none, HasSubstr("nobody listens on any port"));
  holders.listening = {22, 8002};
  holders.refused = 3;
  EXPECT_THAT(chosen(selector).why_none,
              AllOf(HasSubstr("ports listened on: 22, 8002"), HasSubstr("3 processes of other users could not be looked into")));
}

}  // namespace
}  // namespace uncork::cure
