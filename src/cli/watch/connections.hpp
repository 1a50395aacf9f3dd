#pragma once
// `uncork watch --by connection`: a line and a verdict for each end of a connection that lost time.

#include <memory>

#include "cli/watch/sieve.hpp"
#include "cli/watch/source.hpp"
#include "cli/watch/view.hpp"
#include "probe/connection_board.hpp"

namespace uncork::cli {

class ConnectionView : public WatchView {
 public:
  ConnectionView(const WatchOptions& options, const WatchSource& source, Sieve sieve);

  [[nodiscard]] core::Status update(core::Time now) override;
  [[nodiscard]] std::string table(core::Micros watched, std::size_t width, bool color) override;
  [[nodiscard]] std::string live_json() override;
  [[nodiscard]] std::size_t losing() override;
  [[nodiscard]] std::string verdicts_text(const WatchEnd& end) override;
  [[nodiscard]] std::string verdicts_json(const WatchEnd& end) override;
  [[nodiscard]] std::string none_matched() override;

  [[nodiscard]] const probe::ConnectionBoard& board() const { return board_; }
  /// As of the last update, the fastest loser first.
  using Lines = std::vector<probe::ConnectionBoard::Line>;
  [[nodiscard]] Lines lines();

 private:
  [[nodiscard]] Lines verdicts();
  [[nodiscard]] std::size_t seen() const;

  const WatchOptions& options_;
  const WatchSource& opened_;
  probe::Source& source_;
  Sieve sieve_;
  probe::ConnectionBoard board_;
};

}  // namespace uncork::cli
