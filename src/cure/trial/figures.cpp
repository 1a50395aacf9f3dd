#include "cure/trial/figures.hpp"

#include <algorithm>
#include <functional>

namespace uncork::cure {
namespace {

using Measure = std::function<std::optional<double>(const TrialWindow&)>;

struct Kind {
  const char* key;
  const char* title;
  const char* unit;
  Measure measure;
};

std::optional<double> a_kilobyte(std::optional<double> amount, const TrialWindow& window) {
  if (!amount || window.bytes == 0) return std::nullopt;
  return *amount / static_cast<double>(window.bytes) * 1000;
}

double a_second(double amount, const TrialWindow& window) { return amount / window.seconds; }

const std::vector<Kind>& kinds() {
  using Window = TrialWindow;
  static const std::vector<Kind> kKinds = {
      {"mean_ms", "exchange, mean", "ms", [](const Window& w) { return w.mean_ms; }},
      {"p50_ms", "exchange, half within", "ms", [](const Window& w) { return w.p50_ms; }},
      {"p99_ms", "exchange, 99 % within", "ms", [](const Window& w) { return w.p99_ms; }},
      {"lost_ms", "lost here, an exchange", "ms", [](const Window& w) { return w.lost_ms; }},
      {"peer_ms", "waited for the other end", "ms", [](const Window& w) { return w.peer_ms; }},
      {"bytes_per_exchange", "bytes an exchange", "",
       [](const Window& w) { return static_cast<double>(w.bytes) / static_cast<double>(w.exchanges); }},
      {"exchanges_per_second", "exchanges a second", "",
       [](const Window& w) { return a_second(static_cast<double>(w.exchanges), w); }},
      {"kilobytes_per_second", "throughput, both ways", "kB/s",
       [](const Window& w) { return a_second(static_cast<double>(w.bytes) / 1000, w); }},
      {"segments_per_kilobyte", "segments sent a kB", "", [](const Window& w) { return a_kilobyte(w.segments, w); }},
      {"cpu_us_per_kilobyte", "CPU a kB", "us", [](const Window& w) { return a_kilobyte(w.cpu_ms * 1000, w); }},
  };
  return kKinds;
}

TrialFigure figure_of(const Kind& kind, std::span<const TrialPair> pairs) {
  std::vector<Paired> values;
  for (const TrialPair& pair : pairs) {
    const auto off = kind.measure(pair.off);
    const auto on = kind.measure(pair.on);
    if (off && on) values.push_back({*off, *on});
  }
  TrialFigure figure{kind.key, kind.title, kind.unit, 0, 0, ratio_of(values)};
  for (const Paired& value : values) {
    figure.off += value.off / static_cast<double>(values.size());
    figure.on += value.on / static_cast<double>(values.size());
  }
  if (values.size() < kFewestPairs) figure.ratio = std::nullopt;
  return figure;
}

}  // namespace

std::vector<TrialPair> whole_pairs(std::span<const TrialWindow> windows) {
  std::vector<TrialPair> pairs;
  for (std::size_t first = 0; first + 1 < windows.size(); first += 2) {
    const TrialWindow& a = windows[first];
    const TrialWindow& b = windows[first + 1];
    if (a.nodelay == b.nodelay || a.exchanges == 0 || b.exchanges == 0 || a.seconds <= 0 || b.seconds <= 0) continue;
    pairs.push_back(a.nodelay ? TrialPair{b, a} : TrialPair{a, b});
  }
  return pairs;
}

std::vector<TrialFigure> figures_of(std::span<const TrialPair> pairs) {
  std::vector<TrialFigure> figures;
  for (const Kind& kind : kinds()) figures.push_back(figure_of(kind, pairs));
  return figures;
}

}  // namespace uncork::cure
