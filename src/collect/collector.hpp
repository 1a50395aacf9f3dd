#pragma once
// A collector: polls every socket, keeps the rows in the store, and hands them on.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "collect/board.hpp"
#include "collect/exits.hpp"
#include "collect/observer.hpp"
#include "collect/row_feed.hpp"
#include "collect/settings.hpp"
#include "collect/snapshot.hpp"
#include "collect/stamp.hpp"
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

  /// Fails only where nothing could be seen at all.
  [[nodiscard]] core::Result<PollReport> poll();
  /// Between two polls: takes in what ends, until `until`.
  [[nodiscard]] core::Status wait(core::Time until) { return observer_->wait(until); }

  /// Takes in the filter, names and labels (the interval is the schedule's). The error names a setting that needs a new start;
  /// nothing is changed then.
  [[nodiscard]] core::Status reload(const Settings& settings);

  /// Delivers what it can until `deadline`; a sentence for each sink that has not got everything.
  [[nodiscard]] std::vector<std::string> stop(core::Time deadline) { return exits_.stop(deadline); }

  [[nodiscard]] std::vector<Exits::Stats> sinks() const { return exits_.stats(); }
  /// Where each poll leaves its snapshot.
  [[nodiscard]] Board& board() { return board_; }
  /// Where each poll's rows are handed on to subscribers.
  [[nodiscard]] RowFeed& feed() { return feed_; }
  [[nodiscard]] const RowFeed& feed() const { return feed_; }
  /// Where the store is; empty: there is none.
  [[nodiscard]] const std::string& store_path() const { return store_path_; }

 private:
  Collector(const Settings& settings, filter::Filter filter, Exits exits)
      : settings_(settings), filter_(std::move(filter)), stamp_(settings), exits_(std::move(exits)) {}
  [[nodiscard]] core::Status open_store();
  void store(const probe::Look& look, std::span<const sink::ServiceGain> gains, core::Micros interval, PollReport& report);
  void publish(const probe::Look& look, const PollReport& report);
  void tell(const std::string& message, PollReport& report);

  Settings settings_;
  filter::Filter filter_;
  Stamp stamp_;
  Exits exits_;
  Board board_;
  RowFeed feed_;
  std::unique_ptr<Observer> observer_;
  std::unique_ptr<sink::Store> store_;
  std::string store_path_;
  std::string store_trouble_;  // of the last poll
  std::string boot_id_;
  std::uint64_t sequence_ = 0;  // of the last poll
  std::optional<core::Time> polled_;
  std::vector<std::string> told_;
};

}  // namespace uncork::collect
