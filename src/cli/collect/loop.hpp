#pragma once
// The loop of `uncork collect`: polls when they are due, and follows signals and requests meanwhile.

#include <memory>
#include <string>

#include "cli/collect/arguments.hpp"
#include "cli/verb.hpp"
#include "collect/collector.hpp"
#include "collect/requests.hpp"
#include "collect/schedule.hpp"
#include "collect/supervisor.hpp"
#include "core/stop_signal.hpp"
#include "rpc/server.hpp"

namespace uncork::cli {

/// One thread, which polls.
class CollectLoop {
 public:
  CollectLoop(const CollectArguments& arguments, collect::Settings settings, std::unique_ptr<collect::Collector> collector);

  /// Answers gRPC, where the settings say so.
  [[nodiscard]] core::Status serve();
  [[nodiscard]] collect::Collector& collector() { return *collector_; }
  /// Until it is told to stop, or its time is over; then delivers what it can.
  [[nodiscard]] core::Result<Exit> run(core::StopSignal& stop, collect::Supervisor& supervisor);

 private:
  void show(const collect::PollReport& report);
  void reload();
  core::Status follow(const collect::Settings& settings);
  void take_requests();
  core::Status rest(core::StopSignal& stop, collect::Supervisor& supervisor, core::Time end);
  Exit wind_up();

  const CollectArguments& arguments_;
  collect::Settings settings_;
  std::unique_ptr<collect::Collector> collector_;
  collect::Schedule schedule_;
  collect::Requests requests_;
  std::unique_ptr<rpc::Server> server_;
  core::Time alive_{};   // when the supervisor is to be told next that we are
  core::Time polled_{};  // when the last poll began
  std::string status_ = "begins";
};

}  // namespace uncork::cli
