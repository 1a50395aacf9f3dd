#include "lab/sockets/soak.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "core/syscall.hpp"
#include "lab/cpu_time.hpp"
#include "lab/sockets/realtime.hpp"
#include "lab/sockets/watcher.hpp"

namespace uncork::lab {
namespace {

constexpr core::Micros kSlice{50'000};  // between looks at the world
constexpr core::Micros kSilenceLimit{60'000'000};
constexpr core::Micros kBeforeRestart{200'000};
constexpr std::size_t kEndsMost = 20;
constexpr std::uint64_t kLooksAfter = 2;  // the end of the steps: the last rows come with the next look, or the one after

/// The thread that makes the steps.
class Stepper {
 public:
  Stepper(core::Micros every, std::mutex& mutex, const SoakStep& step) : every_(every), mutex_(mutex), step_(step) {}
  void start() {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }
  void stop() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
  }
  [[nodiscard]] bool started() const { return thread_.joinable(); }

  // Under the mutex, or after stop().
  [[nodiscard]] const core::Status& status() const { return status_; }
  [[nodiscard]] std::uint64_t steps() const { return steps_; }
  [[nodiscard]] core::Micros longest() const { return longest_; }

 private:
  void run(const std::stop_token& stop) {
    core::Time next = core::MonotonicClock::now();
    while (!stop.stop_requested()) {
      {
        const std::lock_guard lock(mutex_);
        const core::Time begun = core::MonotonicClock::now();
        status_ = step_();
        longest_ = std::max(longest_, core::MonotonicClock::now() - begun);
        if (!status_) return;
        ++steps_;
      }
      next = std::max(next + every_, core::MonotonicClock::now());  // who is late does not hurry
      std::mutex asleep;
      std::unique_lock lock(asleep);
      std::condition_variable_any().wait_for(lock, stop, next - core::MonotonicClock::now(), [] { return false; });
    }
  }

  core::Micros every_;
  std::mutex& mutex_;
  const SoakStep& step_;
  core::Status status_;
  std::uint64_t steps_ = 0;
  core::Micros longest_{0};
  std::jthread thread_;
};

std::string last_line(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

class Soak {
 public:
  Soak(const SoakOptions& options, GroundTruth& truth, const SoakStep& step,
       const std::function<bool(const SoakProgress&)>& on_progress)
      : options_(options), truth_(truth), on_progress_(on_progress), stepper_(options.every, mutex_, step) {}

  core::Result<SoakFigures> run();

 private:
  core::Status start_watcher();
  core::Status listen();
  core::Status take(const std::string& line);
  core::Status count_end(const std::string& why);
  std::optional<ProcessSample> sample();
  void sample_after_look(std::uint64_t rows);
  [[nodiscard]] core::Micros elapsed() const { return core::MonotonicClock::now() - begun_; }
  [[nodiscard]] bool is_over() const { return steps_end_ != 0 && looks_after_ >= kLooksAfter; }
  core::Status go_on();

  const SoakOptions& options_;
  GroundTruth& truth_;
  const std::function<bool(const SoakProgress&)>& on_progress_;
  std::mutex mutex_;  // of truth_ and the steps
  SoakFigures figures_;
  core::Time begun_ = core::MonotonicClock::now();
  core::Time heard_ = begun_;   // the last look, or the start of the watcher
  std::int64_t steps_end_ = 0;  // ns of CLOCK_REALTIME; 0: they go on
  std::uint64_t looks_after_ = 0;
  std::optional<Watcher> watcher_;
  std::optional<core::Micros> cpu_of_start_;  // of this watcher
  Stepper stepper_;                           // the last: it is stopped first
};

core::Status Soak::start_watcher() {
  std::vector<std::string> arguments = options_.command.empty() ? watcher_command(options_.poll) : options_.command;
  std::string program = "/proc/self/exe";
  if (!options_.command.empty()) {
    program = arguments.front();
    arguments.erase(arguments.begin());
  }
  auto started = Watcher::start(program, arguments, options_.open_files);
  if (!started) return core::fail(started.error());
  watcher_.emplace(std::move(*started));
  heard_ = core::MonotonicClock::now();
  return {};
}

core::Status Soak::count_end(const std::string& why) {
  figures_.ends.push_back({watcher_->status(), elapsed(), why.empty() ? last_line(watcher_->said()) : why});
  watcher_.reset();
  cpu_of_start_.reset();
  if (figures_.ends.size() < kEndsMost) {
    std::this_thread::sleep_for(kBeforeRestart);
    return start_watcher();
  }
  const WatcherEnd& end = figures_.ends.back();
  return core::fail(core::Error{core::ErrorCode::internal, 0,
                                fmt::format("the watcher has ended {} times, the last time with {}: {}", figures_.ends.size(),
                                            end_text(end.status), end.said)});
}

/// At any time: during looks it may have more of everything than between them.
std::optional<ProcessSample> Soak::sample() {
  const auto used = sample_process(watcher_->pid());
  if (!used) return std::nullopt;  // it has ended; the next event says so
  figures_.threads = std::max(figures_.threads, used->threads);
  figures_.descriptors = std::max(figures_.descriptors, used->descriptors);
  figures_.rss_kib = std::max(figures_.rss_kib, used->rss_kib);
  return *used;
}

void Soak::sample_after_look(std::uint64_t rows) {
  if (const auto used = sample()) figures_.memory.push_back({elapsed(), used->rss_kib, rows});
  const auto used = cpu_time(watcher_->pid());
  if (!used) return;
  if (cpu_of_start_) figures_.cpu = *used - *cpu_of_start_;
  if (!cpu_of_start_) cpu_of_start_ = *used;  // with the first look: to load the BPF programs costs more than a hundred looks
}

core::Status Soak::take(const std::string& line) {
  const std::int64_t arrived = realtime_ns();
  heard_ = core::MonotonicClock::now();
  auto look = read_look(line);
  if (!look) {
    watcher_->kill();
    return count_end(look.error().message);
  }
  look->arrived = arrived;
  figures_.namespaces = std::max(figures_.namespaces, look->namespaces);
  figures_.poll_ms.push_back(static_cast<double>(arrived - look->begun) / 1e6);
  sample_after_look(look->rows.size());
  {
    const std::lock_guard lock(mutex_);
    truth_.judge(*look);
  }
  if (steps_end_ != 0 && look->begun > steps_end_) ++looks_after_;
  if (!stepper_.started() && steps_end_ == 0) {
    begun_ = core::MonotonicClock::now();
    stepper_.start();
  }
  return {};
}

core::Status Soak::listen() {
  std::string line;
  const auto event = watcher_->next(core::MonotonicClock::now() + kSlice, line);
  if (!event) return core::fail(event.error());
  if (*event == Watcher::Event::line) return take(line);
  if (*event == Watcher::Event::ended) return count_end("");
  sample();
  if (core::MonotonicClock::now() - heard_ < kSilenceLimit + options_.poll) return {};
  watcher_->kill();
  return count_end("it said nothing for a minute");
}

core::Status Soak::go_on() {
  const std::lock_guard lock(mutex_);
  if (!stepper_.status()) return stepper_.status();
  if (on_progress_({elapsed(), truth_.tally(), figures_.ends.size()})) return {};
  return core::fail(core::Error{core::ErrorCode::system, 0, "stopped before the end"});
}

core::Result<SoakFigures> Soak::run() {
  if (auto started = start_watcher(); !started) return core::fail(started.error());
  while (!is_over()) {
    if (auto heard = listen(); !heard) return core::fail(heard.error());
    if (auto going = go_on(); !going) return core::fail(going.error());
    if (steps_end_ == 0 && stepper_.started() && elapsed() >= options_.duration) {
      stepper_.stop();
      figures_.ran = elapsed();
      steps_end_ = realtime_ns();
    }
  }
  const int status = watcher_->finish();
  if (status != 0) figures_.ends.push_back({status, elapsed(), last_line(watcher_->said())});
  truth_.settle(steps_end_ + 1);
  figures_.every = options_.poll;
  figures_.tally = truth_.tally();
  figures_.steps = stepper_.steps();
  figures_.longest_step = stepper_.longest();
  return std::move(figures_);
}

}  // namespace

core::Result<SoakFigures> run_soak(const SoakOptions& options, GroundTruth& truth, const SoakStep& step,
                                   const std::function<bool(const SoakProgress&)>& on_progress) {
  return Soak(options, truth, step, on_progress).run();
}

std::vector<std::string> watcher_command(core::Micros poll) {
  return {"sockets", "--netns", "all", "--follow", fmt::format("{}us", poll.count()), "--json", "--columns", kSeenColumns};
}

core::Result<std::uint64_t> raise_open_files(std::uint64_t needed) {
  rlimit limit{};
  const auto asked = core::checked("ask for the limit of descriptors", [&] { return ::getrlimit(RLIMIT_NOFILE, &limit); });
  if (!asked) return core::fail(asked.error());
  const std::uint64_t had = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  if (limit.rlim_max < needed) {
    return core::fail(core::Error{core::ErrorCode::not_supported, EMFILE,
                                  fmt::format("{} descriptors are needed and {} allowed; 'ulimit -n' raises that, or ask for "
                                              "fewer sockets or namespaces",
                                              needed, limit.rlim_max)});
  }
  const auto set = core::checked("raise the limit of descriptors", [&] { return ::setrlimit(RLIMIT_NOFILE, &limit); });
  if (!set) return core::fail(set.error());
  return had;
}

}  // namespace uncork::lab
