#pragma once
// The thread that waits for the disk, so that no event loop has to.

#include <pthread.h>
#include <signal.h>

#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/system/system_error.hpp>
#include <memory>
#include <mutex>
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

  /// Makes the thread, if there is none yet; false if the system gives none.
  bool start() {
    const std::scoped_lock lock(mutex_);
    if (thread_) return true;
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);  // signals are for the program's own threads
    try {
      thread_ = std::make_unique<boost::asio::thread_pool>(1);
    } catch (const boost::system::system_error&) {
      thread_.reset();
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return thread_ != nullptr;
  }

  /// After start() was true: runs `job` on the thread. A job that has not begun when the context is shut down is destroyed
  /// instead.
  template <typename Job>
  void submit(Job&& job) {
    boost::asio::post(*thread_, std::forward<Job>(job));
  }

 private:
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
  cold_range range;
  Handler handler;

  void operator()() {
    page_in(range);
    boost::asio::post(std::move(handler));
  }
};

}  // namespace uncork::stream::detail
