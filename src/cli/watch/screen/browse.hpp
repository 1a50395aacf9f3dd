#pragma once
// `uncork watch` on a terminal: services, into one its connections, into one its time.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/watch/connections.hpp"
#include "cli/watch/ending.hpp"
#include "cli/watch/screen/browser.hpp"
#include "cli/watch/screen/cure_runner.hpp"
#include "cli/watch/screen/service_connections.hpp"
#include "cli/watch/screen/terminal.hpp"
#include "cli/watch/services.hpp"
#include "core/result.hpp"
#include "filter/filter.hpp"
#include "record/texts.hpp"

namespace uncork::cli {

/// One thread. What it is given outlives it.
class Browse {
 public:
  /// Exactly one of the views is not null: the one with which the watch begins.
  Browse(const WatchOptions& options, ServiceView* services, ConnectionView* connections, Terminal& terminal);

  /// Until `ending` says so, or somebody ends it.
  [[nodiscard]] core::Status run(WatchEnding& ending);

 private:
  enum class Level : std::uint8_t { services, connections, connection };
  enum class Order : std::uint8_t { lost_a_second, lost, exchanges, longest, name };
  using ServiceLines = std::vector<probe::ServiceBoard::Line>;
  using ConnectionLines = std::vector<probe::ConnectionBoard::Line>;

  core::Status update(core::Time now);
  [[nodiscard]] Page page(core::Time now);
  [[nodiscard]] Page services_page(core::Time now);
  [[nodiscard]] Page connections_page(core::Time now);
  [[nodiscard]] Page connection_page();
  [[nodiscard]] ServiceLines services();
  [[nodiscard]] ConnectionLines connections();
  [[nodiscard]] std::string strip(std::uint64_t cookie) const;
  [[nodiscard]] std::string heading(const std::string& text) const;
  [[nodiscard]] std::string hints() const;

  /// Whether to go on.
  [[nodiscard]] bool grant(Wish wish);
  void open();
  void go_back();
  void take_filter();
  void ask_for_cure();
  [[nodiscard]] std::string command_of_chosen();
  [[nodiscard]] std::string id_of_chosen() const;
  void cure();
  void undo();
  void run(const std::string& command);
  void tell_cures();

  const WatchOptions& options_;
  ServiceView* services_view_;
  ConnectionView* connections_view_;
  Terminal& terminal_;
  Browser browser_;
  CureRunner cures_;
  Level level_;
  Order order_ = Order::lost_a_second;
  bool is_paused_ = false;
  filter::Filter filter_;
  record::Texts texts_;
  std::string opened_service_;     // by its id
  std::string opened_connection_;  // likewise
  stall::ServiceVerdict service_;  // as it was seen last
  stall::Verdict connection_;      // likewise
  std::unique_ptr<ServiceConnections> of_service_;
  std::string cure_;                          // that was asked about
  std::map<std::string, std::string> cured_;  // what was run, by the id of what it was run for
  core::Time begun_ = core::MonotonicClock::now();
};

}  // namespace uncork::cli
