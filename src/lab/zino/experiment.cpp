#include "lab/zino/experiment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <utility>

#include "core/syscall.hpp"
#include "lab/cpu_time.hpp"
#include "lab/zino/chunk_log.hpp"
#include "lab/zino/judge.hpp"
#include "lab/zino/listing.hpp"
#include "lab/zino/stage.hpp"

namespace uncork::lab {
namespace {

constexpr core::Micros kWorthNaming{1'000};

core::Micros held_by_sender(const stall::Budget& budget) {
  return budget[stall::Cause::nagle_delayed_ack] + budget[stall::Cause::nagle_round_trip] + budget[stall::Cause::cork];
}

/// What the kernel saw of the run's processes.
core::Status read_witness(probe::Source& source, const Stage& stage, ZinoRun& run) {
  const auto rows = source.poll();
  if (!rows) return core::fail(rows.error());
  if (source.confidence() != stall::Confidence::witnessed) return {};
  std::map<ZinoPart, core::Micros> held;
  for (const probe::ConnectionRow& row : *rows) {
    if (const auto part = stage.part_of(row.where.process.pid)) held[*part] += held_by_sender(row.account.budget);
  }
  core::Micros most = kWorthNaming;
  for (const auto& [part, time] : held) {
    if (time < most) continue;
    most = time;
    run.blamed = part;
  }
  run.held = std::move(held);
  return {};
}

/// Appends the relay's log of a run, under a line that says which run it was.
core::Status keep_log(const std::string& path, const ZinoSetup& setup, const std::string& log) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "ae"), &std::fclose);
  if (file == nullptr) return core::fail(core::system_error("open " + path, errno));
  fmt::print(file.get(), "# path {}, writes {}, pipeline {}, front {}\n{}", setup.path(),
             setup.writes == zino::Writes::per_line ? "per-line" : "coalesced", setup.pipeline, setup.front ? "yes" : "no", log);
  if (std::fflush(file.get()) != 0) return core::fail(core::system_error("write " + path, errno));
  return {};
}

core::Status count_chunks(Stage& stage, const ZinoOptions& options, ZinoRun& run) {
  const auto log = stage.end_relay();
  if (!log) return core::fail(log.error());
  if (!*log) return {};
  auto chunks = server_chunks(**log);
  if (!chunks) return core::fail(chunks.error());
  if (options.client == ZinoClient::builtin && !chunks->empty()) chunks->pop_back();  // QUIT's, which the replies leave out
  run.s2c_chunks = std::move(*chunks);
  return options.proxy_log.empty() ? core::Status() : keep_log(options.proxy_log, run.setup, **log);
}

core::Result<ZinoRun> measure(const ZinoSetup& setup, const ZinoOptions& options, const zino::Fixture& fixture,
                              probe::Source& source, const std::function<bool(unsigned)>& proceed) {
  auto stage = set_up(setup, options.server, fixture);
  if (!stage) return core::fail(stage.error());
  ZinoRun run;
  run.setup = setup;
  const auto cpu_before = cpu_time(stage->server.pid());
  if (!cpu_before) return core::fail(cpu_before.error());
  if (const auto listed = list_cases(options.client, stage->at(), fixture, run, proceed); !listed)
    return core::fail(listed.error());
  const auto cpu_after = cpu_time(stage->server.pid());
  if (!cpu_after) return core::fail(cpu_after.error());
  run.server_cpu = *cpu_after - *cpu_before;
  if (const auto read = read_witness(source, *stage, run); !read) return core::fail(read.error());
  if (const auto counted = count_chunks(*stage, options, run); !counted) return core::fail(counted.error());
  return run;
}

ZinoSetup make_setup(std::optional<core::Micros> delay, zino::Writes writes, Nagle nagle = Nagle::off) {
  ZinoSetup setup;
  setup.relay_delay = delay;
  setup.writes = writes;
  setup.nagle = nagle;
  return setup;
}

}  // namespace

std::uint64_t ZinoRun::commands() const {
  std::uint64_t count = 0;
  for (const auto& [command, of_it] : times) count += of_it.size();
  return count;
}

std::optional<core::Micros> ZinoRun::held_by(ZinoPart part) const {
  if (!held) return std::nullopt;
  const auto found = held->find(part);
  return found == held->end() ? core::Micros(0) : found->second;
}

const ZinoRun* ZinoResult::find(const ZinoSetup& setup) const {
  const auto found = std::ranges::find(runs, setup, &ZinoRun::setup);
  return found == runs.end() ? nullptr : &*found;
}

std::vector<ZinoSetup> zino_setups(const ZinoOptions& options) {
  if (options.only) return {*options.only};
  using zino::Writes;
  const bool has_switch = options.server == ZinoServer::uncork;
  std::vector<ZinoSetup> setups;
  if (has_switch) {
    setups.push_back(make_setup(std::nullopt, Writes::per_line, Nagle::on));
    setups.push_back(make_setup(std::nullopt, Writes::per_line));
  }
  setups.push_back(make_setup(std::nullopt, Writes::coalesced));
  for (const core::Micros delay : {core::Micros(0), kFarAway}) {
    if (has_switch) setups.push_back(make_setup(delay, Writes::per_line));
    setups.push_back(make_setup(delay, Writes::coalesced));
  }
  ZinoSetup ahead = make_setup(kFarAway, Writes::coalesced);
  if (options.client == ZinoClient::builtin) {
    ahead.pipeline = kPipeline;
    setups.push_back(ahead);
  }
  ahead.pipeline = 1;
  ahead.front = true;
  setups.push_back(ahead);
  return setups;
}

core::Result<ZinoResult> run_zino(const ZinoOptions& options, probe::Source& source, const ZinoObserver& observer) {
  zino::FixtureOptions wanted;
  wanted.events = options.events;
  wanted.now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const zino::Fixture fixture = zino::make_fixture(wanted);
  ZinoResult result{options, {}, {}};
  for (const ZinoSetup& setup : zino_setups(options)) {
    const std::size_t number = result.runs.size();
    auto run = measure(setup, options, fixture, source, [&](unsigned done) { return observer.on_progress(number, done); });
    if (!run) return core::fail(run.error());
    observer.on_run(*run);
    result.runs.push_back(std::move(*run));
  }
  result.criteria = judge_zino(result);
  return result;
}

}  // namespace uncork::lab
