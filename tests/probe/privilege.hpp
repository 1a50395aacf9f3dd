#pragma once
// Runs part of a test as a user without rights, and in a network namespace of its own.

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "core/result.hpp"

// Skips the running test, and says why. Where everything must be tested (UNCORK_REQUIRE=all) that is a failure.
#define UNCORK_SKIP_TEST(reason)                                       \
  do {                                                                 \
    if (::uncork::probe::testing::must_not_skip()) FAIL() << (reason); \
    GTEST_SKIP() << (reason);                                          \
  } while (false)

namespace uncork::probe::testing {

[[nodiscard]] bool must_not_skip();
[[nodiscard]] bool is_root();

/// Runs `body` in a child process as user and group 65534 (or as who we are, if that is not root) and gives back what it returns:
/// empty for success. Call while the test has one thread.
[[nodiscard]] std::string as_nobody(const std::function<std::string()>& body);

/// A network namespace with loopback up, named in a directory of ours as ip-netns(8) names its own in /run/netns; gone with
/// this object. Needs root.
class TemporaryNamespace {
 public:
  explicit TemporaryNamespace(std::string directory);
  ~TemporaryNamespace();
  TemporaryNamespace(const TemporaryNamespace&) = delete;
  TemporaryNamespace& operator=(const TemporaryNamespace&) = delete;

  /// Why there is none; empty: there is one.
  [[nodiscard]] const std::string& trouble() const { return trouble_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& directory() const { return directory_; }

 private:
  std::string directory_;
  std::string name_;
  std::string trouble_;
  bool made_directory_ = false;
};

}  // namespace uncork::probe::testing
