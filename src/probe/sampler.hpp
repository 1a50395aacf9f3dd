#pragma once
// Connections and their ledgers from tcp_info sampled many times a second: the source for those who may not use BPF.

#include <condition_variable>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "probe/diag/inet_diag.hpp"
#include "probe/sampled_connections.hpp"
#include "probe/source.hpp"

namespace uncork::probe {

struct SamplerOptions {
  core::Micros interval{5000};          ///< between samples, 1 ms to 1 s; an eighth of a 40 ms stall by default
  std::string netns{};                  ///< the namespace to look at, by its ip-netns(8) name; empty: the caller's own
  std::optional<std::uint16_t> port{};  ///< only connections with this port at either end: the kernel filters
};

/// How often to sample: as wished, but slower while one pass costs more CPU than half of the interval, so that a machine with
/// many connections is not kept busy by being looked at. Sans-I/O.
class Pace {
 public:
  static constexpr core::Micros kSlowest{50000};

  explicit Pace(core::Micros wished) : wished_(wished), interval_(wished) {}

  /// Doubles the interval (up to kSlowest) after a pass that took more than half of it, and halves it again, down to the wish,
  /// after one that took less than an eighth.
  void pass_took(core::Micros cpu);

  [[nodiscard]] core::Micros interval() const { return interval_; }
  [[nodiscard]] core::Micros last_pass() const { return last_pass_; }
  [[nodiscard]] bool slowed() const { return interval_ > wished_; }

 private:
  core::Micros wished_;
  core::Micros interval_;
  core::Micros last_pass_{0};
};

/// Samples on a thread of its own from start() until it is destroyed, which takes no longer than one pass. Needs no privilege,
/// but CAP_SYS_ADMIN for another namespace, which lives until the sampler is gone, and root to name other users' processes. The
/// public functions may be called from any thread. rows: the budget of each begins when it was first seen; `nodelay` and
/// `is_writer` are not known and false, Account::writes is 0.
class Sampler final : public Source {
 public:
  /// Processes are looked up at most this often, and only while some connection has none.
  static constexpr core::Micros kBetweenNames{500000};

  /// Returns when the first samples have been taken. Errors: of enter_namespace() and InetDiag, or an unusable option.
  [[nodiscard]] static core::Result<std::unique_ptr<Sampler>> start(const SamplerOptions& options = {});
  ~Sampler() override;
  Sampler(const Sampler&) = delete;
  Sampler& operator=(const Sampler&) = delete;

  /// Fails while the kernel refuses to list the sockets.
  [[nodiscard]] core::Result<std::vector<ConnectionRow>> poll() override;
  [[nodiscard]] stall::Confidence confidence() const override { return stall::Confidence::sampled; }
  [[nodiscard]] std::vector<std::string> limits() const override;

 private:
  explicit Sampler(const SamplerOptions& options) : options_(options), pace_(options.interval) {}

  // On the sampling thread.
  void run(const std::stop_token& stop, std::promise<core::Status> started);
  [[nodiscard]] core::Status prepare();
  [[nodiscard]] core::Status pass();
  void look_up_names();
  void wait(const std::stop_token& stop, core::Time until);

  const SamplerOptions options_;
  std::optional<InetDiag> diag_;  // this, the list and the time: the sampling thread's alone
  SocketList list_;
  core::Time names_at_{};

  mutable std::mutex mutex_;  // guards all between here and the thread
  std::condition_variable_any wake_;
  std::optional<SampledConnections> connections_;
  Pace pace_;
  core::Status last_pass_;
  std::uint64_t interrupted_ = 0;

  std::jthread thread_;  // last: stopped and joined before anything that it uses goes
};

}  // namespace uncork::probe
