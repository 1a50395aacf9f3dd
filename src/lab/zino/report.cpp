#include "lab/zino/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/duration.hpp"
#include "lab/zino/judge.hpp"

namespace uncork::lab {
namespace {

constexpr const char* kLine = "{:<4} {:<9} {:<5} {:>4} {:<5} {:>7} {:>7} {:>7} {:>6} {:>7}  {}\n";
constexpr const char* kTimesLine = "  {:<8} {:>6} {:>8} {:>8} {:>8}  {}\n";

const char* text(zino::Writes writes) { return writes == zino::Writes::per_line ? "per-line" : "coalesced"; }
/// The same for programs.
const char* word(zino::Writes writes) { return writes == zino::Writes::per_line ? "per_line" : "coalesced"; }
const char* text(Nagle nagle) { return nagle == Nagle::on ? "on" : "off"; }
const char* text(ZinoClient client) { return client == ZinoClient::builtin ? "builtin" : "zinolib"; }
const char* text(ZinoServer server) { return server == ZinoServer::uncork ? "uncork" : "zino2"; }
const char* text(ZinoPart part) {
  switch (part) {
    case ZinoPart::server:
      return "server";
    case ZinoPart::relay:
      return "relay";
    case ZinoPart::front:
      return "front";
  }
  return "";
}

core::Micros mean(const std::vector<core::Micros>& times) {
  if (times.empty()) return core::Micros(0);
  return std::accumulate(times.begin(), times.end(), core::Micros(0)) / static_cast<std::int64_t>(times.size());
}

/// The least value that a share `q` of the values do not exceed.
core::Micros quantile(std::vector<core::Micros> times, double q) {
  if (times.empty()) return core::Micros(0);
  const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(times.size())));
  const auto at = times.begin() + static_cast<std::ptrdiff_t>(std::clamp<std::size_t>(rank, 1, times.size()) - 1);
  std::nth_element(times.begin(), at, times.end());
  return *at;
}

std::vector<core::Micros> all_times(const ZinoRun& run) {
  std::vector<core::Micros> all;
  for (const auto& [command, times] : run.times) all.insert(all.end(), times.begin(), times.end());
  return all;
}

