#include "report/event_line.hpp"

#include <fmt/format.h>

#include "core/json.hpp"
#include "report/verdict_text.hpp"

namespace uncork::report {
namespace {

bool has_state(stall::EventKind kind) {
  return kind == stall::EventKind::opened || kind == stall::EventKind::option_changed || kind == stall::EventKind::sampled;
}

std::string state_words(const stall::SenderState& state) {
  std::string words = fmt::format("mss {} min_rtt {} us", state.mss_bytes, state.min_rtt.count());
  if (state.nodelay) words += " nodelay";
  if (state.corked) words += " corked";
  if (state.more) words += " more";
  if (state.window_limited) words += " window-limited";
  if (state.writer_blocked) words += " writer-blocked";
  if (state.congestion_limited) words += " congestion-limited";
  if (state.paced) words += " paced";
  if (state.recovering) words += " recovering";
  return words;
}

}  // namespace

std::string_view name(stall::EventKind kind) {
  switch (kind) {
    case stall::EventKind::opened:
      return "opened";
    case stall::EventKind::wrote:
      return "wrote";
    case stall::EventKind::sent:
      return "sent";
    case stall::EventKind::received:
      return "received";
    case stall::EventKind::acked:
      return "acked";
    case stall::EventKind::read:
      return "read";
    case stall::EventKind::retransmitted:
      return "retransmitted";
    case stall::EventKind::reported:
      return "reported";
    case stall::EventKind::finished:
      return "finished";
    case stall::EventKind::option_changed:
      return "option_changed";
    case stall::EventKind::sampled:
      return "sampled";
    case stall::EventKind::closed:
      return "closed";
  }
  return "";
}

std::string event_text(const stall::Event& event, const stall::ConnectionEnd& where) {
  const std::string what = has_state(event.kind) ? state_words(event.state) : std::to_string(event.bytes);
  return fmt::format("{:.6f}  {}  {} -> {}  {}  {}{}\n", static_cast<double>(event.at.time_since_epoch().count()) / 1e6,
                     process_text(where.process), core::to_string(where.local), core::to_string(where.remote), name(event.kind),
                     what, event.on_data ? " on data" : "");
}

core::Json event_json(const stall::Event& event, const stall::ConnectionEnd& where) {
  core::Json json = {{"type", "event"},
                     {"at_us", event.at.time_since_epoch().count()},
                     {"socket", where.cookie},
                     {"pid", where.process.pid},
                     {"comm", where.process.command},
                     {"local", core::to_string(where.local)},
                     {"remote", core::to_string(where.remote)},
                     {"event", name(event.kind)},
                     {"bytes", event.bytes}};
  if (event.kind == stall::EventKind::acked) json["on_data"] = event.on_data;
  if (event.kind == stall::EventKind::retransmitted) json["fin_only"] = event.fin_only;
  if (has_state(event.kind)) {
    json["state"] = {{"mss_bytes", event.state.mss_bytes},
                     {"min_rtt_us", event.state.min_rtt.count()},
                     {"nodelay", event.state.nodelay},
                     {"corked", event.state.corked},
                     {"more", event.state.more},
                     {"window_limited", event.state.window_limited},
                     {"writer_blocked", event.state.writer_blocked},
                     {"congestion_limited", event.state.congestion_limited},
                     {"paced", event.state.paced},
                     {"recovering", event.state.recovering}};
  }
  return json;
}

}  // namespace uncork::report
