#pragma once
// Metrics on their way to a collector of OpenTelemetry's.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "collect/courier.hpp"
#include "collect/metrics/metrics.hpp"
#include "core/result.hpp"

namespace uncork::collect {

/// Posts a request a poll, on a thread of its own. What a server does not take waits in memory, up to 1 MB, then the oldest goes:
/// sums are cumulative, so that a later request holds what an earlier one had. One thread at a time.
class OtlpExporter {
 public:
  /// `url`: `http://127.0.0.1:4318/v1/metrics`. The error says what is accepted.
  [[nodiscard]] static core::Result<std::unique_ptr<OtlpExporter>> open(const std::string& url, std::string hostname);

  void send(const Metrics& metrics, std::int64_t now_ns);
  [[nodiscard]] std::vector<std::string> take_messages() { return courier_->take_messages(); }
  /// A sentence if the server has not got everything.
  [[nodiscard]] std::string stop(core::Time deadline) { return courier_->stop(deadline).sentence(courier_->name()); }

 private:
  OtlpExporter(std::unique_ptr<Courier> courier, std::string hostname);

  std::unique_ptr<Courier> courier_;
  std::string hostname_;
  std::int64_t began_ns_;
};

}  // namespace uncork::collect
