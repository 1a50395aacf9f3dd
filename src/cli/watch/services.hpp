#pragma once
// `uncork watch` as it shows services, or other groups of connections: a line and a verdict each.

#include <optional>
#include <vector>

#include "cli/watch/sieve.hpp"
#include "cli/watch/source.hpp"
#include "cli/watch/view.hpp"
#include "probe/connection_groups.hpp"
#include "probe/enrich/container_names.hpp"
#include "probe/service_board.hpp"

namespace uncork::cli {

class ServiceView : public WatchView {
 public:
  ServiceView(const WatchOptions& options, const WatchSource& source, Sieve sieve);

  [[nodiscard]] core::Status update(core::Time now) override;
  [[nodiscard]] std::string table(core::Micros watched, std::size_t width, bool color) override;
  [[nodiscard]] std::string live_json() override;
  [[nodiscard]] std::size_t losing() override;
  [[nodiscard]] std::string verdicts_text(const WatchEnd& end) override;
  [[nodiscard]] std::string verdicts_json(const WatchEnd& end) override;
  [[nodiscard]] std::string none_matched() override;

  /// As of the last update, the one that lost most first.
  using Lines = std::vector<probe::ServiceBoard::Line>;
  [[nodiscard]] Lines verdicts() const;
  [[nodiscard]] const probe::ServiceBoard& board() const { return board_; }

 private:
  [[nodiscard]] core::Result<std::vector<stall::Service>> ask();
  [[nodiscard]] std::string not_asked() const;

  const WatchOptions& options_;
  probe::Source& source_;
  bool asks_lines_;
  Sieve sieve_;
  probe::ContainerNamer namer_;
  std::optional<probe::ConnectionGroups> groups_;  // where the kernel does not keep the sums that are wanted
  probe::ServiceBoard board_;
};

}  // namespace uncork::cli
