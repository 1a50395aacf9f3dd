#pragma once
// One session's part of a memory_budget.

#include <cstddef>
#include <limits>
#include <memory>
#include <utility>

#include "uncork/http2/memory_budget.hpp"

namespace uncork::http2 {

/// Counts what the session holds, and gives it back with its end. Without a budget it bounds nothing. Moves.
class BudgetShare {
 public:
  explicit BudgetShare(std::shared_ptr<memory_budget> budget) noexcept : budget_(std::move(budget)) {
    if (budget_) budget_->join();
  }
  BudgetShare(BudgetShare&& other) noexcept : budget_(std::move(other.budget_)), told_(std::exchange(other.told_, 0)) {}
  BudgetShare& operator=(BudgetShare&& other) noexcept {
    if (this == &other) return *this;
    leave();
    budget_ = std::move(other.budget_);
    told_ = std::exchange(other.told_, 0);
    return *this;
  }
  BudgetShare(const BudgetShare&) = delete;
  BudgetShare& operator=(const BudgetShare&) = delete;
  ~BudgetShare() { leave(); }

  [[nodiscard]] explicit operator bool() const noexcept { return budget_ != nullptr; }
  /// The session holds so much now.
  void tell(std::size_t held) noexcept {
    if (held >= told_ + memory_budget::kStep || told_ == 0) {
      budget_->add(held - told_);
    } else if (told_ >= held + memory_budget::kStep) {
      budget_->subtract(told_ - held);
    } else {
      return;
    }
    told_ = held;
  }
  [[nodiscard]] bool is_scarce() const noexcept { return budget_ && budget_->is_scarce(); }
  /// How much more it may take.
  [[nodiscard]] std::size_t room(std::size_t held) const noexcept {
    return budget_ ? budget_->room(held) : std::numeric_limits<std::size_t>::max();
  }

 private:
  void leave() noexcept {
    if (!budget_) return;
    budget_->subtract(std::exchange(told_, 0));
    budget_->leave();
    budget_.reset();
  }

  std::shared_ptr<memory_budget> budget_;
  std::size_t told_ = 0;
};

}  // namespace uncork::http2
