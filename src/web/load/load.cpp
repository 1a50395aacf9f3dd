#include "web/load/load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/ssl/context.hpp>
#include <limits>
#include <memory>
#include <thread>

#include "uncork/http2/tls.hpp"
#include "uncork/http2/url.hpp"
#include "web/load/load_worker.hpp"

namespace uncork::web {
namespace {

constexpr std::chrono::milliseconds kTick{50};

/// The parts of a whole differ by one at most.
template <typename T>
T part_of(T whole, unsigned number, unsigned of) {
  return whole / of + (number < whole % of ? 1 : 0);
}

class Threads {
 public:
  Threads(const LoadOptions& options, const http2::url& where, const http2::client_options& how, unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
      const LoadPart part{.number = i,
                          .of = count,
                          .connections = part_of(options.connections, i, count),
                          .requests = options.duration ? std::numeric_limits<std::uint64_t>::max() / 2
                                                       : part_of<std::uint64_t>(options.requests, i, count)};
      workers_.push_back(std::make_unique<LoadWorker>(options, where, how, part));
    }
    for (const auto& one : workers_) threads_.emplace_back([&one] { one->run(); });
  }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;
  ~Threads() {
    for (const auto& one : workers_) one->stop();
    for (std::thread& one : threads_) one.join();
  }

  [[nodiscard]] const std::vector<std::unique_ptr<LoadWorker>>& all() const { return workers_; }
  [[nodiscard]] bool are_ready() const {
    return std::ranges::all_of(workers_, [](const auto& one) { return one->is_ready(); });
  }
  [[nodiscard]] bool are_over() const {
    return std::ranges::all_of(workers_, [](const auto& one) { return one->is_over(); });
  }
  [[nodiscard]] std::uint64_t done() const {
    std::uint64_t sum = 0;
    for (const auto& one : workers_) sum += one->done();
    return sum;
  }
  void join() {
    for (std::thread& one : threads_) one.join();
    threads_.clear();
  }

 private:
  std::vector<std::unique_ptr<LoadWorker>> workers_;
  std::vector<std::thread> threads_;
};

void add(LoadResult& sum, const LoadResult& one) {
  sum.answered += one.answered;
  for (const auto& [why, count] : one.failures) sum.failures[why] += count;
  sum.bytes += one.bytes;
  sum.taken = std::max(sum.taken, one.taken);
  sum.latencies.merge(one.latencies);
  sum.sends += one.sends;
  sum.reads += one.reads;
  sum.wire_sent += one.wire_sent;
  sum.wire_received += one.wire_received;
  sum.connections += one.connections;
  sum.most_waiting += one.most_waiting;
  sum.never_sent += one.never_sent;
  sum.asked_again += one.asked_again;
  if (!one.gave_up.empty()) sum.gave_up = one.gave_up;
  sum.client_cpu += one.client_cpu;
}

core::Error unreachable(const LoadOptions& options, const Threads& threads) {
  std::string why;
  for (const auto& one : threads.all()) {
    if (!one->trouble().empty()) why = one->trouble();
  }
  return {.code = core::ErrorCode::refused, .system_errno = 0, .message = fmt::format("load {}: {}", options.url, why)};
}

}  // namespace

std::uint64_t LoadResult::failed() const {
  std::uint64_t sum = 0;
  for (const auto& [why, count] : failures) sum += count;
  return sum;
}

double LoadResult::per_second() const {
  const double seconds = core::to_ms(taken) / 1000;
  return seconds == 0 ? 0 : static_cast<double>(answered) / seconds;
}

double LoadResult::client_share() const {
  const double wall = core::to_ms(taken) * 1e6 * threads;
  return wall == 0 ? 0 : std::min(1.0, static_cast<double>(client_cpu.count()) / wall);
}

core::Result<LoadResult> load(const LoadOptions& options, const std::function<bool(const LoadProgress&)>& on_progress) {
  const auto where = parse_address(options.url);
  if (!where) return core::fail(where.error());
  boost::asio::ssl::context tls(boost::asio::ssl::context::tls_client);
  http2::set_up_client_tls(tls);
  http2::client_options how;
  how.tls = &tls;
  // A client that only counts what comes takes all of it at once.
  how.http2.stream_window = 1024 * 1024;
  how.http2.connection_window = 16 * 1024 * 1024;
  const unsigned count = std::max(1U, std::min(options.threads, options.connections));
  Threads threads(options, *where, how, count);
  bool goes_on = true;
  while (goes_on && !threads.are_ready()) {  // no longer than the time for a connection
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    goes_on = on_progress({});
  }
  const auto begun = std::chrono::steady_clock::now();
  for (const auto& one : threads.all()) one->begin(begun);
  while (goes_on && !threads.are_over()) {  // the workers work: this thread only tells how far they are
    std::this_thread::sleep_for(kTick);
    const auto now = std::chrono::steady_clock::now();
    goes_on = on_progress({.done = threads.done(), .since_begin = std::chrono::duration_cast<core::Micros>(now - begun)});
  }
  for (const auto& one : threads.all()) one->stop();
  threads.join();
  LoadResult sum;
  sum.threads = count;
  for (const auto& one : threads.all()) add(sum, one->result());
  const bool is_fruitless = sum.connections == 0 || (sum.answered == 0 && (!sum.gave_up.empty() || sum.failed() == 0));
  if (is_fruitless && goes_on) return core::fail(unreachable(options, threads));
  return sum;
}

}  // namespace uncork::web
