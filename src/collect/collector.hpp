#pragma once
// A collector: polls every socket, keeps the rows in the store, and hands them on.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "collect/board.hpp"
#include "collect/close_ups/close_ups.hpp"
#include "collect/exits.hpp"
#include "collect/keeper.hpp"
#include "collect/metrics/metrics.hpp"
#include "collect/metrics/otlp_exporter.hpp"
#include "collect/observer.hpp"
#include "collect/profile.hpp"
#include "collect/row_feed.hpp"
#include "collect/settings.hpp"
#include "collect/snapshot.hpp"
#include "collect/stamp.hpp"
#include "collect/troubles.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"
#include "filter/filter.hpp"
#include "sink/store/store.hpp"

namespace uncork::collect {

/// One thread polls; each sink has another. Where the store or a sink fails, the others go on, and what failed is told.
class Collector {
 public:
  /// Opens everything that the settings name. Errors say which setting cannot be followed.
  [[nodiscard]] static core::Result<std::unique_ptr<Collector>> open(const Settings& settings);

  /// The first fails where nothing can be seen at all; a later one then reports no rows under the number of the last poll, with
  /// the reason among its messages, and whoever calls tries again.
  [[nodiscard]] core::Result<PollReport> poll();
  /// Between two polls: takes in what ends and looks at connections in trouble, until `until`.
  [[nodiscard]] core::Status wait(core::Time until);

  /// Takes in the filter, names and labels (the interval is the schedule's). The error names a setting that needs a new start;
  /// nothing is changed then.
  [[nodiscard]] core::Status reload(const Settings& settings);

  /// Delivers what it can until `deadline`; a sentence for each sink that has not got everything, and for the store.
  [[nodiscard]] std::vector<std::string> stop(core::Time deadline);

  [[nodiscard]] std::vector<Exits::Stats> sinks() const { return exits_.stats(); }
  /// Where each poll leaves its snapshot.
  [[nodiscard]] Board& board() { return board_; }
  [[nodiscard]] const Metrics& metrics() const { return metrics_; }
  /// Where each poll's rows are handed on to subscribers.
  [[nodiscard]] RowFeed& feed() { return feed_; }
  [[nodiscard]] const RowFeed& feed() const { return feed_; }
  /// Where the store is; empty: there is none.
  [[nodiscard]] const std::string& store_path() const { return store_path_; }

 private:
  Collector(const Settings& settings, filter::Filter filter, Exits exits)
      : settings_(settings), filter_(std::move(filter)), stamp_(settings), exits_(std::move(exits)) {}
  [[nodiscard]] core::Status open_store();
  [[nodiscard]] core::Status rest(core::Time until);
  void look_closely();
  [[nodiscard]] PollReport no_poll(const core::Error& error, core::Time begun);
  void store(const probe::Look& look, std::span<const sink::ServiceGain> gains, core::Micros interval, PollReport& report);
  [[nodiscard]] std::shared_ptr<const Snapshot> snapshot_of(const probe::Look& look, const PollReport& report) const;
  void tell(const std::string& message, PollReport& report);

  Settings settings_;
  filter::Filter filter_;
  Stamp stamp_;
  Exits exits_;
  Board board_;
  Metrics metrics_;
  std::unique_ptr<OtlpExporter> otlp_;  // null: nobody wants them
  RowFeed feed_;
  std::unique_ptr<Observer> observer_;
  std::optional<CloseUps> close_ups_;       // none: nobody wants them
  std::vector<record::Row> close_up_rows_;  // since the last poll, for the store
  std::optional<Keeper> keeper_;            // none: there is no store
  std::string store_path_;
  std::string store_trouble_;     // of the last poll
  std::string close_up_trouble_;  // why there are no more of them
  std::string boot_id_;
  std::uint64_t sequence_ = 0;  // of the last poll
  core::Time polled_{};         // when the last poll began
  bool has_polled_ = false;
  Troubles troubles_;
  Profiler profiler_;
};

}  // namespace uncork::collect
