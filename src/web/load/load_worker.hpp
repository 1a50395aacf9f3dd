#pragma once
// One thread of the load client.

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "uncork/http2/client_options.hpp"
#include "uncork/http2/url.hpp"
#include "web/load/load.hpp"
#include "web/load/load_connection.hpp"

namespace uncork::web {

/// Its part of the whole load.
struct LoadPart {
  unsigned number = 0;  ///< of the thread
  unsigned of = 1;
  unsigned connections = 1;
  std::uint64_t requests = 0;
};

/// Makes its connections, waits for begin(), and runs until its part is done. run() in its own thread; the rest from any.
class LoadWorker final : private LoadWork {
 public:
  LoadWorker(const LoadOptions& options, const http2::url& where, const http2::client_options& how, LoadPart part);
  ~LoadWorker() override;

  void run();
  /// Whether its connections are there, or could not be made.
  [[nodiscard]] bool is_ready() const noexcept { return ready_.load(std::memory_order_acquire); }
  void begin(time_point at);
  /// What is due already is waited for no longer.
  void stop();
  [[nodiscard]] std::uint64_t done() const noexcept { return done_.load(std::memory_order_relaxed); }
  [[nodiscard]] bool is_over() const noexcept { return over_.load(std::memory_order_acquire); }

  /// When run() has ended.
  [[nodiscard]] const LoadResult& result() const noexcept { return result_; }
  /// Why there was no connection, if there was none.
  [[nodiscard]] const std::string& trouble() const noexcept { return trouble_; }

 private:
  [[nodiscard]] const http2::fields& request() const override { return request_; }
  [[nodiscard]] std::string_view body() const override { return options_.request.body; }
  [[nodiscard]] std::chrono::nanoseconds timeout() const override { return options_.timeout; }
  [[nodiscard]] std::optional<time_point> take(time_point now) override;
  void give_back(time_point due) override;
  void unprocessed(time_point due) override;
  void answered(time_point due, time_point now, unsigned status, std::uint64_t bytes) override;
  void failed(time_point due, std::string_view why) override;
  void ended(const std::shared_ptr<LoadConnection>& one, boost::system::error_code why) override;

  void dial();
  void on_dialled(boost::system::error_code error, std::optional<http2::detail::transport> bytes,
                  std::span<const std::byte> early);
  void begin_here(time_point at);
  void forget_warm_up();
  void wake_when_due();
  void collect_due(time_point now);
  [[nodiscard]] time_point due_at(std::uint64_t number) const;
  [[nodiscard]] bool counts(time_point due) const noexcept { return due >= counts_from_; }
  void settle(time_point now);
  void give_up();
  void end();
  void note_traffic(LoadConnection& one);

  const LoadOptions& options_;
  const http2::url& where_;
  const http2::client_options& how_;
  LoadPart part_;
  http2::fields request_;
  boost::asio::io_context loop_{1};
  std::shared_ptr<http2::detail::connection_set> set_;
  boost::asio::steady_timer warm_timer_;
  boost::asio::steady_timer due_timer_;
  boost::asio::steady_timer end_timer_;
  std::vector<std::shared_ptr<LoadConnection>> connections_;
  unsigned dialling_ = 0;
  unsigned fruitless_ = 0;  // connections in a row that were not made, or ended without an answer
  bool has_begun_ = false;
  bool is_ending_ = false;
  time_point began_{};
  time_point counts_from_{};
  time_point last_due_{};           // nothing is due from here on
  std::uint64_t left_ = 0;          // requests that are not taken yet; without a rate
  std::uint64_t made_due_ = 0;      // with one
  std::deque<time_point> waiting_;  // with one: due, and not sent
  std::uint64_t under_way_ = 0;
  time_point last_answer_{};
  std::atomic<bool> ready_{false};
  std::atomic<bool> over_{false};
  std::atomic<std::uint64_t> done_{0};
  LoadResult result_;
  std::string trouble_;
};

}  // namespace uncork::web
