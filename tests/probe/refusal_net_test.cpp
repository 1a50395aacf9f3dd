// What a look says of processes that it was not let into: a hint that helps whoever it is given to.

#include "probe/look/refusal.hpp"

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sched.h>

#include <algorithm>
#include <string>

#include "core/error.hpp"
#include "probe/look/look.hpp"
#include "tests/probe/privilege.hpp"

namespace uncork::probe {
namespace {

/// The limit that speaks of processes, of a look at all namespaces; empty: none does.
std::string limit_of_processes() {
  const auto looker =
      Looker::open({.namespaces = {.kind = WhichNamespaces::Kind::all, .names = {}, .folders = {}}, .bpf = UseBpf::no});
  Look look;
  if (!looker) return looker.error().message;
  if (const auto made = (*looker)->look(look); !made) return made.error().message;
  const auto limit = std::ranges::find_if(
      look.limits, [](const std::string& text) { return text.find("could not be looked into") != std::string::npos; });
  return limit == look.limits.end() ? "" : *limit;
}

std::string unless_it_has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos ? "" : "no '" + part + "' in '" + text + "'";
}

TEST(Refusal, sends_to_root_whoever_is_not) {
  EXPECT_EQ(why_refused({.has_capability = false, .is_root = false}, "CAP_SYS_PTRACE"), "root may, with CAP_SYS_PTRACE");
  if (!testing::is_root()) UNCORK_SKIP_TEST("a process that is not ours needs root");
  EXPECT_EQ(testing::as_nobody([] { return unless_it_has(limit_of_processes(), "(root may, with CAP_SYS_PTRACE)"); }), "");
}

TEST(Refusal, does_not_send_root_to_root) {
  EXPECT_EQ(why_refused({.has_capability = false, .is_root = true}, "CAP_SYS_PTRACE"), "root has no CAP_SYS_PTRACE here");
}

// The thread sanitizer has a thread of its own, and the kernel gives a user namespace to a process of one thread only.
#if !defined(__SANITIZE_THREAD__)
// In a user namespace of its own whoever was nobody has every capability, and may not look into what lies outside.
TEST(Refusal, does_not_send_for_a_capability_that_we_have) {
  if (!testing::is_root()) UNCORK_SKIP_TEST("a process that is not ours needs root");
  EXPECT_EQ(testing::as_nobody([]() -> std::string {
              if (::unshare(CLONE_NEWUSER) != 0) return core::system_error("make a user namespace", errno).message;
              if (!rights_to(CAP_SYS_PTRACE).has_capability) return "no capability in a user namespace of one's own";
              std::string limit = limit_of_processes();
              if (limit.find("root may") != std::string::npos) return limit;
              return unless_it_has(limit, "although uncork has CAP_SYS_PTRACE: a security policy protects what is there");
            }),
            "");
}
#endif

TEST(Refusal, knows_what_the_thread_may) {
  if (!testing::is_root()) UNCORK_SKIP_TEST("needs root");
  EXPECT_TRUE(rights_to(CAP_SYS_ADMIN).has_capability);
  EXPECT_TRUE(rights_to(CAP_SYS_ADMIN).is_root);
  EXPECT_EQ(testing::as_nobody([]() -> std::string {
              const Rights rights = rights_to(CAP_SYS_ADMIN);
              return rights.has_capability || rights.is_root ? "nobody has rights" : "";
            }),
            "");
}

}  // namespace
}  // namespace uncork::probe
