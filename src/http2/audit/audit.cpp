#include "http2/audit/audit.hpp"

#include <thread>
#include <utility>

#include "http2/audit/conversation.hpp"
#include "http2/audit/run_probe.hpp"
#include "http2/audit/writing.hpp"

namespace uncork::http2::audit {
namespace {

/// The status of a plain request on a new connection, or why there is none.
std::expected<unsigned, std::string> ask_plainly(const Target& target, Subject subject, Clock::time_point deadline) {
  const Probe plain;
  auto with = Conversation::begin(target, plain, subject, deadline);
  if (!with) return std::unexpected(std::move(with.error()));
  byte_vector request;
  put_request(subject, Method::get, stream_of(0), request);
  const auto is_over = [&with] {
    return with->answer().stream(stream_of(0)).status != 0 || with->answer().stream(stream_of(0)).reset ||
           with->answer().goaway() || !with->answer().fault().empty();
  };
  if (with->answer().has_settings()) with->send(request, is_over, deadline);
  with->wait(is_over, deadline);
  const Answer& answer = with->answer();
  if (const unsigned status = answer.stream(stream_of(0)).status; status != 0) return status;
  if (!answer.fault().empty()) return std::unexpected("no HTTP/2: " + answer.fault());
  if (answer.goaway()) return std::unexpected("a plain request was answered with GOAWAY " + name_of_code(*answer.goaway()));
  if (with->link() != LinkState::open) return std::unexpected("no HTTP/2: the server closed the connection");
  return std::unexpected(answer.has_settings() ? "a plain request was not answered in time"
                                               : "no HTTP/2: no SETTINGS came in time");
}

/// A server that is busy with what the probe has left gets the time of a probe to come back.
bool is_alive(const Target& target, const Subject& subject, const Bounds& bounds) {
  constexpr std::chrono::milliseconds kBetween{100};
  const auto deadline = Clock::now() + bounds.time;
  for (;;) {
    if (ask_plainly(target, subject, deadline)) return true;
    if (Clock::now() + kBetween >= deadline) return false;
    std::this_thread::sleep_for(kBetween);
  }
}

}  // namespace

std::vector<const Probe*> all_probes() {
  std::vector<const Probe*> all;
  for (const auto part : {flood_probes(), reset_probes(), field_probes(), hold_probes()}) {
    for (const Probe& probe : part) all.push_back(&probe);
  }
  return all;
}

std::expected<Findings, std::string> audit(const Target& target, const Subject& subject, const std::vector<const Probe*>& probes,
                                           const Bounds& bounds, const Observer& observer) {
  Findings found;
  const auto healthy = ask_plainly(target, subject, Clock::now() + bounds.time);
  if (!healthy) return std::unexpected(healthy.error());
  found.healthy_status = *healthy;
  for (std::size_t i = 0; i < probes.size(); ++i) {
    observer(i, probes.size(), *probes[i]);
    Finding& one = found.findings.emplace_back(probes[i], run_probe(*probes[i], target, subject, bounds, *healthy));
    if (is_alive(target, subject, bounds)) continue;
    one.outcome.verdict = Verdict::died;
    break;
  }
  return found;
}

}  // namespace uncork::http2::audit
