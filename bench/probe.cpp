// What the witness costs, with light accounts (of `uncork watch`) and with whole ones: nanoseconds per kernel event above an
// empty program, and the rate of a request and reply server at full speed with and without it, in turn (without, light, without,
// whole; then each again with the kernel's statistics on). Needs root.
//   ./dev bench probe [ROUNDS [EXCHANGES]]

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/syscall.hpp"
#include "empty.skel.h"
#include "probe/witness.hpp"

namespace {

using namespace uncork;
using Cost = std::map<std::string, double>;  // hook -> ns a run

constexpr std::size_t kMessage = 32;
constexpr std::array<const char*, 3> kHooks = {"send", "segment", "read"};

template <typename T>
T must(core::Result<T> result) {
  if (!result) {
    fmt::print(stderr, "bench probe: {}\n", result.error().message);
    std::exit(3);
  }
  return std::move(*result);
}

void must(core::Status status) {
  if (!status) {
    fmt::print(stderr, "bench probe: {}\n", status.error().message);
    std::exit(3);
  }
}

core::Fd with_nodelay(core::Fd socket) {
  must(core::set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1));
  return socket;
}

void read_whole(const core::Fd& socket, std::array<std::byte, kMessage>& message) {
  for (std::size_t have = 0; have < message.size();) {
    const auto got = must(core::read_some(socket, std::span(message).subspan(have)));
    if (got.kind == core::ReadOutcome::Kind::end) ::_exit(0);  // the server's end
    have += got.count;
  }
}

struct Run {
  double us_per_exchange = 0;
  double cpu_us_per_exchange = 0;  // both ends, user and system
};

double cpu_us(int who) {
  rusage usage{};
  getrusage(who, &usage);
  const auto us = [](const timeval& t) { return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec); };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

Run exchange(int exchanges) {
  const core::Fd listener = must(core::tcp_listen(must(core::parse_endpoint("127.0.0.1:0"))));
  const core::Endpoint at = must(core::local_endpoint(listener));
  const double children_before = cpu_us(RUSAGE_CHILDREN);
  const pid_t server = ::fork();
  std::array<std::byte, kMessage> message{};
  if (server == 0) {
    const core::Fd socket = with_nodelay(must(core::tcp_accept(listener)));
    for (;;) {
      read_whole(socket, message);
      must(core::send_all(socket, message));
    }
  }
  Run run;
  {
    const core::Fd socket = with_nodelay(must(core::tcp_connect(at)));
    const double cpu_before = cpu_us(RUSAGE_SELF);
    const core::Time begin = core::MonotonicClock::now();
    for (int i = 0; i < exchanges; ++i) {
      must(core::send_all(socket, message));
      read_whole(socket, message);
    }
    run.us_per_exchange = static_cast<double>((core::MonotonicClock::now() - begin).count()) / exchanges;
    run.cpu_us_per_exchange = (cpu_us(RUSAGE_SELF) - cpu_before) / exchanges;
  }
  ::waitpid(server, nullptr, 0);
  run.cpu_us_per_exchange += (cpu_us(RUSAGE_CHILDREN) - children_before) / exchanges;
  return run;
}

double cost_of(const bpf_program* program) {
  bpf_prog_info info{};
  std::uint32_t size = sizeof info;
  if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size) != 0 || info.run_cnt == 0) return 0;
  return static_cast<double>(info.run_time_ns) / static_cast<double>(info.run_cnt);
}

struct Spread {
  double median = 0, low = 0, high = 0;
};

Spread spread(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {values[values.size() / 2], values.front(), values.back()};
}

struct Mode {
  Run without, with;
  Cost cost;
};

struct Round {
  Cost empty_cost;
  std::array<Mode, 2> modes;  // as kModes
};

constexpr std::array<const char*, 2> kModes = {"light", "whole"};

/// The kernel's own statistics of BPF run time, on while this exists. They slow every run down, so rates are taken without.
core::Fd statistics() {
  core::Fd on(bpf_enable_stats(BPF_STATS_RUN_TIME));
  if (!on) {
    fmt::print(stderr, "bench probe: cannot enable the kernel's BPF statistics; run as root\n");
    std::exit(3);
  }
  return on;
}

std::unique_ptr<probe::Witness> attach(std::size_t mode) {
  probe::WitnessOptions options;
  options.whole.all = mode == 1;
  return must(probe::Witness::attach(options));
}

