#include "cli/progress.hpp"

#include <cstdio>

#include "cli/verb.hpp"
#include "lab/transmit/transfer_report.hpp"

namespace uncork::cli {
namespace {

constexpr core::Micros kBetween{100'000};

}  // namespace

Progress::Progress() : width_(terminal_width(2)) { restart(); }

void Progress::restart() {
  begun_ = core::MonotonicClock::now();
  next_ = begun_ + kBetween;  // a transfer of an instant shows none
}

void Progress::show(std::uint64_t done, std::uint64_t expected) {
  if (width_ == 0) return;
  const core::Time now = core::MonotonicClock::now();
  if (now < next_) return;
  next_ = now + kBetween;
  shown_ = true;
  std::fprintf(stderr, "\r\x1b[K%s", lab::progress_bar(done, expected, now - begun_, width_ - 1).c_str());
  std::fflush(stderr);
}

void Progress::clear() {
  if (!shown_) return;
  shown_ = false;
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
}

}  // namespace uncork::cli
