#include "cli/cure/trial_meter.hpp"

#include <algorithm>
#include <utility>

namespace uncork::cli {
namespace {

probe::WitnessOptions witness_options(std::optional<std::uint16_t> port) {
  probe::WitnessOptions options;
  options.only.processes = true;
  options.only.port = port.value_or(0);
  options.tell = {false, false, false};
  return options;
}

}  // namespace

core::Result<TrialMeter> TrialMeter::start(std::optional<std::uint16_t> port) {
  auto witness = probe::Witness::attach(witness_options(port));
  if (!witness) {
    core::Error error = witness.error();
    error.message = "--trial measures by the kernel's witness: " + error.message;
    return core::fail(error);
  }
  return TrialMeter(std::move(*witness), port);
}

core::Status TrialMeter::add(const std::vector<pid_t>& pids) {
  const auto processes = witness_->processes();
  if (!processes) return core::fail(processes.error());
  for (const probe::ProcessRow& process : *processes) {
    if (process.pid == 0 || std::ranges::find(pids, process.pid) == pids.end()) continue;
    if (auto wanted = witness_->want(process.host_pid); !wanted) return wanted;
  }
  return {};
}

core::Result<TrialReading> TrialMeter::read(const std::vector<pid_t>& pids) {
  const auto rows = witness_->poll();
  if (!rows) return core::fail(rows.error());
  const auto services = witness_->services();
  if (!services) return core::fail(services.error());
  TrialReading reading;
  reading.at = core::MonotonicClock::now();
  for (const stall::Service& service : *services) {
    reading.account += service.account;
    reading.times += service.times;
    reading.connections += service.connections;
    reading.open += service.open;
  }
  for (const pid_t pid : pids) {
    if (const auto spent = cure::cpu_nanoseconds(pid)) cpu_ns_[pid] = *spent;
  }
  for (const auto& [pid, spent] : cpu_ns_) reading.cpu_ns += spent;
  reading.segments = cure::count_segments(pids, port_);
  return reading;
}

cure::TrialWindow window_between(const TrialReading& begin, const TrialReading& end, bool nodelay) {
  stall::Account account = end.account;
  account -= begin.account;
  stall::ExchangeTimes times = end.times;
  times -= begin.times;
  constexpr double kMs = 1000;
  const auto ms = [](core::Micros time) { return static_cast<double>(std::max<std::int64_t>(time.count(), 0)) / kMs; };
  cure::TrialWindow window;
  window.nodelay = nodelay;
  window.seconds = static_cast<double>((end.at - begin.at).count()) / 1e6;
  window.exchanges = times.count();
  const auto exchanges = static_cast<double>(std::max<std::uint64_t>(window.exchanges, 1));
  window.mean_ms = times.mean() / kMs;
  window.p50_ms = ms(times.quantile(0.5));
  window.p99_ms = ms(times.quantile(0.99));
  window.lost_ms = ms(account.budget.lost()) / exchanges;
  window.peer_ms = ms(account.budget[stall::Cause::peer_think]) / exchanges;
  window.bytes = account.wrote_bytes + account.received_bytes;
  window.segments = cure::segments_between(begin.segments, end.segments, end.connections - begin.connections);
  window.cpu_ms = static_cast<double>(end.cpu_ns - begin.cpu_ns) / 1e6;
  window.connections = end.open;
  return window;
}

}  // namespace uncork::cli
