#include "lab/field/shared_connection.hpp"

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "core/syscall.hpp"

namespace uncork::lab::field {
namespace {

/// What the threads share besides the socket.
class Turns {
 public:
  Turns(const core::Fd& socket, const SharedExchanges& options) : socket_(socket), options_(options) {}

  void ask_and_wait() {
    const std::vector<std::byte> request(options_.request_bytes, std::byte{'x'});
    for (unsigned i = 0; i < options_.exchanges; ++i) {
      const auto ticket = ask(request);
      if (!ticket) return;
      std::unique_lock lock(answers_);
      arrived_.wait(lock, [&] { return error_ || answered_ > *ticket; });  // as long as read_answers() has patience
      if (error_) return;
    }
  }

  void read_answers() {
    std::vector<std::byte> buffer(64 * 1024);
    const std::uint64_t all = std::uint64_t{options_.threads} * options_.exchanges * options_.answer_bytes;
    for (std::uint64_t bytes = 0; bytes < all;) {
      const auto got = core::read_some(socket_, buffer);
      if (!got) return stop(got.error());
      if (got->kind != core::ReadOutcome::Kind::bytes) {
        return stop({core::ErrorCode::refused, 0, "read: the other end has closed, or was silent for 30 s"});
      }
      bytes += got->count;
      const std::scoped_lock lock(answers_);
      answered_ = bytes / options_.answer_bytes;
      arrived_.notify_all();
    }
  }

  [[nodiscard]] const std::optional<core::Error>& error() const { return error_; }

 private:
  std::optional<std::uint64_t> ask(std::span<const std::byte> request) {
    const std::scoped_lock lock(writing_);
    if (auto sent = core::send_all(socket_, request); !sent) {
      stop(sent.error());
      return std::nullopt;
    }
    return asked_++;
  }

  void stop(core::Error error) {
    const std::scoped_lock lock(answers_);
    error_ = std::move(error);
    arrived_.notify_all();
  }

  const core::Fd& socket_;
  const SharedExchanges options_;
  std::mutex writing_;
  std::uint64_t asked_ = 0;
  std::mutex answers_;
  std::condition_variable arrived_;
  std::uint64_t answered_ = 0;
  std::optional<core::Error> error_;
};

}  // namespace

core::Result<core::Micros> play_shared(const core::Fd& socket, const SharedExchanges& options) {
  Turns turns(socket, options);
  const core::Time begin = core::MonotonicClock::now();
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < options.threads; ++i) threads.emplace_back([&] { turns.ask_and_wait(); });
    turns.read_answers();
  }
  if (turns.error()) return core::fail(*turns.error());
  return core::MonotonicClock::now() - begin;
}

}  // namespace uncork::lab::field
