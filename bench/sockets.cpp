// What it costs to see every TCP socket: the published collector's requests (one dump a namespace, IPv4, every attribute of ext
// 0xfe, states 0x3fff, 32 KiB buffers) beside our one pass with process, descriptor and, with a witness attached, ledger. In
// turn, round by round; user and system time of this process. The sockets are made inside namespaces that are gone with the
// program. Needs root.
//   ./dev bench sockets [ROUNDS]
//   ./dev bench sockets large [ROUNDS]     20,000 sockets alone
//   ./dev bench sockets profile [PASSES [SOCKETS [keep]]]   only passes, to be run under a profiler

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/diag_request.hpp"
#include "bench/socket_holder.hpp"
#include "core/syscall.hpp"
#include "link/namespace.hpp"
#include "probe/socket_pass.hpp"
#include "probe/witness.hpp"
#include "record/envelope.hpp"
#include "record/format.hpp"

namespace {

using namespace uncork;
using bench::give_up;
using bench::Holder;
using bench::must;

constexpr int kExchanges = 3;

double cpu_ms() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto ms = [](const timeval& t) { return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_usec) / 1e3; };
  return ms(usage.ru_utime) + ms(usage.ru_stime);
}

/// The published collector's look at the namespace that the thread is in.
std::size_t dump(std::span<std::byte> buffer) {
  const core::Fd diag = bench::request_dump();
  std::size_t rows = 0;
  for (;;) {
    const auto got = ::recv(diag.get(), buffer.data(), buffer.size(), 0);
    if (got <= 0) give_up(core::system_error("read a dump", errno));
    if (!bench::walk_datagram(buffer.first(static_cast<std::size_t>(got)), rows)) return rows;
  }
}

/// Passes of a process that does nothing else: rows are marshalled, none is kept.
class Collector {
 public:
  explicit Collector(const probe::Witness* witness) : pass_(must(probe::SocketPass::open(texts_, {.witness = witness}))) {}

  std::size_t poll() {
    sent_ = 0;
    must(pass_->each({}, [&](const record::Row& row) { envelopes_.add(row, core::Time{}); }));
    envelopes_.flush(record::FlushReason::poll_end);
    return sent_;
  }

 private:
  record::Texts texts_;
  std::unique_ptr<probe::SocketPass> pass_;
  std::size_t sent_ = 0;
  record::EnvelopeBuilder envelopes_{record::protobuf_list_format(), {}, [this](const record::Envelope& e) { sent_ += e.rows; }};
};

struct Spread {
  double median = 0, low = 0, high = 0;
};

Spread spread(std::vector<double> values) {
  std::ranges::sort(values);
  return {values[values.size() / 2], values.front(), values.back()};
}

nlohmann::json json_of(const Spread& s) { return {{"median", s.median}, {"low", s.low}, {"high", s.high}}; }

struct Side {
  const char* name;
  std::function<std::size_t()> poll;
  std::vector<double> ms;
  std::size_t rows = 0;
};

void measure(Side& side) {
  const double before = cpu_ms();
  side.rows = side.poll();
  side.ms.push_back(cpu_ms() - before);
}

nlohmann::json report(const char* field, std::size_t sockets, std::vector<Side>& sides) {
  fmt::print("\n{}: {} sockets\n{:<28}{:>8}{:>28}{:>14}{:>28}\n", field, sockets, "", "rows", "CPU ms a poll (spread)",
             "us a row", "first / this (spread)");
  nlohmann::json document = {{"sockets", sockets}};
  for (const Side& side : sides) {
    std::vector<double> ratio;
    for (std::size_t i = 0; i < side.ms.size(); ++i) ratio.push_back(sides[0].ms[i] / side.ms[i]);
    const Spread s = spread(side.ms);
    const Spread r = spread(ratio);
    const double us = s.median * 1000 / static_cast<double>(std::max<std::size_t>(side.rows, 1));
    fmt::print("{:<28}{:>8}{:>28}{:>14.2f}{:>28}\n", side.name, side.rows,
               fmt::format("{:.2f} ({:.2f} to {:.2f})", s.median, s.low, s.high), us,
               fmt::format("{:.1f} ({:.1f} to {:.1f})", r.median, r.low, r.high));
    document[side.name] = {{"rows", side.rows}, {"ms", json_of(s)}, {"us_a_row", us}, {"ratio", json_of(r)}};
  }
  return document;
}

