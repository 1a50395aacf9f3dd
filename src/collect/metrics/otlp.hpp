#pragma once
// Metrics as OpenTelemetry's protocol has them (opentelemetry-proto, metrics/v1).

#include <prometheus/metric_family.h>

#include <cstdint>
#include <string>
#include <vector>

namespace uncork::collect {

/// Who sends, and of which time.
struct OtlpSource {
  std::string hostname;
  std::string version;
  std::int64_t began_ns = 0;  ///< of what counters count, since 1970
  std::int64_t now_ns = 0;
};

/// An ExportMetricsServiceRequest, to be posted to /v1/metrics as application/x-protobuf: counters as cumulative monotonic sums,
/// histograms with explicit bounds, under the names of otlp_name. Pure.
[[nodiscard]] std::string otlp_request(const std::vector<prometheus::MetricFamily>& families, const OtlpSource& source);

}  // namespace uncork::collect
