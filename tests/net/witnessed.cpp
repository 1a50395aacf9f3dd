#include "tests/net/witnessed.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <stdexcept>
#include <thread>

#include "core/syscall.hpp"
#include "tests/net/conversation.hpp"

namespace uncork::net_test {

using probe::ConnectionRow;
using stall::Budget;
using stall::Cause;

std::uint64_t cookie_of(const core::Fd& socket) {
  std::uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  must(core::checked("read SO_COOKIE", [&] { return ::getsockopt(socket.get(), SOL_SOCKET, SO_COOKIE, &cookie, &size); }));
  return cookie;
}

void Witnessed::attach(const probe::WitnessOptions& options) {
  auto attached = probe::Witness::attach(options);
  if (attached) {
    witness_ = std::move(*attached);
    return;
  }
  // Anything else, such as a program that the kernel's verifier refuses, is our fault and no reason to skip.
  const core::ErrorCode code = attached.error().code;
  if (code != core::ErrorCode::not_permitted && code != core::ErrorCode::not_supported) FAIL() << attached.error().message;
  UNCORK_SKIP_TEST(attached.error().message);
}

std::vector<ConnectionRow> Witnessed::poll() { return must(witness_->poll()); }

ConnectionRow Witnessed::row_of(const core::Fd& socket) {
  const std::uint64_t cookie = cookie_of(socket);
  for (ConnectionRow& row : poll()) {
    if (row.where.cookie == cookie && !row.ended) return std::move(row);
  }
  throw std::runtime_error("the witness has no row of the socket");
}

ConnectionRow Witnessed::last_row_of(std::uint64_t cookie) {
  const core::Time deadline = core::MonotonicClock::now() + kPatience;
  while (core::MonotonicClock::now() < deadline) {
    for (ConnectionRow& row : poll()) {
      if (row.where.cookie == cookie && row.ended) return std::move(row);
    }
    std::this_thread::yield();
  }
  throw std::runtime_error("the witness does not report the end of the socket");
}

std::optional<ConnectionRow> Witnessed::row_at(std::uint16_t local_port, std::uint16_t remote_port) {
  for (ConnectionRow& row : poll()) {
    if (!row.ended && row.where.local.port == local_port && row.where.remote.port == remote_port) return std::move(row);
  }
  return std::nullopt;
}

Budget between(const stall::Account& before, const stall::Account& after) {
  Budget budget = after.budget;
  budget -= before.budget;
  return budget;
}

std::string to_string(const Budget& budget) {
  std::string text;
  for (const Cause cause : stall::all_causes()) {
    if (budget[cause] == core::Micros(0)) continue;
    text += fmt::format("{}{} {:.1f} ms", text.empty() ? "" : ", ", stall::name(cause), core::to_ms(budget[cause]));
  }
  return text.empty() ? "nothing at all" : text;
}

testing::AssertionResult mostly(Cause cause, const Budget& budget, double share) {
  const double busy = static_cast<double>(budget.busy().count());
  const double charged = static_cast<double>(budget[cause].count());
  if (busy > 0 && charged >= share * busy) return testing::AssertionSuccess();
  return testing::AssertionFailure() << fmt::format("{} is not {:.0f} % of {:.1f} ms busy: {}", stall::name(cause), 100 * share,
                                                    busy / 1000, to_string(budget));
}

testing::AssertionResult charges(Cause cause, const Budget& budget, core::Micros least, core::Micros most) {
  if (budget[cause] >= least && budget[cause] <= most) return testing::AssertionSuccess();
  return testing::AssertionFailure() << fmt::format("{} is not from {:.1f} to {:.1f} ms: {}", stall::name(cause),
                                                    core::to_ms(least), core::to_ms(most), to_string(budget));
}

testing::AssertionResult loses_nothing(const Budget& budget) {
  if (budget.lost() == core::Micros(0) && budget[Cause::unattributed] == core::Micros(0)) return testing::AssertionSuccess();
  return testing::AssertionFailure() << to_string(budget);
}

}  // namespace uncork::net_test
