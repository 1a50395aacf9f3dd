#include "relay/proxy_report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/clock.hpp"
#include "core/count.hpp"
#include "core/json.hpp"

namespace uncork::relay {
namespace {

using core::Json;  // "type" stays first, for people who read along

std::string traffic_text(const Traffic& traffic) {
  std::string text = core::count_of(traffic.bytes, "byte") + " in " + core::count_of(traffic.chunks, "chunk");
  if (traffic.forwarded_bytes != traffic.bytes) {
    text += " (" + core::count_of(traffic.bytes - traffic.forwarded_bytes, "byte") + " not forwarded)";
  }
  return text;
}

Json traffic_json(const Traffic& traffic) {
  return {{"chunks", traffic.chunks},
          {"bytes", traffic.bytes},
          {"forwarded_bytes", traffic.forwarded_bytes},
          {"most_waiting_bytes", traffic.most_waiting_bytes}};
}

}  // namespace

Traffic& Traffic::operator+=(const Traffic& other) {
  chunks += other.chunks;
  bytes += other.bytes;
  forwarded_bytes += other.forwarded_bytes;
  most_waiting_bytes = std::max(most_waiting_bytes, other.most_waiting_bytes);
  return *this;
}

std::string listening_line(const core::Endpoint& listening, const core::Endpoint& target) {
  return "listening on " + core::to_string(listening) + ", connecting to " + core::to_string(target);
}

std::string traffic_text(const Traffic& c2s, const Traffic& s2c) {
  return "c2s " + traffic_text(c2s) + ", s2c " + traffic_text(s2c);
}

std::string summary_line(const ProxySummary& summary) {
  std::string text = core::count_of(summary.connections, "connection");
  if (summary.failed_connects != 0) text += fmt::format(" ({} could not reach the target)", summary.failed_connects);
  return text + ", " + traffic_text(summary.c2s, summary.s2c);
}

std::string listening_json(const core::Endpoint& listening, const ProxyOptions& options) {
  const bool limited = options.rate_bytes_per_second != 0;
  const Json json = {{"type", "listening"},
                     {"address", core::to_string(listening)},
                     {"connect", core::to_string(options.connect)},
                     {"delay_ms", core::to_ms(options.delay)},
                     {"jitter_ms", core::to_ms(options.jitter)},
                     {"rate_bytes_per_second", limited ? Json(options.rate_bytes_per_second) : Json(nullptr)},
                     {"nagle", options.nagle == Nagle::on ? "on" : "off"}};
  return json.dump(Json::Order::as_inserted);
}

std::string summary_json(const ProxySummary& summary) {
  const Json json = {{"type", "summary"},
                     {"connections", summary.connections},
                     {"failed_connects", summary.failed_connects},
                     {"c2s", traffic_json(summary.c2s)},
                     {"s2c", traffic_json(summary.s2c)}};
  return json.dump(Json::Order::as_inserted);
}

}  // namespace uncork::relay
