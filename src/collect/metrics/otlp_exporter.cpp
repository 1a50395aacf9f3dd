#include "collect/metrics/otlp_exporter.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <utility>

#include "collect/metrics/otlp.hpp"
#include "confine/confine.hpp"
#include "sink/outlet/destination.hpp"
#include "sink/outlet/http_outlet.hpp"

namespace uncork::collect {
namespace {

constexpr std::uint64_t kMemory = 1'000'000;

std::string name_of_machine() {
  constexpr std::size_t kMost = 256;
  std::string name(kMost, '\0');
  if (::gethostname(name.data(), name.size() - 1) != 0) return "";
  return name.substr(0, name.find('\0'));
}

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

OtlpExporter::OtlpExporter(std::unique_ptr<Courier> courier, std::string hostname)
    : courier_(std::move(courier)), hostname_(std::move(hostname)), began_ns_(now_ns()) {}

core::Result<std::unique_ptr<OtlpExporter>> OtlpExporter::open(const std::string& url, std::string hostname) {
  const auto destination = sink::parse_destination(url);
  if (!destination) return core::fail(destination.error());
  const bool is_http = destination->kind == sink::Destination::Kind::http || destination->kind == sink::Destination::Kind::https;
  if (!is_http) {
    return core::fail(core::invalid_argument(
        fmt::format("otlp '{}': an address of http or https, such as http://127.0.0.1:4318/v1/metrics", url)));
  }
  CourierOptions options{.name = "otlp " + sink::to_string(*destination), .prepare = [] { return confine::confine_thread({}); }};
  options.backlog.memory_bytes = kMemory;
  auto courier = Courier::start(std::make_unique<sink::HttpOutlet>(*destination), std::move(options));
  if (!courier) return core::fail(courier.error());
  if (hostname.empty()) hostname = name_of_machine();
  return std::unique_ptr<OtlpExporter>(new OtlpExporter(std::move(*courier), std::move(hostname)));
}

void OtlpExporter::send(const Metrics& metrics, std::int64_t now_ns) {
  const OtlpSource source{.hostname = hostname_, .version = UNCORK_VERSION, .began_ns = began_ns_, .now_ns = now_ns};
  courier_->send({.bytes = otlp_request(metrics.collect(), source), .rows = 0, .framing = sink::Framing::list});
}

}  // namespace uncork::collect
