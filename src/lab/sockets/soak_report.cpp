#include "lab/sockets/soak_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/duration.hpp"
#include "core/json.hpp"
#include "lab/sockets/watcher.hpp"

namespace uncork::lab {
namespace {

std::string ms(std::optional<double> figure) { return figure ? fmt::format("{:.1f} ms", *figure) : "-"; }

double mib(std::uint64_t kib) { return static_cast<double>(kib) / 1024; }

std::string memory_text(const SoakFigures& figures) {
  const auto trend = memory_trend(figures.memory);
  return fmt::format("{:.1f} MiB{}", mib(figures.rss_kib), trend ? fmt::format(", {:+.1f} KiB/min", trend->kib_a_minute) : "");
}

std::string rows_a_look(const Tally& tally) { return tally.looks == 0 ? "-" : fmt::format("{}", tally.rows / tally.looks); }

std::string last_rows(const Tally& tally) {
  const std::string nameless = tally.nameless_ends == 0 ? "" : fmt::format(", {} nameless", tally.nameless_ends);
  return fmt::format("{} of {}{}", tally.ended - tally.unended - tally.untold, tally.ended - tally.untold, nameless);
}

std::string ends_missed(const Tally& tally) {
  const std::string losses =
      tally.close_events_lost == 0 ? "" : fmt::format(", and lost close events {} times", tally.close_events_lost);
  return fmt::format("{}{}", tally.ends_missed, losses);
}

core::Json or_null(std::optional<double> value) { return value ? core::Json(*value) : core::Json(nullptr); }

}  // namespace

std::vector<Compared> compared_figures(const SoakFigures& figures) {
  const Tally& tally = figures.tally;
  const double looks = static_cast<double>(std::max<std::uint64_t>(tally.looks, 2) - 1);
  return {{"looks", fmt::format("{}, one every {}", tally.looks, core::to_string(figures.every)), ""},
          {"rows equal sockets", fmt::format("{} looks", tally.equal_looks), "not compared"},
          {"rows a look", rows_a_look(tally), ""},
          {"rows missing, twice", fmt::format("{}, {} of {}", tally.missing, tally.duplicates, tally.expected), "not compared"},
          {"wrong name, address, ghost",
           fmt::format("{}, {}, {}", tally.misnamed, tally.misplaced, tally.ghosts + tally.strangers), "not compared"},
          {"last rows of the closed", last_rows(tally), "no close events"},
          {"ends that looks missed", ends_missed(tally), ""},
          {"looks not whole", fmt::format("{}", tally.incomplete_looks), ""},
          {"ends of the watcher", fmt::format("{}", figures.ends.size()), ""},
          {"threads", fmt::format("{}", figures.threads), ""},
          {"descriptors", fmt::format("{}", figures.descriptors), ""},
          {"memory", memory_text(figures), "30-66 MB"},
          {"a look, median and p99", ms(quantile(figures.poll_ms, 0.5)) + ", " + ms(quantile(figures.poll_ms, 0.99)), ""},
          {"processor time a look", fmt::format("{:.1f} ms", core::to_ms(figures.cpu) / looks), ""}};
}

std::string compared_text(const std::vector<Compared>& lines) {
  constexpr const char* kLine = "{:<{}}  {:<{}}  {}";
  std::size_t widest_what = 0;
  std::size_t widest_here = std::string_view("HERE").size();
  for (const Compared& line : lines) {
    widest_what = std::max(widest_what, line.what.size());
    widest_here = std::max(widest_here, line.here.size());
  }
  std::string text;
  const auto add = [&](const std::string& what, const std::string& here, const std::string& published) {
    std::string line = fmt::format(kLine, what, widest_what, here, widest_here, published);
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  };
  add("", "HERE", "PUBLISHED (XTCP2)");
  for (const Compared& line : lines) add(line.what, line.here, line.published);
  return text;
}

std::string faults_text(const SoakFigures& figures) {
  std::string text;
  for (const std::string& example : figures.tally.examples) text += example + "\n";
  for (const std::string& example : figures.tally.unended_examples) text += example + "\n";
  for (const std::string& said : figures.tally.incompleteness) text += "not whole: " + said + "\n";
  return text;
}

core::Json figures_json(const SoakFigures& figures) {
  const Tally& tally = figures.tally;
  const auto trend = memory_trend(figures.memory);
  core::Json ends = core::Json::array();
  for (const WatcherEnd& end : figures.ends) {
    ends.push_back({{"how", end_text(end.status)}, {"after_s", core::to_ms(end.after) / 1000}, {"said", end.said}});
  }
  return {{"ran_s", core::to_ms(figures.ran) / 1000},
          {"steps", figures.steps},
          {"longest_step_ms", core::to_ms(figures.longest_step)},
          {"looks", tally.looks},
          {"equal_looks", tally.equal_looks},
          {"incomplete_looks", tally.incomplete_looks},
          {"rows", tally.rows},
          {"expected", tally.expected},
          {"missing", tally.missing},
          {"duplicates", tally.duplicates},
          {"misnamed", tally.misnamed},
          {"misplaced", tally.misplaced},
          {"ghosts", tally.ghosts},
          {"strangers", tally.strangers},
          {"closed", tally.ended},
          {"closed_without_last_row", tally.unended},
          {"aborted_unseen", tally.untold},
          {"nameless_last_rows", tally.nameless_ends},
          {"ends_missed", tally.ends_missed},
          {"close_events_lost", tally.close_events_lost},
          {"repeated_last_rows", tally.repeated_ends},
          {"early_last_rows", tally.early_ends},
          {"examples", tally.examples},
          {"closed_without_last_row_examples", tally.unended_examples},
          {"incompleteness", tally.incompleteness},
          {"watcher_ends", std::move(ends)},
          {"threads", figures.threads},
          {"descriptors", figures.descriptors},
          {"namespaces_looked_at", figures.namespaces},
          {"rss_kib", figures.rss_kib},
          {"rss_kib_a_minute", or_null(trend ? std::optional(trend->kib_a_minute) : std::nullopt)},
          {"poll_p50_ms", or_null(quantile(figures.poll_ms, 0.5))},
          {"poll_p99_ms", or_null(quantile(figures.poll_ms, 0.99))},
          {"poll_max_ms", or_null(quantile(figures.poll_ms, 1))},
          {"cpu_ms", core::to_ms(figures.cpu)}};
}

core::Json published_json(const std::vector<Compared>& lines) {
  core::Json published = core::Json::array();
  for (const Compared& line : lines) {
    if (!line.published.empty()) published.push_back({{"what", line.what}, {"published", line.published}});
  }
  return published;
}

}  // namespace uncork::lab
