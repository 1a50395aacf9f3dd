#include "cli/progress.hpp"

#include <fmt/format.h>

#include "cli/output.hpp"
#include "cli/verb.hpp"
#include "core/count.hpp"
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

bool Progress::due() {
  const core::Time now = core::MonotonicClock::now();
  if (width_ == 0 || now < next_) return false;
  next_ = now + kBetween;
  return true;
}

void Progress::draw(const std::string& line) {
  shown_ = true;
  say("\r\x1b[K{}", line);
}

void Progress::show(std::uint64_t done, std::uint64_t expected) {
  if (due()) draw(lab::progress_bar(done, expected, core::MonotonicClock::now() - begun_, width_ - 1));
}

void Progress::show_count(std::uint64_t done, std::uint64_t expected, const char* what) {
  if (due()) draw(fmt::format("{} of {}", done, core::count_of(expected, what)));
}

void Progress::clear() {
  if (!shown_) return;
  shown_ = false;
  put_error("\r\x1b[K");
}

}  // namespace uncork::cli
