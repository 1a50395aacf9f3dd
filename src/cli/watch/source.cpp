#include "cli/watch/source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "probe/namespaces.hpp"

namespace uncork::cli {
namespace {

/// The connection view names the other end of what a process does, which so must have an account too; what it is asked for may be
/// light.
bool kernel_chooses_process(const WatchOptions& options) {
  return options.pid != 0 && (options.tree || options.shown_by() != WatchBy::connection);
}

probe::WitnessOptions witness_options(const WatchOptions& options, std::uint32_t netns) {
  probe::WitnessOptions witnessing;
  witnessing.threshold = options.threshold;
  witnessing.services = options.most_services;
  witnessing.stream = options.events;
  const bool by_process = kernel_chooses_process(options);
  witnessing.only.port = options.port.value_or(0);
  witnessing.only.netns = netns;
  witnessing.only.processes = by_process;
  witnessing.only.children = by_process && options.tree;
  // What is chosen has whole accounts.
  witnessing.whole.all = options.keeps_whole() && (options.pid == 0 || by_process || options.all || options.events);
  witnessing.whole.pid = options.pid;
  switch (options.shown_by()) {
    case WatchBy::service:
      witnessing.tell = {false, false, false};
      break;
    case WatchBy::connection:
      witnessing.tell.quiet = false;
      break;
    default:
      break;
  }
  return witnessing;
}

/// Names the process, and with --tree what descends from it, to the kernel; again until nobody new is found, since processes
/// start others meanwhile.
core::Status choose_processes(probe::Witness& witness, const WatchOptions& options) {
  std::set<std::int32_t> wanted;
  for (;;) {
    const auto processes = witness.processes();
    if (!processes) return core::fail(processes.error());
    const std::size_t before = wanted.size();
    for (bool more = true; more;) {  // a child may stand before its parent
      more = false;
      for (const probe::ProcessRow& process : *processes) {
        const bool chosen = process.pid == options.pid || (options.tree && wanted.contains(process.host_parent));
        if (!chosen || !wanted.insert(process.host_pid).second) continue;
        if (auto told = witness.want(process.host_pid); !told) return told;
        more = true;
      }
    }
    if (wanted.size() == before) return {};
  }
}

}  // namespace

core::Result<WatchSource> open_watch_source(const WatchOptions& options) {
  WatchSource source;
  probe::SamplerOptions sampling;
  std::uint32_t netns = 0;
  if (options.pid != 0) source.filter.pid = options.pid;
  if (options.port) source.filter.port = sampling.port = options.port;
  if (!options.netns.empty()) {
    const auto inode = probe::namespace_named(options.netns);
    if (!inode) return core::fail(inode.error());
    source.filter.netns = sampling.netns = options.netns;
    netns = static_cast<std::uint32_t>(*inode);
  }
  auto witness = probe::Witness::attach(witness_options(options, netns));
  if (witness) {
    if (kernel_chooses_process(options)) {
      if (auto chosen = choose_processes(**witness, options); !chosen) return core::fail(chosen.error());
      source.filter.pid.reset();
    }
    source.streaming = options.events ? witness->get() : nullptr;
    source.opened.source = std::move(*witness);
    return source;
  }
  core::Error error = witness.error();
  if (options.events || options.tree) {
    error.message = std::string(options.events ? "--events" : "--tree") + " needs the kernel's witness: " + error.message;
    return core::fail(error);
  }
  auto sampler = probe::Sampler::start(sampling);
  if (!sampler) return core::fail(sampler.error());
  source.opened = {std::move(*sampler), error.message};
  return source;
}

}  // namespace uncork::cli
