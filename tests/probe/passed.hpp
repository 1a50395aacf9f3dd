#pragma once
// A pass over the sockets of this machine, for tests: the rows of the sockets that the test made.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <vector>

#include "probe/socket_pass.hpp"
#include "tests/probe/diag_reference.hpp"
#include "tests/probe/privilege.hpp"

namespace uncork::probe::testing {

/// A fixture that opens the pass, or skips and says why.
class Passed : public ::testing::Test {
 protected:
  void SetUp() override { open({}); }

  void open(const SocketPassOptions& options) {
    auto opened = SocketPass::open(texts_, options);
    if (opened) {
      pass_ = std::move(*opened);
      return;
    }
    // Anything else, such as a program that the kernel's verifier refuses, is our fault and no reason to skip.
    const core::ErrorCode code = opened.error().code;
    if (code != core::ErrorCode::not_permitted && code != core::ErrorCode::not_supported) FAIL() << opened.error().message;
    UNCORK_SKIP_TEST(opened.error().message);
  }

  const std::vector<record::Row>& look() {
    const auto status = pass_->read({}, rows_);
    if (!status) throw std::runtime_error(status.error().message);
    return rows_;
  }

  /// All rows of the socket: there must be one.
  std::vector<record::Row> rows_of(std::uint64_t cookie) {
    std::vector<record::Row> found;
    std::ranges::copy_if(look(), std::back_inserter(found),
                         [&](const record::Row& row) { return row.inet_diag_msg_socket_cookie == cookie; });
    return found;
  }
  record::Row row_of(const core::Fd& socket) {
    const auto found = rows_of(cookie_of(socket));
    if (found.size() != 1) throw std::runtime_error(std::to_string(found.size()) + " rows of the socket");
    return found.front();
  }

  /// The row beside what the kernel says before and after it: empty, or what differs. A socket whose timers work may change in
  /// between to what lies outside of both; so several attempts.
  std::string compare(const core::Fd& socket) {
    std::string wrong;
    for (int attempt = 0; attempt < 10; ++attempt) {
      const Reference before = reference_of(socket);
      const record::Row row = row_of(socket);
      wrong = differences(row, before, reference_of(socket));
      if (wrong.empty()) return {};
    }
    return wrong;
  }

  record::Texts texts_;
  std::unique_ptr<SocketPass> pass_;
  std::vector<record::Row> rows_;
};

}  // namespace uncork::probe::testing
