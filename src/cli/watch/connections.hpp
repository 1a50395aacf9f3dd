#pragma once
// `uncork watch --by connection`: a line and a verdict for each end of a connection that lost time.

#include "cli/watch/view.hpp"
#include "probe/connection_board.hpp"
#include "probe/witness.hpp"

namespace uncork::cli {

class ConnectionView : public WatchView {
 public:
  ConnectionView(const WatchOptions& options, probe::Source& source, probe::ConnectionFilter filter)
      : options_(options), source_(source), board_(std::move(filter), source.confidence()) {}

  [[nodiscard]] core::Status update(core::Time now) override;
  [[nodiscard]] std::string table(core::Micros watched, std::size_t width, bool color) override;
  void put_lines() override;
  [[nodiscard]] std::size_t losing() override;
  void print_verdicts(const WatchEnd& end) override;
  void put_verdicts(const WatchEnd& end) override;

  [[nodiscard]] const probe::ConnectionBoard& board() const { return board_; }

 private:
  using Lines = std::vector<probe::ConnectionBoard::Line>;
  [[nodiscard]] Lines lines() const;
  [[nodiscard]] Lines verdicts() const;
  [[nodiscard]] std::size_t seen() const;

  const WatchOptions& options_;
  probe::Source& source_;
  probe::ConnectionBoard board_;
};

}  // namespace uncork::cli