nlohmann::json run(const char* field, int namespace_count, int pairs, int holder_count, int rounds) {
  std::vector<link::Namespace> namespaces;
  for (int i = 0; i < namespace_count; ++i) namespaces.push_back(must(link::Namespace::make()));
  std::deque<Holder> holders;  // which stay where they are
  for (int i = 0; i < holder_count; ++i) holders.emplace_back(namespaces, pairs);

  record::Texts texts;
  const auto pass = must(probe::SocketPass::open(texts));
  std::vector<record::Row> rows;
  std::vector<std::byte> buffer(32 << 10);
  const auto ours = [&](probe::SocketPass& with) {
    must(with.read({}, rows));
    return rows.size();
  };
  Collector collector(nullptr);
  std::vector<Side> sides;
  sides.push_back({"the published requests",
                   [&] {
                     std::size_t seen = 0;
                     for (const link::Namespace& space : namespaces) {
                       must(space.inside([&]() -> core::Status {
                         seen += dump(buffer);
                         return {};
                       }));
                     }
                     return seen;
                   },
                   {}});
  sides.push_back({"one pass, rows kept", [&] { return ours(*pass); }, {}});
  sides.push_back({"one pass, rows marshalled", [&] { return collector.poll(); }, {}});
  for (Side& side : sides) (void)side.poll();
  for (int i = 0; i < rounds; ++i) {
    for (Side& side : sides) measure(side);
  }
  // Whole accounts, and exchanges on every connection: each socket has a ledger, with some that have ended.
  const auto witness = must(probe::Witness::attach());
  for (Holder& holder : holders) {
    for (int i = 0; i < kExchanges; ++i) holder.exchange();
  }
  const auto with_ledgers = must(probe::SocketPass::open(texts, {.witness = witness.get()}));
  Collector collector_with_ledgers(witness.get());
  std::vector<Side> with;
  with.push_back({"the same with ledgers, kept", [&] { return ours(*with_ledgers); }, {}});
  with.push_back({"with ledgers, marshalled", [&] { return collector_with_ledgers.poll(); }, {}});
  for (Side& side : with) (void)side.poll();
  for (int i = 0; i < rounds; ++i) {
    for (Side& side : with) measure(side);
  }
  std::ranges::move(with, std::back_inserter(sides));
  (void)ours(*with_ledgers);
  const auto known = std::ranges::count_if(rows, [](const record::Row& row) { return row.knows(record::Block::ledger); });
  const std::size_t sockets = namespaces.size() * holders.size() * (2 * static_cast<std::size_t>(pairs) + 1);
  nlohmann::json document = report(field, sockets, sides);
  fmt::print("with a ledger: {} rows\n", known);
  document["ledgers"] = known;
  return document;
}

/// Of this process, in KiB, as the kernel says it.
long from_status(std::string_view name) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name)) return std::atol(line.c_str() + name.size());
  }
  return 0;
}

/// What a collector's memory is, beside 20,000 sockets.
void show_memory() {
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child == 0) {
    std::vector<link::Namespace> namespaces;
    namespaces.push_back(must(link::Namespace::make()));
    const Holder one(namespaces, 5000);
    const Holder other(namespaces, 5000);
    Collector collector(nullptr);
    std::size_t rows = 0;
    for (int i = 0; i < 10; ++i) rows = collector.poll();
    fmt::print("a process that only marshals, {} rows: RSS {} KiB, at most {} KiB\n", rows, from_status("VmRSS:"),
               from_status("VmHWM:"));
    std::fflush(stdout);
    ::_exit(0);  // with the holders: their pipes end
  }
  ::waitpid(child, nullptr, 0);
}

/// Passes over that many sockets for some seconds, for a profiler to look at: each with three exchanges in its ledger.
void be_profiled(int rounds, int pairs, bool keep) {
  std::vector<link::Namespace> namespaces;
  namespaces.push_back(must(link::Namespace::make()));
  std::deque<Holder> holders;
  for (int left = pairs; left > 0; left -= 5000) holders.emplace_back(namespaces, std::min(left, 5000));
  const auto witness = must(probe::Witness::attach());
  for (Holder& holder : holders) {
    for (int i = 0; i < kExchanges; ++i) holder.exchange();
  }
  record::Texts texts;
  const auto pass = must(probe::SocketPass::open(texts, {.witness = witness.get()}));
  std::vector<record::Row> kept;
  Collector collector(witness.get());
  std::size_t rows = 0;
  const auto poll = [&] {
    if (!keep) return collector.poll();
    must(pass->read({}, kept));
    return kept.size();
  };
  (void)poll();
  double best = 1e9;
  const double before = cpu_ms();
  for (int i = 0; i < rounds; ++i) {
    const double begin = cpu_ms();
    const std::size_t n = poll();
    rows += n;
    best = std::min(best, (cpu_ms() - begin) * 1000 / static_cast<double>(n));
  }
  fmt::print("{} rows in {} passes, {:.3f} us a row, at best {:.3f}\n", rows, rounds,
             (cpu_ms() - before) * 1000 / static_cast<double>(rows), best);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "profile") {
    be_profiled(argc > 2 ? std::atoi(argv[2]) : 2000, argc > 3 ? std::atoi(argv[3]) / 2 : 1000, argc > 4);
    return 0;
  }
  const bool only_large = argc > 1 && std::string_view(argv[1]) == "large";
  const int rounds_at = only_large ? 2 : 1;
  const int rounds = argc > rounds_at ? std::atoi(argv[rounds_at]) : 9;
  utsname machine{};
  ::uname(&machine);
  fmt::print("bench sockets: {} rounds; Linux {} {}, {} processors; a row takes {} bytes\n", rounds, machine.release,
             machine.machine, sysconf(_SC_NPROCESSORS_ONLN), sizeof(record::Row));
  nlohmann::json document = {{"bench", "sockets"}, {"rounds", rounds}, {"kernel", machine.release}};
  if (!only_large) {
    show_memory();
    document["fifty"] = run("50 namespaces of 101 sockets", 50, 50, 1, rounds);
    document["five_thousand"] = run("5,000 sockets in one namespace", 1, 2500, 1, rounds);
  }
  document["twenty_thousand"] = run("20,000 sockets in one namespace", 1, 5000, 2, rounds);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  document["rss_kib"] = usage.ru_maxrss;
  fmt::print("\nlargest RSS: {} KiB\n\n{}\n", usage.ru_maxrss, document.dump());
  return 0;
}
