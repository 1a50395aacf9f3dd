#include "core/error.hpp"

#include <gtest/gtest.h>

#include <cerrno>

#include "core/result.hpp"

namespace uncork::core {
namespace {

TEST(Error, names_the_attempt_before_the_reason) {
  const Error error = system_error("connect 127.0.0.1:8001", ECONNREFUSED);
  EXPECT_EQ(error.message, "connect 127.0.0.1:8001: Connection refused");
  EXPECT_EQ(error.system_errno, ECONNREFUSED);
}

TEST(Error, sorts_errnos_into_codes_to_branch_on) {
  const auto code = [](int err) { return system_error("try", err).code; };
  EXPECT_EQ(code(EPERM), ErrorCode::not_permitted);
  EXPECT_EQ(code(EACCES), ErrorCode::not_permitted);
  EXPECT_EQ(code(ENOSYS), ErrorCode::not_supported);
  EXPECT_EQ(code(EOPNOTSUPP), ErrorCode::not_supported);
  EXPECT_EQ(code(ESRCH), ErrorCode::not_found);
  EXPECT_EQ(code(ENOENT), ErrorCode::not_found);
  EXPECT_EQ(code(ECONNREFUSED), ErrorCode::refused);
  EXPECT_EQ(code(ECONNRESET), ErrorCode::refused);
  EXPECT_EQ(code(EINVAL), ErrorCode::invalid_argument);
  EXPECT_EQ(code(EMFILE), ErrorCode::system);
}

TEST(Error, of_input_has_no_errno) {
  const Error error = invalid_argument("--port 'x': a port is a number");
  EXPECT_EQ(error.code, ErrorCode::invalid_argument);
  EXPECT_EQ(error.system_errno, 0);
  EXPECT_EQ(error.message, "--port 'x': a port is a number");
}

TEST(Result, carries_the_error_that_failed_it) {
  const Result<int> failed = fail(system_error("open /x", ENOENT));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error(), system_error("open /x", ENOENT));
}

TEST(AssertDeathTest, stops_with_file_line_and_the_broken_promise) {
  EXPECT_DEATH(UNCORK_ASSERT(1 + 1 == 3), "error_test\\.cpp:[0-9]+: broken promise: 1 \\+ 1 == 3");
}

TEST(Assert, lets_kept_promises_pass) { UNCORK_ASSERT(1 + 1 == 2); }

}  // namespace
}  // namespace uncork::core