Round measure(int exchanges) {
  Round round;
  for (std::size_t mode = 0; mode < kModes.size(); ++mode) {
    round.modes[mode].without = exchange(exchanges);
    const auto witness = attach(mode);
    round.modes[mode].with = exchange(exchanges);
  }
  const core::Fd counting = statistics();
  empty* programs = empty::open_and_load();
  if (programs == nullptr || empty::attach(programs) != 0) {
    fmt::print(stderr, "bench probe: cannot attach the empty programs; run as root\n");
    std::exit(3);
  }
  exchange(exchanges);
  round.empty_cost = {{"send", cost_of(programs->progs.empty_send)},
                      {"segment", cost_of(programs->progs.empty_segment)},
                      {"read", cost_of(programs->progs.empty_read)}};
  empty::destroy(programs);
  for (std::size_t mode = 0; mode < kModes.size(); ++mode) {
    const auto witness = attach(mode);
    exchange(exchanges);
    for (const probe::ProgramCost& cost : witness->costs()) {
      if (cost.runs == 0) continue;
      round.modes[mode].cost[cost.name.substr(3)] = static_cast<double>(cost.nanoseconds) / static_cast<double>(cost.runs);
    }
  }
  return round;
}

nlohmann::json json_of(const Spread& s) { return {{"median", s.median}, {"low", s.low}, {"high", s.high}}; }

nlohmann::json report(std::vector<Round>& all, std::size_t mode) {
  nlohmann::json document;
  fmt::print("\n{} accounts\n{:<10}{:>12}{:>12}{:>26}\n", kModes[mode], "hook", "empty ns", "witness ns",
             "above empty ns (spread)");
  double mean_above = 0;
  for (const char* hook : kHooks) {
    std::vector<double> empty_ns, witness_ns, above;
    for (Round& round : all) {
      empty_ns.push_back(round.empty_cost[hook]);
      witness_ns.push_back(round.modes[mode].cost[hook]);
      above.push_back(witness_ns.back() - empty_ns.back());
      mean_above += above.back() / static_cast<double>(all.size() * kHooks.size());
    }
    const Spread s = spread(above);
    fmt::print("{:<10}{:>12.0f}{:>12.0f}{:>12.0f} ({:.0f} to {:.0f})\n", hook, spread(empty_ns).median, spread(witness_ns).median,
               s.median, s.low, s.high);
    document["above_empty_ns"][hook] = json_of(s);
  }
  std::vector<double> rate, cpu;
  for (const Round& round : all) {
    const Mode& m = round.modes[mode];
    rate.push_back(m.without.us_per_exchange / m.with.us_per_exchange);
    cpu.push_back(m.with.cpu_us_per_exchange / m.without.cpu_us_per_exchange);
  }
  const Spread r = spread(rate), c = spread(cpu);
  fmt::print("mean above empty: {:.0f} ns an event\n", mean_above);
  fmt::print("exchanges a second with the witness / without: {:.3f} ({:.3f} to {:.3f})\n", r.median, r.low, r.high);
  fmt::print("CPU of an exchange with the witness / without: {:.3f} ({:.3f} to {:.3f}); {:.1f} us without\n", c.median, c.low,
             c.high, all[0].modes[mode].without.cpu_us_per_exchange);
  document["mean_above_empty_ns"] = mean_above;
  document["rate_ratio"] = json_of(r);
  document["cpu_ratio"] = json_of(c);
  return document;
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 5;
  const int exchanges = argc > 2 ? std::atoi(argv[2]) : 40000;
  utsname machine{};
  ::uname(&machine);
  fmt::print("bench probe: {} rounds of {} exchanges of {} bytes, NODELAY, loopback; Linux {} {}, {} processors\n", rounds,
             exchanges, kMessage, machine.release, machine.machine, sysconf(_SC_NPROCESSORS_ONLN));
  std::vector<Round> all;
  for (int i = 0; i < rounds; ++i) all.push_back(measure(exchanges));

  nlohmann::json document = {{"bench", "probe"}, {"rounds", rounds}, {"exchanges", exchanges}, {"kernel", machine.release}};
  for (std::size_t mode = 0; mode < kModes.size(); ++mode) document[kModes[mode]] = report(all, mode);
  fmt::print("\n{}\n", document.dump());
  return 0;
}
