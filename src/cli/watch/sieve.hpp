#pragma once
// The parts of a choice that are decided here, asked of connections and of sums.

#include <set>
#include <string>

#include "cli/watch/choice.hpp"
#include "filter/filter.hpp"
#include "probe/source.hpp"
#include "record/texts.hpp"
#include "stall/service.hpp"

namespace uncork::cli {

/// Not thread-safe. Remembers which programs' connections it has turned away, so that a choice that finds nothing can say what
/// there was.
class Sieve {
 public:
  [[nodiscard]] static core::Result<Sieve> make(const Choice& choice);

  /// As the connection is now.
  [[nodiscard]] bool admits(const probe::ConnectionRow& row);
  [[nodiscard]] bool passes(const stall::ServiceVerdict& verdict);
  [[nodiscard]] bool passes(const stall::Verdict& verdict);

  /// Of the connections that were turned away, some of them: `curl, nginx`; empty: there was none.
  [[nodiscard]] std::string turned_away() const;

 private:
  static constexpr std::size_t kMostNames = 8;
  Sieve() = default;
  [[nodiscard]] bool holds_for(const probe::ConnectionRow& row);

  filter::Filter connection_;
  filter::Filter line_;
  std::optional<stall::Role> connection_side_;
  std::optional<stall::Role> line_side_;
  std::string cgroup_;
  bool asks_cgroup_ = false;
  record::Texts texts_;
  std::set<std::string> turned_away_;
};

}  // namespace uncork::cli
