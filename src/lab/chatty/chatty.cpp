#include "lab/chatty/chatty.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "cure/watcher.hpp"
#include "lab/chatty/line_client.hpp"
#include "lab/child.hpp"

namespace uncork::lab {
namespace {

// What each cell must show. The witness sees every hold, so its shares are tight; a sampler looks every few milliseconds.
constexpr double kStalledMeanMs = 38;  // a 40 ms timer less a tick
// Exchanges of a new connection that are not judged: it acknowledges at once for a while (tcp_input.c: tcp_enter_quickack_mode).
constexpr unsigned kWarmUp = 5;
constexpr double kHealthyMeanMs = 2;
constexpr double kWitnessedShare = 0.95;
constexpr double kSampledShare = 0.5;
constexpr double kSampledNoise = 0.1;
constexpr double kCureFactor = 50;
constexpr unsigned kCureExchanges = 25;  // before, and again after

core::Error stopped() { return {core::ErrorCode::system, 0, "stopped before the end"}; }

std::string on_off(Nagle nagle) { return nagle == Nagle::on ? "on" : "off"; }

/// The processes of one cell and the address that the client goes to.
struct Bench {
  Child server;
  std::optional<Child> relay;

  [[nodiscard]] core::Endpoint front() const { return relay ? relay->listening() : server.listening(); }
};

core::Result<Bench> set_up(const Setup& setup, unsigned lines) {
  const bool direct = setup.path == Path::direct;
  auto server = Child::start({"lab", "line-server", "--listen", "127.0.0.1:0", "--writes",
                              setup.writes == Writes::per_line ? "per-line" : "coalesced", "--nagle",
                              on_off(direct ? setup.nagle : Nagle::off), "--lines", std::to_string(lines)});
  if (!server) return core::fail(server.error());
  Bench bench{std::move(*server), std::nullopt};
  if (direct) return bench;
  auto relay = Child::start({"proxy", "--quiet", "--listen", "127.0.0.1:0", "--connect",
                             core::to_string(bench.server.listening()), "--nagle", on_off(setup.nagle)});
  if (!relay) return core::fail(relay.error());
  bench.relay = std::move(*relay);
  return bench;
}

core::Micros held_by_sender(const stall::Budget& budget) {
  return budget[stall::Cause::nagle_delayed_ack] + budget[stall::Cause::nagle_round_trip] + budget[stall::Cause::cork];
}

/// Who lost most of the cell's processes, and what the last sender wrote.
using Budgets = std::map<std::uint64_t, stall::Budget>;  // by socket

void read_witness(const std::vector<probe::ConnectionRow>& rows, const Budgets& before, const Bench& bench,
                  stall::Confidence confidence, Cell& cell) {
  for (const probe::ConnectionRow& row : rows) {
    const pid_t pid = row.where.process.pid;
    const bool of_relay = bench.relay && pid == bench.relay->pid();
    if (pid != bench.server.pid() && !of_relay) continue;
    const stall::Account& account = row.account;
    if (row.where.local.port == bench.front().port) cell.writes = account.writes_per_exchange();
    stall::Budget budget = account.budget;
    if (const auto warm_up = before.find(row.where.cookie); warm_up != before.end()) budget -= warm_up->second;
    const core::Micros held = held_by_sender(budget);
    const double share = budget.busy().count() == 0 ? 0 : core::to_ms(held) / core::to_ms(budget.busy());
    const double noise = confidence == stall::Confidence::sampled ? kSampledNoise : 0;
    if (held < core::Micros(1000) || share < noise || held <= cell.held) continue;
    cell.held = held;
    cell.held_share = share;
    cell.cause = budget.worst();
    cell.blamed = of_relay ? Blamed::relay : Blamed::server;
    cell.blamed_pid = pid;
  }
}

std::string judge(const Cell& cell, stall::Confidence confidence) {
  const double mean = core::to_ms(cell.times.mean());
  if (!cell.setup.must_stall()) {
    if (cell.cause) return fmt::format("must not stall, but {} was charged", stall::name(*cell.cause));
    if (mean >= kHealthyMeanMs) return fmt::format("mean {:.2f} ms, expected under {} ms", mean, kHealthyMeanMs);
    return "";
  }
  const double least_share = confidence == stall::Confidence::witnessed ? kWitnessedShare : kSampledShare;
  const Blamed expected = cell.setup.path == Path::direct ? Blamed::server : Blamed::relay;
  if (mean < kStalledMeanMs) return fmt::format("mean {:.2f} ms, expected at least {} ms", mean, kStalledMeanMs);
  if (!cell.cause) return "stalled, but nothing was charged";
  if (*cell.cause != stall::Cause::nagle_delayed_ack) return fmt::format("{} was charged", stall::name(*cell.cause));
  if (*cell.blamed != expected) return "the wrong process was blamed";
  if (cell.held_share < least_share)
    return fmt::format("only {:.1f} % charged, expected {:.0f} %", 100 * cell.held_share, 100 * least_share);
  return "";
}

core::Result<Cell> measure(const Setup& setup, const ChattyOptions& options, probe::Source& source,
                           const std::function<bool(unsigned)>& on_progress) {
  const auto bench = set_up(setup, options.lines);
  if (!bench) return core::fail(bench.error());
  auto client = LineClient::connect(bench->front());
  if (!client) return core::fail(client.error());
  for (unsigned i = 0; i < kWarmUp; ++i) {
    if (const auto time = client->exchange(options.lines); !time) return core::fail(time.error());
  }
  const auto warm = source.poll();
  if (!warm) return core::fail(warm.error());
  Budgets before;
  for (const probe::ConnectionRow& row : *warm) before[row.where.cookie] = row.account.budget;
  Cell cell;
  cell.setup = setup;
  for (unsigned i = 0; i < options.exchanges; ++i) {
    if (!on_progress(i)) return core::fail(stopped());
    const auto time = client->exchange(options.lines);
    if (!time) return core::fail(time.error());
    cell.times.add(time->wall);
    cell.chunks += time->chunks;
    ++cell.exchanges;
  }
  cell.chunks /= std::max(cell.exchanges, 1U);
  const auto rows = source.poll();
  if (!rows) return core::fail(rows.error());
  read_witness(*rows, before, *bench, source.confidence(), cell);
  cell.failed_because = judge(cell, source.confidence());
  return cell;
}

core::Micros mean_of(const std::vector<core::Micros>& times, std::size_t skip) {
  if (times.size() <= skip) return core::Micros(0);
  const auto sum = std::accumulate(times.begin() + static_cast<std::ptrdiff_t>(skip), times.end(), core::Micros(0));
  return sum / static_cast<std::int64_t>(times.size() - skip);
}

core::Status exchange_into(LineClient& client, unsigned lines, unsigned count, const std::function<bool(unsigned)>& on_progress,
                           std::vector<core::Micros>& times) {
  for (unsigned i = 0; i < count; ++i) {
    if (!on_progress(static_cast<unsigned>(times.size()))) return core::fail(stopped());
    const auto time = client.exchange(lines);
    if (!time) return core::fail(time.error());
    times.push_back(time->wall);
  }
  return {};
}

/// The same setup again; between two exchanges the process that was blamed is cured from outside.
core::Result<Cure> cure_live(const Setup& setup, const ChattyOptions& options, const std::function<bool(unsigned)>& on_progress) {
  const auto bench = set_up(setup, options.lines);
  if (!bench) return core::fail(bench.error());
  auto client = LineClient::connect(bench->front());
  if (!client) return core::fail(client.error());
  Cure cure;
  cure.setup = setup;
  cure.pid = bench->relay ? bench->relay->pid() : bench->server.pid();
  std::vector<core::Micros> warm_up;
  if (auto done = exchange_into(*client, options.lines, kWarmUp, on_progress, warm_up); !done) return core::fail(done.error());
  if (auto done = exchange_into(*client, options.lines, kCureExchanges, on_progress, cure.before); !done)
    return core::fail(done.error());
  const auto cured = cure::cure_process(cure.pid, {bench->front().port, std::nullopt});
  if (!cured) return core::fail(cured.error());
  if (auto done = exchange_into(*client, options.lines, kCureExchanges, on_progress, cure.after); !done)
    return core::fail(done.error());
  cure.before_mean = mean_of(cure.before, 0);
  cure.after_mean = mean_of(cure.after, 1);  // the cure came in the first
  if (cured->changed == 0) {
    cure.failed_because = "no socket was changed";
  } else if (cure.after_mean * static_cast<std::int64_t>(kCureFactor) > cure.before_mean) {
    cure.failed_because = fmt::format("the mean fell by less than a factor of {}", kCureFactor);
  }
  return cure;
}

}  // namespace

const std::vector<Setup>& chatty_setups() {
  static const std::vector<Setup> kSetups = [] {
    std::vector<Setup> setups;
    for (const Path path : {Path::direct, Path::relay}) {
      for (const Writes writes : {Writes::per_line, Writes::coalesced}) {
        for (const Nagle nagle : {Nagle::on, Nagle::off}) setups.push_back({path, writes, nagle});
      }
    }
    return setups;
  }();
  return kSetups;
}

bool ChattyResult::passed() const {
  return cells.size() == chatty_setups().size() && cure.pid != 0 && cure.failed_because.empty() &&
         std::all_of(cells.begin(), cells.end(), [](const Cell& cell) { return cell.failed_because.empty(); });
}

core::Result<ChattyResult> run_chatty(const ChattyOptions& options, probe::Source& source, const ChattyObserver& observer) {
  ChattyResult result;
  std::size_t number = 0;
  const auto progress = [&](unsigned exchanges) { return observer.on_progress(number, exchanges); };
  for (const Setup& setup : chatty_setups()) {
    auto cell = measure(setup, options, source, progress);
    if (!cell) return core::fail(cell.error());
    observer.on_cell(*cell);
    result.cells.push_back(std::move(*cell));
    ++number;
  }
  const auto worst = std::max_element(result.cells.begin(), result.cells.end(),
                                      [](const Cell& a, const Cell& b) { return a.times.mean() < b.times.mean(); });
  auto cure = cure_live(worst->setup, options, progress);
  if (!cure) return core::fail(cure.error());
  result.cure = std::move(*cure);
  return result;
}

}  // namespace uncork::lab
