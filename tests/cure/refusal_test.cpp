#include "cure/refusal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace uncork::cure {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Refusal, of_another_users_process_names_both_users) {
  EXPECT_THAT(missing_right({.our_uid = 1000, .cap_sys_ptrace = false, .target_uid = 33, .yama_scope = 0}),
              AllOf(HasSubstr("runs as uid 33 and uncork as uid 1000"), HasSubstr("CAP_SYS_PTRACE")));
}

TEST(Refusal, within_one_user_names_yama_and_offers_what_its_level_allows) {
  const auto restricted = missing_right({.our_uid = 1000, .cap_sys_ptrace = false, .target_uid = 1000, .yama_scope = 1});
  EXPECT_THAT(restricted, AllOf(HasSubstr("ptrace_scope is 1"), HasSubstr("ptrace_scope to 0")));
  const auto admin_only = missing_right({.our_uid = 1000, .cap_sys_ptrace = false, .target_uid = 1000, .yama_scope = 2});
  EXPECT_THAT(admin_only, AllOf(HasSubstr("ptrace_scope is 2"), Not(HasSubstr("to 0"))));
  EXPECT_THAT(missing_right({.our_uid = 0, .cap_sys_ptrace = true, .target_uid = 0, .yama_scope = 3}), HasSubstr("next boot"));
}

TEST(Refusal, within_one_user_without_yama_is_a_guarded_process) {
  EXPECT_THAT(missing_right({.our_uid = 1000, .cap_sys_ptrace = false, .target_uid = 1000, .yama_scope = 0}),
              HasSubstr("not dumpable"));
}

TEST(Refusal, of_root_is_a_missing_capability_or_a_policy) {
  EXPECT_THAT(missing_right({.our_uid = 0, .cap_sys_ptrace = false, .target_uid = 33, .yama_scope = 0}),
              HasSubstr("--cap-add SYS_PTRACE"));
  EXPECT_THAT(missing_right({.our_uid = 0, .cap_sys_ptrace = true, .target_uid = 33, .yama_scope = 0}),
              HasSubstr("security policy"));
}

TEST(Refusal, keeps_the_code_and_names_process_and_attempt) {
  const auto old_kernel = explain_refusal(4242, core::system_error("pidfd_getfd 5", ENOSYS));
  EXPECT_EQ(old_kernel.code, core::ErrorCode::not_supported);
  EXPECT_THAT(old_kernel.message, AllOf(HasSubstr("process 4242"), HasSubstr("pidfd_getfd 5"), HasSubstr("Linux 5.6")));
  const auto gone = explain_refusal(4242, core::system_error("pidfd_open 4242", ESRCH));
  EXPECT_EQ(gone.code, core::ErrorCode::not_found);
  EXPECT_THAT(gone.message, HasSubstr("process 4242: no such process"));
  const auto other = explain_refusal(4242, core::system_error("pidfd_getfd 5", EMFILE));
  EXPECT_EQ(other.code, core::ErrorCode::system);
  EXPECT_THAT(other.message, AllOf(HasSubstr("process 4242"), HasSubstr("Too many open files")));
}

}  // namespace
}  // namespace uncork::cure
