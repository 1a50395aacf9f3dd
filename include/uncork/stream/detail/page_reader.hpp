#pragma once
// The thread that waits for the disk, so that no event loop has to.

#include <pthread.h>
#include <signal.h>

#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <system_error>
#include <utility>

#include "uncork/stream/detail/file_source.hpp"

namespace uncork::stream::detail {

/// One thread for each execution context that has ever sent from a cold file, made then, as Asio's resolver makes its own. It
/// ends with the context. submit() may be called from any thread.
class page_reader final : public boost::asio::execution_context::service {
 public:
  using key_type = page_reader;
  inline static boost::asio::execution_context::id id;

  explicit page_reader(boost::asio::execution_context& owner) : service(owner) {}

  /// Runs `job` on the thread; a job that has not begun when the context is shut down is destroyed instead.
  template <typename Job>
  void submit(Job&& job) {
    boost::asio::post(thread(), std::forward<Job>(job));
  }

 private:
  boost::asio::thread_pool& thread() {
    const std::scoped_lock lock(mutex_);
    if (!thread_) {
      sigset_t all;
      sigset_t before;
      ::sigfillset(&all);
      ::pthread_sigmask(SIG_SETMASK, &all, &before);  // signals are for the program's own threads
      const std::unique_ptr<const sigset_t, void (*)(const sigset_t*)> restore(
          &before, [](const sigset_t* mask) { ::pthread_sigmask(SIG_SETMASK, mask, nullptr); });
      thread_ = std::make_unique<boost::asio::thread_pool>(1);
    }
    return *thread_;
  }

  void shutdown() override {
    if (!thread_) return;
    thread_->stop();
    thread_->join();
    thread_.reset();
  }

  std::mutex mutex_;
  std::unique_ptr<boost::asio::thread_pool> thread_;
};

/// Reads a range in, then lets `Handler` go on where it belongs (its associated executor).
template <typename Handler>
struct page_in_job {
  const transmit_system* system;
  int file;
  std::uint64_t offset;
  std::size_t count;
  Handler handler;

  void operator()() {
    file_source::page_in(*system, file, offset, count);
    boost::asio::post(std::move(handler));
  }
};

}  // namespace uncork::stream::detail
