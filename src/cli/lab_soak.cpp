#include "cli/lab_soak.hpp"

#include "cli/output.hpp"
#include "cli/verb.hpp"
#include "core/count.hpp"

namespace uncork::cli {

SoakLine::SoakLine(core::StopSignal& stop, core::Micros duration)
    : stop_(stop), duration_(duration), shown_(terminal_width(2) > 0) {}

SoakLine::~SoakLine() {
  if (shown_) say("\r\x1b[K");
}

lab::SoakObserver SoakLine::observer() {
  return {.on_made =
              [this](std::size_t made, std::size_t of) {
                if (shown_) say("\r\x1b[K{} of {} namespaces made", made, of);
                return !stop_.stopped();
              },
          .on_progress =
              [this](const lab::SoakProgress& now) {
                constexpr core::Micros kSecond{1'000'000};
                const lab::Tally& tally = now.tally;
                const auto wrong = tally.looks - tally.equal_looks;
                if (shown_) {
                  say("\r\x1b[K{} of {} s, {}, {} of them not equal, {} of the watcher", now.elapsed / kSecond,
                      duration_ / kSecond, core::count_of(tally.looks, "look"), wrong, core::count_of(now.ends, "end"));
                }
                return !stop_.stopped();
              }};
}

}  // namespace uncork::cli
