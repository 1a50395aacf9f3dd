#pragma once
// What a collector counts, for Prometheus and OpenTelemetry.

#include <prometheus/metric_family.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "collect/metrics/growth.hpp"
#include "collect/snapshot.hpp"
#include "probe/look/look.hpp"
#include "sink/store/store.hpp"

namespace uncork::collect {

/// Counters of this run, histograms of what each connection was like at each poll, and gauges of the last poll. No label holds
/// an address, and there are at most 200 series with up to five sinks: 96 of them services by cause.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  /// Takes in what the counters of connections grew by, of all rows that the kernel told, wanted or not. The thread that polls;
  /// before add().
  void grow(const probe::Look& look, const Growth::Wanted& wanted);
  /// Takes in a poll that saw nothing at all.
  void saw_nothing();
  /// Takes in a poll: the rows that were handed on, what the services gained, and how the poll went. The thread that polls.
  void add(const probe::Look& look, std::span<const sink::ServiceGain> gains, const Snapshot& snapshot);

  /// Any thread.
  [[nodiscard]] std::vector<prometheus::MetricFamily> collect() const;

 private:
  class Counted;
  std::unique_ptr<Counted> counted_;
};

/// How a metric is called where dots are usual, and its unit.
struct OtlpName {
  std::string name;
  std::string_view unit;
};
/// gRPC A80's name where it has one: `grpc.tcp.min_rtt` of `uncork_tcp_min_rtt_seconds`.
[[nodiscard]] OtlpName otlp_name(const std::string& prometheus_name);

/// The text format, version 0.0.4.
[[nodiscard]] std::string prometheus_text(const std::vector<prometheus::MetricFamily>& families);

}  // namespace uncork::collect
