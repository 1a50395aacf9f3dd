#pragma once
// Which rows of a look are shown, and in which order.

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "cli/sockets/options.hpp"
#include "probe/look/look.hpp"
#include "record/deltas.hpp"
#include "report/socket_columns.hpp"

namespace uncork::cli {

struct Selected {
  std::vector<report::SocketLine> lines;  ///< in order, at most `--top`
  std::deque<record::Delta> deltas;       ///< of the lines, where there can be any
  std::size_t matching = 0;               ///< before `--top`
  std::size_t waiting = 0;                ///< in TIME_WAIT, left out of these for that reason alone
};

/// Chooses and sorts the rows of one look after the other.
class Selection {
 public:
  Selection(const SocketsOptions& options, const SocketsPlan& plan) : options_(options), plan_(plan) {}

  /// What it returns lives as long as the look's rows.
  [[nodiscard]] Selected choose(const probe::Look& look);

 private:
  void sort(std::vector<report::SocketLine>& lines) const;

  const SocketsOptions& options_;
  const SocketsPlan& plan_;
  record::Deltas deltas_;
};

/// `40 ESTAB, 12 LISTEN, 5 TIME-WAIT`, the most first.
[[nodiscard]] std::string states_there(const probe::Look& look);

}  // namespace uncork::cli
