#pragma once
// What all connections of a server may hold together.

#include <algorithm>
#include <atomic>
#include <cstddef>

namespace uncork::http2 {

/// One number that the sessions of all threads share. A session counts here what it holds, and asks before it takes more: while
/// less than half of the budget is used all may grow, from there to its end only those that hold less than an equal share of it,
/// so that a few large connections do not shut the small ones out, and beyond it nobody. Who may not grow refuses new streams and
/// takes no more of a body than goes out at once; nothing is taken away from anybody. What is counted is true to kStep bytes a
/// session, and sessions that ask at the same moment may go beyond the budget by what each of them takes at once, which is a
/// message's fields or a piece of a body. Any thread may call it; it must live as long as its sessions.
class memory_budget {
 public:
  /// Sessions tell changes of so much and more: the counter's cache line goes from core to core rarely.
  static constexpr std::size_t kStep = 16 * 1024;

  explicit memory_budget(std::size_t most_bytes) noexcept : most_(most_bytes) {}
  memory_budget(const memory_budget&) = delete;
  memory_budget& operator=(const memory_budget&) = delete;
  memory_budget(memory_budget&&) = delete;
  memory_budget& operator=(memory_budget&&) = delete;
  ~memory_budget() = default;

  [[nodiscard]] std::size_t most() const noexcept { return most_; }
  [[nodiscard]] std::size_t used() const noexcept { return used_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t sessions() const noexcept { return sessions_.load(std::memory_order_relaxed); }

  void join() noexcept { sessions_.fetch_add(1, std::memory_order_relaxed); }
  void leave() noexcept { sessions_.fetch_sub(1, std::memory_order_relaxed); }
  void add(std::size_t bytes) noexcept { used_.fetch_add(bytes, std::memory_order_relaxed); }
  void subtract(std::size_t bytes) noexcept { used_.fetch_sub(bytes, std::memory_order_relaxed); }

  /// While there is plenty everybody may take of it, whatever it holds.
  [[nodiscard]] bool is_scarce() const noexcept { return used() >= most_ / 2; }
  /// How many bytes more a session that holds `held` may take now.
  [[nodiscard]] std::size_t room(std::size_t held) const noexcept {
    const std::size_t taken = used();
    if (taken >= most_) return 0;
    if (taken < most_ / 2) return most_ / 2 - taken;
    const std::size_t share = most_ / std::max<std::size_t>(sessions(), 1);
    return std::min(most_ - taken, share - std::min(share, held));
  }

 private:
  std::size_t most_;
  std::atomic<std::size_t> used_{0};
  std::atomic<std::size_t> sessions_{0};
};

}  // namespace uncork::http2
