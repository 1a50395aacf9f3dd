#include "lab/chatty/chatty_report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/duration.hpp"
#include "core/json.hpp"

namespace uncork::lab {
namespace {

const char* text(Path path) { return path == Path::direct ? "direct" : "relay"; }
const char* text(Nagle nagle) { return nagle == Nagle::on ? "on" : "off"; }
const char* text(Blamed blamed) { return blamed == Blamed::server ? "server" : "relay"; }

constexpr const char* kLine = "{:<6} {:<9} {:<5} {:>8} {:>8} {:>8} {:>6} {:>6} {:>8} {:>6}\n";

std::string times_text(const std::vector<core::Micros>& times, std::size_t first, std::size_t count) {
  std::string shown;
  for (std::size_t i = first; i < std::min(times.size(), first + count); ++i) {
    shown += fmt::format("{}{:.2f}", shown.empty() ? "" : "  ", core::to_ms(times[i]));
  }
  return shown;
}

double factor(const Cure& cure) { return core::to_ms(cure.before_mean) / std::max(core::to_ms(cure.after_mean), 0.001); }

}  // namespace

std::string chatty_heading() {
  return fmt::format(kLine, "PATH", "WRITES", "NAGLE", "MEAN", "P99", "TOTAL", "CHUNKS", "WR/EX", "HELD", "SHARE");
}

std::string chatty_line(const Cell& cell) {
  std::string line = fmt::format(kLine, text(cell.setup.path), cell.setup.writes == Writes::per_line ? "per line" : "coalesced",
                                 text(cell.setup.nagle), core::to_string(cell.times.mean()),
                                 core::to_string(cell.times.quantile(0.99)), core::to_string(cell.times.sum()),
                                 fmt::format("{:.1f}", cell.chunks), cell.writes > 0 ? fmt::format("{:.1f}", cell.writes) : "-",
                                 core::to_string(cell.held), fmt::format("{:.0f} %", 100 * cell.held_share));
  if (cell.blamed) {
    line += fmt::format("        held by the {} (pid {}): {}\n", text(*cell.blamed), cell.blamed_pid, stall::name(*cell.cause));
  }
  if (!cell.failed_because.empty()) line += "        FAILED: " + cell.failed_because + "\n";
  return line;
}

std::string cure_text(const Cure& cure) {
  constexpr std::size_t kShown = 5;
  const std::size_t last = cure.before.size() - std::min(cure.before.size(), kShown);
  std::string shown = fmt::format("Cured while it ran: TCP_NODELAY set from outside on the {} (pid {}).\n",
                                  cure.setup.path == Path::direct ? "server" : "relay", cure.pid);
  shown += fmt::format("  exchanges before, ms:  ...  {}\n", times_text(cure.before, last, kShown));
  shown += fmt::format("  exchanges after, ms:   {}  ...\n", times_text(cure.after, 0, kShown));
  shown += fmt::format("  mean {} -> {}: {:.0f} times faster\n", core::to_string(cure.before_mean),
                       core::to_string(cure.after_mean), factor(cure));
  if (!cure.failed_because.empty()) shown += "  FAILED: " + cure.failed_because + "\n";
  return shown;
}

std::string chatty_sentence(const ChattyResult& result) {
  const auto failed =
      std::count_if(result.cells.begin(), result.cells.end(), [](const Cell& c) { return !c.failed_because.empty(); });
  if (!result.passed()) {
    return fmt::format("Not as it should be: {} of {} cells{} failed; see FAILED above.\n", failed, result.cells.size(),
                       result.cure.failed_because.empty() ? "" : " and the cure");
  }
  return fmt::format(
      "Writing an answer line by line costs {} an exchange wherever Nagle is on at the last sender before the client, because it "
      "holds the second line until the client's delayed ACK; with one write per answer, or with TCP_NODELAY, nothing is held. "
      "The process to change is the one named: the relay if there is one, not the server behind it.\n",
      core::to_string(result.cure.before_mean));
}

core::Json chatty_json(const ChattyResult& result, stall::Confidence confidence) {
  core::Json cells = core::Json::array();
  for (const Cell& cell : result.cells) {
    core::Json json = {
        {"path", text(cell.setup.path)},
        {"writes", cell.setup.writes == Writes::per_line ? "per_line" : "coalesced"},
        {"nagle", text(cell.setup.nagle)},
        {"exchanges", cell.exchanges},
        {"mean_ms", core::to_ms(cell.times.mean())},
        {"p99_ms", core::to_ms(cell.times.quantile(0.99))},
        {"total_ms", core::to_ms(cell.times.sum())},
        {"chunks", cell.chunks},
        {"writes_per_exchange", cell.writes > 0 ? core::Json(cell.writes) : core::Json(nullptr)},
        {"held_ms", core::to_ms(cell.held)},
        {"held_share", cell.held_share},
        {"cause", nullptr},
        {"blamed", nullptr},
        {"pid", nullptr},
        {"passed", cell.failed_because.empty()},
    };
    if (cell.cause) json["cause"] = stall::name(*cell.cause);
    if (cell.blamed) {
      json["blamed"] = text(*cell.blamed);
      json["pid"] = cell.blamed_pid;
    }
    if (!cell.failed_because.empty()) json["failed_because"] = cell.failed_because;
    cells.push_back(std::move(json));
  }
  core::Json cure = {{"pid", result.cure.pid},
                     {"before_mean_ms", core::to_ms(result.cure.before_mean)},
                     {"after_mean_ms", core::to_ms(result.cure.after_mean)},
                     {"passed", result.cure.failed_because.empty()}};
  return {{"scenario", "chatty"},
          {"passed", result.passed()},
          {"confidence", stall::name(confidence)},
          {"cells", cells},
          {"cure", cure}};
}

}  // namespace uncork::lab
