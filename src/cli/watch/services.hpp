#pragma once
// `uncork watch` as it shows services, or other groups of connections: a line and a verdict each.

#include <memory>
#include <optional>
#include <vector>

#include "cli/watch/view.hpp"
#include "probe/connection_board.hpp"
#include "probe/connection_groups.hpp"
#include "probe/service_board.hpp"

namespace uncork::cli {

class ServiceView : public WatchView {
 public:
  /// `filter` is asked where the kernel does not keep the sums that are wanted, and connections are summed here.
  ServiceView(const WatchOptions& options, probe::Source& source, probe::ConnectionFilter filter);

  [[nodiscard]] core::Status update(core::Time now) override;
  [[nodiscard]] std::string table(core::Micros watched, std::size_t width, bool color) override;
  void put_lines() override;
  [[nodiscard]] std::size_t losing() override;
  void print_verdicts(const WatchEnd& end) override;
  void put_verdicts(const WatchEnd& end) override;

 private:
  using Lines = std::vector<probe::ServiceBoard::Line>;
  [[nodiscard]] Lines verdicts() const;
  [[nodiscard]] core::Result<std::vector<stall::Service>> ask();

  const WatchOptions& options_;
  probe::Source& source_;
  probe::ConnectionFilter filter_;
  std::optional<probe::ConnectionGroups> groups_;
  probe::ServiceBoard board_;
};

/// What a line is of: `service`, `process`, `peer`.
[[nodiscard]] std::string_view name(WatchBy by);

}  // namespace uncork::cli
