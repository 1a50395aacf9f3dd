#include "collect/metrics/metrics.hpp"

#include <fmt/format.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <utility>

#include "collect/metrics/service_series.hpp"

namespace uncork::collect {
namespace {

using prometheus::Counter;
using prometheus::Gauge;
using prometheus::Histogram;
using record::Block;
using record::Row;

constexpr std::uint32_t kEstablished = 1;  // TCP_ESTABLISHED, include/net/tcp_states.h
constexpr double kFromMicros = 1e-6;

double seconds(core::Micros time) { return static_cast<double>(time.count()) * kFromMicros; }

/// Names that are no counter of tcp_info. Those behind the dots are gRPC A80's, where it has them.
struct Named {
  std::string_view prometheus;
  std::string_view otlp;
  std::string_view unit;
};
constexpr std::array<Named, 24> kNames = {{
    {"uncork_lost_seconds_total", "uncork.lost", "s"},
    {"uncork_exchanges_total", "uncork.exchanges", "{exchange}"},
    {"uncork_tcp_connections", "grpc.tcp.connection_count", "{connection}"},
    {"uncork_tcp_connections_created_total", "grpc.tcp.connections_created", "{connection}"},
    {"uncork_tcp_recurring_retransmits_total", "grpc.tcp.recurring_retransmits", "{packet}"},
    {"uncork_tcp_zero_window_connections", "uncork.tcp.zero_window_connections", "{connection}"},
    {"uncork_tcp_rtt_seconds", "uncork.tcp.rtt", "s"},
    {"uncork_tcp_min_rtt_seconds", "grpc.tcp.min_rtt", "s"},
    {"uncork_tcp_delivery_rate_bytes_per_second", "grpc.tcp.delivery_rate", "By/s"},
    {"uncork_polls_total", "uncork.polls", "{poll}"},
    {"uncork_poll_seconds", "uncork.poll.duration", "s"},
    {"uncork_phase_cpu_seconds_total", "uncork.phase.cpu", "s"},
    {"uncork_rows_total", "uncork.rows", "{row}"},
    {"uncork_namespaces", "uncork.namespaces", "{namespace}"},
    {"uncork_sockets_seen", "uncork.sockets.seen", "{socket}"},
    {"uncork_sockets_counted", "uncork.sockets.counted", "{socket}"},
    {"uncork_coverage_whole", "uncork.coverage.whole", "1"},
    {"uncork_missed_total", "uncork.missed", "{event}"},
    {"uncork_store_up", "uncork.store.up", "1"},
    {"uncork_sink_rows_total", "uncork.sink.rows", "{row}"},
    {"uncork_sink_waiting_rows", "uncork.sink.waiting", "{row}"},
    {"process_cpu_seconds_total", "process.cpu.time", "s"},
    {"process_resident_memory_bytes", "process.memory.usage", "By"},
    {"process_threads", "process.thread.count", "{thread}"},
}};

const Histogram::BucketBoundaries& rtt_bounds() {
  static const Histogram::BucketBoundaries kBounds = {0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3};
  return kBounds;
}

const Histogram::BucketBoundaries& rate_bounds() {
  static const Histogram::BucketBoundaries kBounds = {1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10};
  return kBounds;
}

/// Gathers what is observed in one poll, so that the histogram is locked once.
class Gathered {
 public:
  explicit Gathered(const Histogram::BucketBoundaries& bounds) : bounds_(bounds), counts_(bounds.size() + 1) {}

  void observe(double value) {
    counts_[static_cast<std::size_t>(std::ranges::lower_bound(bounds_, value) - bounds_.begin())] += 1;
    sum_ += value;
  }
  void put_into(Histogram& histogram) const { histogram.ObserveMultiple(counts_, sum_); }

 private:
  const Histogram::BucketBoundaries& bounds_;
  std::vector<double> counts_;
  double sum_ = 0;
};

prometheus::Family<Counter>& counters(prometheus::Registry& registry, std::string_view name, std::string_view help) {
  return prometheus::BuildCounter().Name(std::string(name)).Help(std::string(help)).Register(registry);
}
Counter& counter(prometheus::Registry& registry, std::string_view name, std::string_view help) {
  return counters(registry, name, help).Add({});
}
prometheus::Family<Gauge>& gauges(prometheus::Registry& registry, std::string_view name, std::string_view help) {
  return prometheus::BuildGauge().Name(std::string(name)).Help(std::string(help)).Register(registry);
}
Gauge& gauge(prometheus::Registry& registry, std::string_view name, std::string_view help) {
  return gauges(registry, name, help).Add({});
}
Histogram& histogram(prometheus::Registry& registry, std::string_view name, std::string_view help,
                     const Histogram::BucketBoundaries& bounds) {
  return prometheus::BuildHistogram().Name(std::string(name)).Help(std::string(help)).Register(registry).Add({}, bounds);
}

/// To what it is now.
void raise_to(Counter& counter, double value) { counter.Increment(std::max(0.0, value - counter.Value())); }

/// `tcp-2` of the second sink, `tcp:10.0.0.5:4000`: a label without an address.
std::string sink_label(const std::string& destination, std::size_t index) {
  return fmt::format("{}-{}", destination.substr(0, destination.find(':')), index + 1);
}

}  // namespace

class Metrics::Counted {
 public:
  void add(const probe::Look& look, std::span<const sink::ServiceGain> gains, const Snapshot& snapshot);
  void grow(const probe::Look& look, const Growth::Wanted& wanted);
  void saw_nothing() { whole_.Set(0); }
  [[nodiscard]] std::vector<prometheus::MetricFamily> collect() const { return registry_.Collect(); }

