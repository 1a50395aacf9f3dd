#include "probe/sampler.hpp"

#include <algorithm>
#include <ctime>
#include <system_error>
#include <utility>

#include "core/count.hpp"
#include "core/duration.hpp"
#include "probe/namespaces.hpp"
#include "probe/processes.hpp"

namespace uncork::probe {
namespace {

constexpr core::Micros kShortest{1000};
constexpr core::Micros kLongest{1000000};

// What this thread has used of a CPU: a pass that is slow because others are busy is no reason to sample less.
core::Micros thread_cpu() {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return std::chrono::duration_cast<core::Micros>(std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec));
}

}  // namespace

void Pace::pass_took(core::Micros cpu) {
  last_pass_ = cpu;
  if (cpu > interval_ / 2) {
    interval_ = std::max(interval_, std::min(interval_ * 2, kSlowest));
  } else if (cpu < interval_ / 8) {
    interval_ = std::max(interval_ / 2, wished_);
  }
}

core::Result<std::unique_ptr<Sampler>> Sampler::start(const SamplerOptions& options) {
  if (options.interval < kShortest || options.interval > kLongest) {
    return core::fail(core::invalid_argument("sample every " + core::to_string(options.interval) +
                                             ": accepted: " + core::to_string(kShortest) + " to " + core::to_string(kLongest)));
  }
  std::unique_ptr<Sampler> sampler(new Sampler(options));
  std::promise<core::Status> started;
  auto first_pass = started.get_future();
  try {
    sampler->thread_ =
        std::jthread([self = sampler.get()](const std::stop_token& stop,
                                            std::promise<core::Status> promise) { self->run(stop, std::move(promise)); },
                     std::move(started));
  } catch (const std::system_error& error) {
    return core::fail(core::system_error("start the sampling thread", error.code().value()));
  }
  if (auto status = first_pass.get(); !status) return core::fail(status.error());
  return sampler;
}

Sampler::~Sampler() = default;

core::Status Sampler::prepare() {
  if (!options_.netns.empty()) {
    if (auto entered = enter_namespace(options_.netns); !entered) return entered;
  }
  const auto inode = own_namespace();
  if (!inode) return core::fail(inode.error());
  const std::scoped_lock lock(mutex_);
  connections_.emplace(options_.netns.empty() ? NamespaceNames().name_of(*inode) : options_.netns);
  return {};
}

void Sampler::run(const std::stop_token& stop, std::promise<core::Status> started) {
  core::Status status = prepare();
  if (status) status = pass();
  const bool usable = status.has_value();
  if (usable) look_up_names();
  started.set_value(std::move(status));
  if (!usable) return;
  core::Time due = core::MonotonicClock::now();
  while (!stop.stop_requested()) {
    const core::Micros interval = [&] {
      const std::scoped_lock lock(mutex_);
      return pace_.interval();
    }();
    due = std::max(due + interval, core::MonotonicClock::now());  // late: no catching up
    wait(stop, due);
    if (stop.stop_requested()) return;
    core::Status passed = pass();
    if (!passed) diag_.reset();  // half an answer may be left in it
    {
      const std::scoped_lock lock(mutex_);
      last_pass_ = std::move(passed);
    }
    look_up_names();
  }
}

core::Status Sampler::pass() {
  const core::Micros before = thread_cpu();
  if (!diag_) {
    auto opened = InetDiag::open();
    if (!opened) return core::fail(opened.error());
    diag_.emplace(std::move(*opened));
  }
  const SocketFilter filter{.connected = true, .listening = true, .port = options_.port};
  if (auto listed = diag_->list(filter, list_); !listed) return listed;
  const std::scoped_lock lock(mutex_);
  connections_->take(list_);
  if (list_.interrupted) ++interrupted_;
  pace_.pass_took(thread_cpu() - before);
  return {};
}

void Sampler::look_up_names() {
  const core::Time now = core::MonotonicClock::now();
  if (names_at_ != core::Time{} && now < names_at_ + kBetweenNames) return;
  {
    const std::scoped_lock lock(mutex_);
    if (!connections_->wants_names()) return;
  }
  names_at_ = now;
  // Without /proc there are no names, which limits() tells as it does for other users' sockets.
  const SocketHolders holders = find_socket_holders().value_or(SocketHolders{});
  const std::scoped_lock lock(mutex_);
  connections_->give_names(holders);
}

void Sampler::wait(const std::stop_token& stop, core::Time until) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, stop, until - core::MonotonicClock::now(), [] { return false; });
}

core::Result<std::vector<ConnectionRow>> Sampler::poll() {
  const std::scoped_lock lock(mutex_);
  if (!last_pass_) return core::fail(last_pass_.error());
  return connections_->take_rows();
}

std::vector<std::string> Sampler::limits() const {
  const std::scoped_lock lock(mutex_);
  std::vector<std::string> limits;
  limits.push_back("tcp_info sampled every " + core::to_string(pace_.interval()) +
                   ": writes, exact holds and anything shorter than that are not seen; sockets of other users have no pid");
  if (pace_.slowed()) {
    limits.push_back("sampling every " + core::to_string(pace_.interval()) + " instead of every " +
                     core::to_string(options_.interval) + ": one pass over " +
                     core::count_of(connections_->size(), "connection") + " takes " + core::to_string(pace_.last_pass()) +
                     "; choose a port or a namespace");
  }
  if (const std::size_t nameless = connections_->nameless(); nameless != 0) {
    limits.push_back(core::count_of(nameless, "connection belongs", "connections belong") +
                     " to processes that this user may not inspect (run as root)");
  }
  if (interrupted_ != 0) {
    limits.push_back(core::count_of(interrupted_, "pass was", "passes were") +
                     " interrupted by changing sockets and may have missed some");
  }
  if (connections_->dropped() != 0) {
    limits.push_back(core::count_of(connections_->dropped(), "ended connection was", "ended connections were") +
                     " not shown: too many between two polls");
  }
  return limits;
}

}  // namespace uncork::probe
