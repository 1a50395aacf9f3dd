#pragma once
// What a source has told so far, connection by connection, ended ones included: who loses how much, and who is at the other end.

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "probe/source.hpp"

namespace uncork::probe {

/// Fed each poll of a Source; answers with verdicts. Keeps at most kMostEnded ended connections (those that lost most), and
/// counts the rest. Sans-I/O, not thread-safe.
class ConnectionBoard {
 public:
  static constexpr std::size_t kMostEnded = 10'000;

  struct Line {
    stall::Verdict verdict;
    double lost_ms_per_second = 0;  ///< between the last two updates
    bool ended = false;
    bool matters = true;  ///< it lost as much as the threshold asks for
  };
  enum class Show : bool { what_matters, all };

  ConnectionBoard(Wanted wanted, stall::Confidence confidence) : wanted_(std::move(wanted)), confidence_(confidence) {}

  void update(std::vector<ConnectionRow> rows, core::Time now);

  /// Connections that lost what matters by `threshold` (or all that lost anything or were late with anything), the fastest loser
  /// first, then by what they lost.
  [[nodiscard]] std::vector<Line> lines(const stall::Threshold& threshold, Show show = Show::what_matters) const;
  /// Whose socket this is, if it is a wanted one that has been seen; valid until the next update.
  [[nodiscard]] const stall::ConnectionEnd* end_of(std::uint64_t cookie) const;
  /// Connections seen so far; one whose two ends are both wanted counts once.
  [[nodiscard]] std::size_t seen() const { return seen_; }
  /// How many connections the lines that matter are of.
  [[nodiscard]] static std::size_t connections_that_matter(const std::vector<Line>& lines);
  [[nodiscard]] std::size_t forgotten() const { return forgotten_; }

 private:
  struct Entry {
    ConnectionRow row;
    core::Micros lost_before{0};
    double lost_ms_per_second = 0;
  };
  using EndPair = std::pair<core::Endpoint, core::Endpoint>;

  void drop_cheapest_ended();
  void count(const stall::ConnectionEnd& where);

  [[nodiscard]] bool wants(const ConnectionRow& row) const { return !wanted_ || wanted_(row); }

  Wanted wanted_;
  stall::Confidence confidence_;
  core::Time updated_at_{};
  std::unordered_map<std::uint64_t, Entry> entries_;
  std::map<EndPair, std::vector<std::pair<std::string, stall::Process>>> owners_;  // (local, remote) -> namespace, process
  std::map<EndPair, std::size_t> lone_;  // (local, remote) of wanted ends whose other end has not been seen yet
  std::size_t seen_ = 0;
  std::size_t ended_ = 0;
  std::size_t forgotten_ = 0;
};

}  // namespace uncork::probe
