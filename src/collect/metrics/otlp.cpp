// The numbers are those of opentelemetry-proto: collector/metrics/v1/metrics_service.proto, metrics/v1/metrics.proto,
// common/v1/common.proto, resource/v1/resource.proto.
#include "collect/metrics/otlp.hpp"

#include <cmath>
#include <protozero/pbf_writer.hpp>
#include <string_view>
#include <utility>

#include "collect/metrics/metrics.hpp"

namespace uncork::collect {
namespace {

using protozero::pbf_writer;

namespace request {
constexpr protozero::pbf_tag_type kResourceMetrics = 1;
}
namespace resource_metrics {
constexpr protozero::pbf_tag_type kResource = 1;
constexpr protozero::pbf_tag_type kScopeMetrics = 2;
}  // namespace resource_metrics
namespace resource {
constexpr protozero::pbf_tag_type kAttributes = 1;
}
namespace scope_metrics {
constexpr protozero::pbf_tag_type kScope = 1;
constexpr protozero::pbf_tag_type kMetrics = 2;
}  // namespace scope_metrics
namespace scope {
constexpr protozero::pbf_tag_type kName = 1;
constexpr protozero::pbf_tag_type kVersion = 2;
}  // namespace scope
namespace metric {
constexpr protozero::pbf_tag_type kName = 1;
constexpr protozero::pbf_tag_type kDescription = 2;
constexpr protozero::pbf_tag_type kUnit = 3;
constexpr protozero::pbf_tag_type kGauge = 5;
constexpr protozero::pbf_tag_type kSum = 7;
constexpr protozero::pbf_tag_type kHistogram = 9;
}  // namespace metric
/// Of gauges, sums and histograms alike.
namespace data {
constexpr protozero::pbf_tag_type kPoints = 1;
constexpr protozero::pbf_tag_type kTemporality = 2;
constexpr protozero::pbf_tag_type kIsMonotonic = 3;
constexpr std::int32_t kCumulative = 2;  // AGGREGATION_TEMPORALITY_CUMULATIVE
}  // namespace data
/// Of number and histogram data points alike.
namespace point {
constexpr protozero::pbf_tag_type kBegan = 2;
constexpr protozero::pbf_tag_type kNow = 3;
}  // namespace point
namespace number_point {
constexpr protozero::pbf_tag_type kDouble = 4;
constexpr protozero::pbf_tag_type kAttributes = 7;
}  // namespace number_point
namespace histogram_point {
constexpr protozero::pbf_tag_type kCount = 4;
constexpr protozero::pbf_tag_type kSum = 5;
constexpr protozero::pbf_tag_type kCounts = 6;
constexpr protozero::pbf_tag_type kBounds = 7;
constexpr protozero::pbf_tag_type kAttributes = 9;
}  // namespace histogram_point
namespace key_value {
constexpr protozero::pbf_tag_type kKey = 1;
constexpr protozero::pbf_tag_type kValue = 2;
constexpr protozero::pbf_tag_type kString = 1;  // of the AnyValue
}  // namespace key_value

void put_attribute(pbf_writer& into, protozero::pbf_tag_type tag, std::string_view key, std::string_view value) {
  pbf_writer pair(into, tag);
  pair.add_string(key_value::kKey, key.data(), key.size());
  pbf_writer any(pair, key_value::kValue);
  any.add_string(key_value::kString, value.data(), value.size());
}

void put_times(pbf_writer& into, const OtlpSource& source) {
  into.add_fixed64(point::kBegan, static_cast<std::uint64_t>(source.began_ns));
  into.add_fixed64(point::kNow, static_cast<std::uint64_t>(source.now_ns));
}

void put_number(pbf_writer& data, const prometheus::ClientMetric& metric, double value, const OtlpSource& source) {
  pbf_writer into(data, data::kPoints);
  for (const auto& label : metric.label) put_attribute(into, number_point::kAttributes, label.name, label.value);
  put_times(into, source);
  into.add_double(number_point::kDouble, value);
}

void put_histogram(pbf_writer& data, const prometheus::ClientMetric& metric, const OtlpSource& source) {
  pbf_writer into(data, data::kPoints);
  for (const auto& label : metric.label) put_attribute(into, histogram_point::kAttributes, label.name, label.value);
  put_times(into, source);
  into.add_fixed64(histogram_point::kCount, metric.histogram.sample_count);
  into.add_double(histogram_point::kSum, metric.histogram.sample_sum);
  std::vector<std::uint64_t> counts;
  std::vector<double> bounds;
  std::uint64_t before = 0;
  for (const auto& bucket : metric.histogram.bucket) {
    counts.push_back(bucket.cumulative_count - std::exchange(before, bucket.cumulative_count));
    if (std::isfinite(bucket.upper_bound)) bounds.push_back(bucket.upper_bound);
  }
  into.add_packed_fixed<std::uint64_t>(histogram_point::kCounts, counts.begin(), counts.end());
  into.add_packed_double(histogram_point::kBounds, bounds.begin(), bounds.end());
}

void put_family(pbf_writer& into, const prometheus::MetricFamily& family, const OtlpSource& source) {
  pbf_writer metric(into, scope_metrics::kMetrics);
  const OtlpName name = otlp_name(family.name);
  metric.add_string(metric::kName, name.name);
  metric.add_string(metric::kDescription, family.help);
  metric.add_string(metric::kUnit, name.unit.data(), name.unit.size());
  switch (family.type) {
    case prometheus::MetricType::Counter: {
      pbf_writer sum(metric, metric::kSum);
      for (const auto& one : family.metric) put_number(sum, one, one.counter.value, source);
      sum.add_enum(data::kTemporality, data::kCumulative);
      sum.add_bool(data::kIsMonotonic, true);
      break;
    }
    case prometheus::MetricType::Histogram: {
      pbf_writer histogram(metric, metric::kHistogram);
      for (const auto& one : family.metric) put_histogram(histogram, one, source);
      histogram.add_enum(data::kTemporality, data::kCumulative);
      break;
    }
    default: {
      pbf_writer gauge(metric, metric::kGauge);
      for (const auto& one : family.metric) put_number(gauge, one, one.gauge.value, source);
      break;
    }
  }
}

void put_source(pbf_writer& metrics, const OtlpSource& source) {
  pbf_writer who(metrics, resource_metrics::kResource);
  put_attribute(who, resource::kAttributes, "service.name", "uncork");
  put_attribute(who, resource::kAttributes, "service.version", source.version);
  put_attribute(who, resource::kAttributes, "host.name", source.hostname);
}

void put_scope(pbf_writer& scoped, const OtlpSource& source) {
  pbf_writer scope(scoped, scope_metrics::kScope);
  scope.add_string(scope::kName, "uncork");
  scope.add_string(scope::kVersion, source.version);
}

void put_metrics(pbf_writer& request, const std::vector<prometheus::MetricFamily>& families, const OtlpSource& source) {
  pbf_writer metrics(request, request::kResourceMetrics);
  put_source(metrics, source);
  pbf_writer scoped(metrics, resource_metrics::kScopeMetrics);
  put_scope(scoped, source);
  for (const prometheus::MetricFamily& family : families) {
    if (!family.metric.empty()) put_family(scoped, family, source);
  }
}

}  // namespace

std::string otlp_request(const std::vector<prometheus::MetricFamily>& families, const OtlpSource& source) {
  std::string bytes;
  pbf_writer request(bytes);
  put_metrics(request, families, source);
  return bytes;
}

}  // namespace uncork::collect
