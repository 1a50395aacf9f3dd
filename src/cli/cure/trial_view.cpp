#include "cli/cure/trial_view.hpp"

#include <fmt/format.h>

#include <cmath>
#include <string>

#include "core/count.hpp"

namespace uncork::cli {
namespace {

std::string number(double value) {
  if (value == 0) return "0";
  return std::abs(value) >= 1000 ? fmt::format("{:.0f}", value) : fmt::format("{:.3g}", value);
}

std::string amount(double value, const std::string& unit) { return number(value) + (unit.empty() ? "" : " " + unit); }

std::string interval(const std::optional<cure::Ratio>& ratio) {
  if (!ratio) return "not known";
  const auto said = [](double value) {
    if (!std::isfinite(value)) return std::string("any");
    return value < 10 ? fmt::format("{:.2f}", value) : fmt::format("{:.0f}", value);
  };
  return fmt::format("{} ({} to {})", said(ratio->value), said(ratio->low), said(ratio->high));
}

std::string done(const cure::TrialVerdict& verdict, const TrialEnd& end) {
  if (!end.whole) {
    return fmt::format("The trial was cut short: {}. What is above was seen until then; TCP_NODELAY is as it was before.\n",
                       end.why_short);
  }
  if (!verdict.keeps()) return "TCP_NODELAY is as it was before.\n";
  return fmt::format("TCP_NODELAY is kept on {} ({} takes it back; --watch cures later ones).\n",
                     core::count_of(end.kept, "socket"), end.undo);
}

}  // namespace

std::string window_line(std::size_t number, std::size_t of, const cure::TrialWindow& window) {
  return fmt::format("window {} of {}, {} TCP_NODELAY: {}, mean {:.3g} ms", number, of, window.nodelay ? "with" : "without",
                     core::count_of(window.exchanges, "exchange"), window.mean_ms);
}

core::Json window_json(std::size_t number, const cure::TrialWindow& window) {
  return {{"type", "window"},
          {"number", number},
          {"nodelay", window.nodelay},
          {"seconds", window.seconds},
          {"exchanges", window.exchanges},
          {"mean_ms", window.mean_ms},
          {"p50_ms", window.p50_ms},
          {"p99_ms", window.p99_ms},
          {"lost_ms", window.lost_ms},
          {"peer_ms", window.peer_ms},
          {"bytes", window.bytes},
          {"segments", window.segments ? core::Json(*window.segments) : core::Json()},
          {"cpu_ms", window.cpu_ms},
          {"connections", window.connections}};
}

std::string trial_page(const cure::TrialVerdict& verdict, const TrialEnd& end) {
  std::string page;
  if (verdict.pairs != 0) {
    page += fmt::format("{:<26}  {:>12}  {:>12}  {}\n", fmt::format("{} pairs of windows", verdict.pairs), "without", "with",
                        "ratio, 95 % interval");
    for (const cure::TrialFigure& figure : verdict.figures) {
      page += fmt::format("{:<26}  {:>12}  {:>12}  {}\n", figure.title, amount(figure.off, figure.unit),
                          amount(figure.on, figure.unit), interval(figure.ratio));
    }
  }
  return page + verdict.sentence + "\n" + done(verdict, end);
}

core::Json trial_json(const cure::TrialVerdict& verdict, const TrialEnd& end) {
  core::Json figures = core::Json::array();
  for (const cure::TrialFigure& figure : verdict.figures) {
    core::Json one = {{"key", figure.key}, {"off", figure.off}, {"on", figure.on}};
    one["ratio"] = figure.ratio ? core::Json(figure.ratio->value) : core::Json();
    one["low"] = figure.ratio ? core::Json(figure.ratio->low) : core::Json();
    one["high"] = figure.ratio ? core::Json(figure.ratio->high) : core::Json();
    figures.push_back(one);
  }
  core::Json json = {{"type", "trial"}, {"outcome", cure::name(verdict.outcome)}};
  json["kept"] = end.whole && verdict.keeps();
  json["cut_short"] = end.whole ? core::Json() : core::Json(end.why_short);
  json["pairs"] = verdict.pairs;
  json["sockets_kept"] = end.kept;
  json["sockets_restored"] = end.restored;
  json["undo"] = end.undo;
  json["sentence"] = verdict.sentence;
  json["figures"] = figures;
  return json;
}

}  // namespace uncork::cli