 private:
  void add_rows(const probe::Look& look);
  void add_coverage(const probe::Coverage& coverage);
  void add_sinks(const std::vector<Exits::Stats>& sinks);

  prometheus::Registry registry_;
  ServiceSeries services_{counters(registry_, "uncork_lost_seconds_total",
                                   "Time lost to stalls, by service and by cause (uncork top says what ends it)")};
  Counter& exchanges_ = counter(registry_, "uncork_exchanges_total", "Requests and their answers, of all services");
  Growth growth_;
  std::array<Counter*, kTcpCounters> tcp_ = [this] {
    std::array<Counter*, kTcpCounters> all{};
    for (std::size_t i = 0; i < kTcpCounters; ++i) all[i] = &counter(registry_, tcp_counters()[i].name, tcp_counters()[i].help);
    return all;
  }();
  Gauge& connections_ = gauge(registry_, "uncork_tcp_connections", "Established connections at the last poll");
  Counter& created_ =
      counter(registry_, "uncork_tcp_connections_created_total", "Sockets with counters that began while watched");
  Counter& recurring_ = counter(registry_, "uncork_tcp_recurring_retransmits_total",
                                "Retransmissions that were unanswered when their connections ended (tcpi_retransmits)");
  Gauge& zero_windows_ = gauge(registry_, "uncork_tcp_zero_window_connections",
                               "Established connections whose peer took nothing at the last poll (tcpi_snd_wnd of 0)");
  Histogram& rtt_ =
      histogram(registry_, "uncork_tcp_rtt_seconds", "Smoothed round trip of each connection, at each poll", rtt_bounds());
  Histogram& min_rtt_ =
      histogram(registry_, "uncork_tcp_min_rtt_seconds", "Least round trip of each connection, at each poll", rtt_bounds());
  Histogram& rate_ = histogram(registry_, "uncork_tcp_delivery_rate_bytes_per_second",
                               "Delivery rate of each connection where the network set it, at each poll", rate_bounds());
  Counter& polls_ = counter(registry_, "uncork_polls_total", "Polls");
  Gauge& took_ = gauge(registry_, "uncork_poll_seconds", "Time that the last poll took");
  prometheus::Family<Counter>& phases_ =
      counters(registry_, "uncork_phase_cpu_seconds_total", "Processor time of the thread that polls, by what it does");
  Counter& rows_ = counter(registry_, "uncork_rows_total", "Rows handed on");
  Gauge& namespaces_ = gauge(registry_, "uncork_namespaces", "Network namespaces at the last poll");
  Gauge& seen_ = gauge(registry_, "uncork_sockets_seen", "Sockets that the last poll saw");
  Gauge& counted_ = gauge(registry_, "uncork_sockets_counted", "Sockets that the kernel counted where its count is known");
  Gauge& whole_ =
      gauge(registry_, "uncork_coverage_whole", "1: the last poll saw everything; 0: uncork collect says what it missed");
  prometheus::Family<Counter>& missed_ = counters(registry_, "uncork_missed_total", "What polls know that they missed, by kind");
  Gauge& store_up_ = gauge(registry_, "uncork_store_up", "1: the store took the last poll, or there is none");
  prometheus::Family<Counter>& sink_rows_ =
      counters(registry_, "uncork_sink_rows_total", "Rows by sink and by what became of them");
  prometheus::Family<Gauge>& sink_waiting_ =
      gauges(registry_, "uncork_sink_waiting_rows", "Rows that wait for a sink, in memory and on disk");
  Counter& cpu_ = counter(registry_, "process_cpu_seconds_total", "Processor time of this process");
  Gauge& rss_ = gauge(registry_, "process_resident_memory_bytes", "Resident memory of this process");
  Gauge& threads_ = gauge(registry_, "process_threads", "Threads of this process");
};

void Metrics::Counted::add(const probe::Look& look, std::span<const sink::ServiceGain> gains, const Snapshot& snapshot) {
  services_.add(gains);
  for (const sink::ServiceGain& gain : gains) {
    if (gain.by == sink::Grouping::service) exchanges_.Increment(static_cast<double>(gain.gain.account.exchanges));
  }
  add_rows(look);
  add_coverage(snapshot.coverage);
  add_sinks(snapshot.sinks);
  polls_.Increment();
  took_.Set(seconds(snapshot.poll.took));
  for (std::size_t i = 0; i < kPhases; ++i)
    raise_to(phases_.Add({{"phase", std::string(name(static_cast<Phase>(i)))}}), seconds(snapshot.profile.at(i)));
  rows_.Increment(static_cast<double>(snapshot.poll.rows));
  store_up_.Set(snapshot.store_trouble.empty() ? 1 : 0);
  raise_to(cpu_, seconds(snapshot.cost.cpu));
  rss_.Set(static_cast<double>(snapshot.cost.rss_bytes));
  threads_.Set(static_cast<double>(snapshot.cost.threads));
}

void Metrics::Counted::grow(const probe::Look& look, const Growth::Wanted& wanted) {
  const TcpSums sums = growth_.of(look, wanted);
  for (std::size_t i = 0; i < kTcpCounters; ++i) tcp_[i]->Increment(static_cast<double>(sums[i]) * tcp_counters()[i].scale);
  raise_to(created_, static_cast<double>(growth_.created()));
}

void Metrics::Counted::add_rows(const probe::Look& look) {
  constexpr std::uint32_t kNoneYet = std::numeric_limits<std::uint32_t>::max();
  Gathered rtt(rtt_bounds());
  Gathered min_rtt(rtt_bounds());
  Gathered rate(rate_bounds());
  std::uint64_t established = 0;
  std::uint64_t zero_windows = 0;
  for (const Row& row : look.rows) {
    if (row.last_row) {
      if (row.knows(Block::tcp_info)) recurring_.Increment(row.tcp_info_retransmits);
      continue;
    }
    if (row.inet_diag_msg_state != kEstablished || !row.knows(Block::tcp_info)) continue;
    ++established;
    if (row.tcp_info_rtt > 0) rtt.observe(row.tcp_info_rtt * kFromMicros);
    if (row.knows(Block::tcp_info_4_6) && row.tcp_info_min_rtt != kNoneYet) min_rtt.observe(row.tcp_info_min_rtt * kFromMicros);
    if (row.tcp_info_delivery_rate > 0 && row.tcp_info_delivery_rate_app_limited == 0)
      rate.observe(static_cast<double>(row.tcp_info_delivery_rate));
    if (row.knows(Block::tcp_info_5_4) && row.tcp_info_snd_wnd == 0) ++zero_windows;
  }
  rtt.put_into(rtt_);
  min_rtt.put_into(min_rtt_);
  rate.put_into(rate_);
  connections_.Set(static_cast<double>(established));
  zero_windows_.Set(static_cast<double>(zero_windows));
}

void Metrics::Counted::add_coverage(const probe::Coverage& coverage) {
  namespaces_.Set(static_cast<double>(coverage.namespaces.size()));
  seen_.Set(static_cast<double>(coverage.rows));
  counted_.Set(static_cast<double>(coverage.counted));
  whole_.Set(coverage.whole() ? 1 : 0);
  const std::array<std::pair<const char*, std::uint64_t>, 7> missed = {{{"dump_gap", coverage.dump_gaps},
                                                                        {"missed_cookie", coverage.missed_cookies},
                                                                        {"duplicate_cookie", coverage.duplicate_cookies},
                                                                        {"vanished_namespace", coverage.vanished_namespaces},
                                                                        {"refused_namespace", coverage.refused_namespaces},
                                                                        {"close_event", coverage.close_events_lost},
                                                                        {"ending", coverage.endings_lost}}};
  for (const auto& [kind, count] : missed) missed_.Add({{"kind", kind}}).Increment(static_cast<double>(count));
}

void Metrics::Counted::add_sinks(const std::vector<Exits::Stats>& sinks) {
  for (std::size_t i = 0; i < sinks.size(); ++i) {
    const std::string label = sink_label(sinks[i].name, i);
    const CourierStats& stats = sinks[i].courier;
    const std::array<std::pair<const char*, std::uint64_t>, 3> became = {
        {{"delivered", stats.delivered.rows}, {"refused", stats.refused.rows}, {"lost", stats.lost.rows}}};
    for (const auto& [what, rows] : became)
      raise_to(sink_rows_.Add({{"sink", label}, {"became", what}}), static_cast<double>(rows));
    sink_waiting_.Add({{"sink", label}}).Set(static_cast<double>(stats.waiting.rows + stats.spooled.rows));
  }
}

Metrics::Metrics() : counted_(std::make_unique<Counted>()) {}
Metrics::~Metrics() = default;

void Metrics::grow(const probe::Look& look, const Growth::Wanted& wanted) { counted_->grow(look, wanted); }

void Metrics::saw_nothing() { counted_->saw_nothing(); }

void Metrics::add(const probe::Look& look, std::span<const sink::ServiceGain> gains, const Snapshot& snapshot) {
  counted_->add(look, gains, snapshot);
}

std::vector<prometheus::MetricFamily> Metrics::collect() const { return counted_->collect(); }

OtlpName otlp_name(const std::string& prometheus_name) {
  const auto counter = std::ranges::find(tcp_counters(), prometheus_name, &TcpCounter::name);
  if (counter != tcp_counters().end()) return {std::string(counter->otlp), counter->unit};
  const auto named = std::ranges::find(kNames, prometheus_name, &Named::prometheus);
  return named == kNames.end() ? OtlpName{prometheus_name, ""} : OtlpName{std::string(named->otlp), named->unit};
}

std::string prometheus_text(const std::vector<prometheus::MetricFamily>& families) {
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace uncork::collect
