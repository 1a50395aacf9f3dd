#include "cli/watch/source.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "core/syscall.hpp"
#include "probe/enrich/cgroup_paths.hpp"

namespace uncork::cli {
namespace {

/// Whether a process is chosen in the kernel, and what it starts.
struct Family {
  std::int32_t pid = 0;  ///< 0: no process is
  bool children = false;
};

Family family_of(const WatchOptions& options, const Choice& choice) {
  if (!options.command.empty()) return {::getpid(), true};  // which has no connections itself
  return {choice.kernel.pid, choice.kernel.pid != 0 && options.tree};
}

core::Result<core::Fd> open_cgroup(const std::string& path) {
  if (path.empty()) return core::Fd();
  const std::string mount = probe::cgroup_mount();
  if (mount.empty()) {
    return core::fail(core::Error{core::ErrorCode::not_supported, 0,
                                  "--cgroup " + path + ": no hierarchy of version 2 is mounted, and the witness knows no other"});
  }
  auto opened = core::open_file(mount + path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (!opened) {
    return core::fail(core::Error{core::ErrorCode::not_found, opened.error().system_errno,
                                  fmt::format("--cgroup {}: there is no such control group below {}", path, mount)});
  }
  return opened;
}

probe::WitnessOptions witness_options(const WatchOptions& options, const WatchSource& source, int cgroup) {
  const KernelChoice& kernel = source.choice.kernel;
  const Family family = family_of(options, source.choice);
  probe::WitnessOptions witnessing;
  witnessing.threshold = options.threshold;
  witnessing.services = options.most_services;
  witnessing.stream = options.events;
  witnessing.only = {.port = kernel.port,
                     .local_port = kernel.local_port,
                     .remote_port = kernel.remote_port,
                     .netns = kernel.netns,
                     .processes = family.pid != 0,
                     .children = family.children,
                     .cgroup = cgroup,
                     .remote = kernel.remote,
                     .remote_bits = kernel.remote_bits};
  // What a process does has a whole account, but the other end, which is in the account for its name alone, need not have one.
  const bool names_other_ends = options.pid != 0 && family.pid == 0 && !options.all && !options.events;
  witnessing.whole.all = source.keeps_whole && !names_other_ends;
  witnessing.whole.pid = options.pid;
  if (source.sums_in_kernel) witnessing.tell = {false, false, false};
  if (options.shown_by() == WatchBy::connection) witnessing.tell.quiet = source.choice.asks_connections();
  return witnessing;
}

/// Names the process, and what descends from it if that is chosen too, to the kernel; again until nobody new is found, since
/// processes start others meanwhile.
core::Status choose_processes(probe::Witness& witness, const Family& family) {
  std::set<std::int32_t> wanted;
  for (;;) {
    const auto processes = witness.processes();
    if (!processes) return core::fail(processes.error());
    const std::size_t before = wanted.size();
    for (bool more = true; more;) {  // a child may stand before its parent
      more = false;
      for (const probe::ProcessRow& process : *processes) {
        const bool chosen = process.pid == family.pid || (family.children && wanted.contains(process.host_parent));
        if (!chosen || !wanted.insert(process.host_pid).second) continue;
        if (auto told = witness.want(process.host_pid); !told) return told;
        more = true;
      }
    }
    if (wanted.size() == before) return {};
  }
}

core::Result<WatchSource> open_witness(const WatchOptions& options, Choice choice, const core::Fd& cgroup) {
  WatchSource source;
  source.choice = std::move(choice);
  const bool by_connection = options.shown_by() == WatchBy::connection;
  const bool chosen = source.choice.chooses_connections() || !options.command.empty();
  source.keeps_whole = !by_connection || options.all || options.events || chosen;
  source.sums_in_kernel = options.shown_by() == WatchBy::service && !source.choice.asks_connections();
  auto witness = probe::Witness::attach(witness_options(options, source, cgroup ? cgroup.get() : -1));
  if (!witness) return core::fail(witness.error());
  if (const Family family = family_of(options, source.choice); family.pid != 0) {
    if (auto told = choose_processes(**witness, family); !told) return core::fail(told.error());
  }
  source.streaming = options.events ? witness->get() : nullptr;
  source.opened.source = std::move(*witness);
  return source;
}

core::Result<WatchSource> open_sampler(const WatchOptions& options, const core::Error& why) {
  for (const auto& [asked, needs] : {std::pair(options.events, "--events"), std::pair(options.tree, "--tree"),
                                     std::pair(!options.command.empty(), "to watch a command")}) {
    if (!asked) continue;
    core::Error error = why;
    error.message = fmt::format("{} needs the kernel's witness: {}", needs, why.message);
    return core::fail(error);
  }
  WatchSource source;
  auto choice = choose(options, Teller::samples);
  if (!choice) return core::fail(choice.error());
  source.choice = std::move(*choice);
  probe::SamplerOptions sampling;
  sampling.netns = options.netns;
  sampling.port = options.port;
  auto sampler = probe::Sampler::start(sampling);
  if (!sampler) return core::fail(sampler.error());
  source.opened = {std::move(*sampler), why.message};
  return source;
}

}  // namespace

core::Result<WatchSource> open_watch_source(const WatchOptions& options) {
  auto choice = choose(options, Teller::witness);
  if (!choice) return core::fail(choice.error());
  const auto cgroup = open_cgroup(choice->kernel.cgroup);
  if (!cgroup) return core::fail(cgroup.error());
  auto witness = open_witness(options, std::move(*choice), *cgroup);
  if (witness) return witness;
  return open_sampler(options, witness.error());
}

}  // namespace uncork::cli