/// How many of the values lie where: `<1 ms 298, 38 to 50 ms 2`.
struct Band {
  core::Micros below;
  const char* name;
};
constexpr std::array<Band, 6> kBands = {{{core::Micros(1'000), "<1 ms"},
                                         {core::Micros(10'000), "1 to 10"},
                                         {core::Micros(38'000), "10 to 38"},
                                         {core::Micros(50'000), "38 to 50"},
                                         {core::Micros(100'000), "50 to 100"},
                                         {core::Micros::max(), ">100 ms"}}};

std::string distribution(const std::vector<core::Micros>& times) {
  std::string shown;
  core::Micros from{0};
  for (const Band& band : kBands) {
    const auto count = std::ranges::count_if(times, [&](core::Micros time) { return time >= from && time < band.below; });
    if (count > 0) shown += fmt::format("{}{}: {}", shown.empty() ? "" : ", ", band.name, count);
    from = band.below;
  }
  return shown;
}

core::Micros all_held(const ZinoRun& run) {
  core::Micros sum{0};
  if (run.held) {
    for (const auto& [part, held] : *run.held) sum += held;
  }
  return sum;
}

std::string times_text(const ZinoResult& result) {
  std::string text_of_times = fmt::format(kTimesLine, "COMMAND", "N", "MEAN", "P50", "P99", "ANSWERED IN");
  for (const ZinoRun& run : result.runs) {
    text_of_times += fmt::format("{}, {}, Nagle {}, {} outstanding{}\n", run.setup.path(), text(run.setup.writes),
                                 text(run.setup.nagle), run.setup.pipeline, run.setup.front ? ", through the front" : "");
    for (const char* command : kListingCommands) {
      const auto found = run.times.find(command);
      if (found == run.times.end()) continue;
      const auto& times = found->second;
      text_of_times +=
          fmt::format(kTimesLine, command, times.size(), core::to_string(mean(times)), core::to_string(quantile(times, 0.5)),
                      core::to_string(quantile(times, 0.99)), distribution(times));
    }
  }
  return text_of_times;
}

const ZinoRun* like_published(const ZinoResult& result, const PublishedRun& published) {
  ZinoSetup setup;
  setup.relay_delay = core::Micros(0);
  setup.writes = published.writes;
  return result.find(setup);
}

/// Why the slow rows differ: the share of the commands that met the timer, there and here.
std::string why_different(const ZinoRun& run, const PublishedRun& published) {
  const auto times = all_times(run);
  if (times.empty()) return "";
  std::vector<core::Micros> stalled;
  std::ranges::copy_if(times, std::back_inserter(stalled), [](core::Micros time) { return time >= core::Micros(20'000); });
  constexpr double kPublishedCommands = 300;
  return fmt::format(
      "Here {:.0f} % of the commands met the client's delayed-ACK timer, {} each. The published total is {:.1f} ms a command: "
      "with a timer of 40 ms, {:.0f} % of its commands met it. Our other replies came in one chunk, since the relay was slower "
      "to read than the server to write. The published diagnosis names the server. That server has TCP_NODELAY, and so has "
      "ours: the kernel charges the relay, whose Nagle is on.\n",
      100.0 * static_cast<double>(stalled.size()) / static_cast<double>(times.size()), core::to_string(mean(stalled)),
      1000 * published.total_s / kPublishedCommands, 100 * published.total_s * 1000 / kPublishedCommands / 40);
}

std::string published_text(const ZinoResult& result) {
  std::string shown;
  for (const PublishedRun& published : published_runs()) {
    const ZinoRun* run = like_published(result, published);
    if (run == nullptr) continue;
    const double total_s = core::to_ms(run->total) / 1000;
    shown +=
        fmt::format("  {:<9} {:>5.2f} s, {:>4} chunks; here {:>6.3f} s, {} chunks, {:.2f} of the time\n", text(published.writes),
                    published.total_s, published.chunks, total_s,
                    run->s2c_chunks ? fmt::format("{:>4}", run->s2c_chunks->size()) : "uncounted", total_s / published.total_s);
  }
  if (shown.empty()) return "";
  shown.insert(0, "The published table (100 cases, Zino 2.5.0 and 2.5.1 behind a local relay, path B) and this machine:\n");
  const ZinoRun* slow = like_published(result, published_runs().front());
  if (slow != nullptr && result.options.server == ZinoServer::uncork) shown += why_different(*slow, published_runs().front());
  return shown + "\n";
}

std::string sizes_text(std::vector<unsigned> sizes) {
  std::ranges::sort(sizes);
  if (sizes.empty()) return "none";
  return fmt::format("{} of {} to {} bytes, median {}", sizes.size(), sizes.front(), sizes.back(), sizes[sizes.size() / 2]);
}

std::string chunks_text(const ZinoResult& result) {
  std::string shown = "Chunks from the server, as the relay (or the client) received them:\n";
  for (const ZinoRun& run : result.runs) {
    if (!run.s2c_chunks) continue;
    shown += fmt::format("  {} {:<9} {:<12} {}, for {} replies\n", run.setup.path(), text(run.setup.writes),
                         run.setup.front          ? "front"
                         : run.setup.pipeline > 1 ? "pipelined"
                                                  : fmt::format("nagle {}", text(run.setup.nagle)),
                         sizes_text(*run.s2c_chunks), run.replies);
  }
  return shown;
}

core::Json run_json(const ZinoRun& run, const ZinoOptions& options) {
  core::Json commands = core::Json::object();
  for (const auto& [command, times] : run.times) {
    commands[command] = {{"n", times.size()},
                         {"mean_ms", core::to_ms(mean(times))},
                         {"p50_ms", core::to_ms(quantile(times, 0.5))},
                         {"p99_ms", core::to_ms(quantile(times, 0.99))},
                         {"max_ms", core::to_ms(quantile(times, 1))}};
  }
  core::Json json = {{"path", std::string(1, run.setup.path())},
                     {"proxy_delay_ms", nullptr},
                     {"writes", word(run.setup.writes)},
                     {"nagle", text(run.setup.nagle)},
                     {"client", text(options.client)},
                     {"server", text(options.server)},
                     {"front", run.setup.front},
                     {"pipeline", run.setup.pipeline},
                     {"cases", run.cases},
                     {"total_s", core::to_ms(run.total) / 1000},
                     {"commands", std::move(commands)},
                     {"replies", run.replies},
                     {"s2c_chunks", nullptr},
                     {"s2c_chunk_bytes", nullptr},
                     {"server_cpu_us_per_command", nullptr},
                     {"held_ms", nullptr},
                     {"blamed", nullptr}};
  if (run.setup.relay_delay) json["proxy_delay_ms"] = core::to_ms(*run.setup.relay_delay);
  if (run.s2c_chunks) {
    json["s2c_chunks"] = run.s2c_chunks->size();
    json["s2c_chunk_bytes"] = *run.s2c_chunks;
  }
  if (run.replies > 0) {
    json["server_cpu_us_per_command"] = static_cast<double>(run.server_cpu.count()) / static_cast<double>(run.replies);
  }
  if (run.held) json["held_ms"] = core::to_ms(all_held(run));
  if (run.blamed) json["blamed"] = text(*run.blamed);
  return json;
}

}  // namespace

std::string zino_heading() {
  return fmt::format(kLine, "PATH", "WRITES", "NAGLE", "PIPE", "FRONT", "TOTAL", "MEAN", "P99", "CHUNKS", "HELD", "BY");
}

std::string zino_line(const ZinoRun& run) {
  const auto times = all_times(run);
  return fmt::format(kLine, run.setup.path(), text(run.setup.writes), text(run.setup.nagle), run.setup.pipeline,
                     run.setup.front ? "yes" : "no", core::to_string(run.total), core::to_string(mean(times)),
                     core::to_string(quantile(times, 0.99)), run.s2c_chunks ? std::to_string(run.s2c_chunks->size()) : "-",
                     run.held ? core::to_string(all_held(run)) : "-", run.blamed ? text(*run.blamed) : "nobody");
}

std::string zino_text(const ZinoResult& result) {
  return times_text(result) + "\n" + chunks_text(result) + "\n" + published_text(result) + criteria_text(result.criteria);
}

core::Json zino_json(const ZinoResult& result) {
  core::Json runs = core::Json::array();
  for (const ZinoRun& run : result.runs) runs.push_back(run_json(run, result.options));
  core::Json json = scenario_json("zino", result.criteria, core::Json::array());
  json.erase("rows");
  json["runs"] = std::move(runs);
  core::Json published = core::Json::array();
  for (const PublishedRun& row : published_runs()) {
    published.push_back({{"path", "B"}, {"writes", word(row.writes)}, {"total_s", row.total_s}, {"s2c_chunks", row.chunks}});
  }
  json["published"] = std::move(published);
  return json;
}

}  // namespace uncork::lab
