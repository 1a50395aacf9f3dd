#pragma once
// Where the time of each request went, and what the kernel saw lost on its connection.

#include <string>
#include <vector>

#include "core/json.hpp"
#include "core/result.hpp"
#include "probe/connection_board.hpp"
#include "probe/open_source.hpp"
#include "web/get/get.hpp"

namespace uncork::cli {

/// A row a request: the steps of its connection if it was made for it, the wait for the answer, the body.
[[nodiscard]] std::string timing_table(const std::vector<std::string>& urls, const std::vector<web::Fetched>& all,
                                       std::size_t width);
/// The same of one.
[[nodiscard]] core::Json timing_json(const web::Fetched& one);

/// Watches the connections of this process, and the other ends of them that are on this machine. One thread.
class GetLedger {
 public:
  /// Looks at once, so that what comes is accounted from its beginning. Error: nothing can be watched here at all.
  [[nodiscard]] static core::Result<GetLedger> begin();
  /// Now and then while requests are under way.
  [[nodiscard]] core::Status look();
  /// The verdict on each end that lost what matters; one sentence if none did.
  [[nodiscard]] std::string text(const std::vector<web::Fetched>& all) const;
  [[nodiscard]] core::Json json(const std::vector<web::Fetched>& all) const;

 private:
  explicit GetLedger(probe::OpenedSource opened);
  [[nodiscard]] std::vector<probe::ConnectionBoard::Line> lines(const std::vector<web::Fetched>& all) const;

  probe::OpenedSource opened_;
  probe::ConnectionBoard board_;
};

}  // namespace uncork::cli
