#pragma once
// The server of the live page: HTTP and WebSocket, on a thread of its own.

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "collect/board.hpp"
#include "core/clock.hpp"
#include "core/endpoint.hpp"
#include "core/result.hpp"

namespace uncork::web {

struct PageOptions {
  std::string listen;        ///< `127.0.0.1:7553`, `[::1]:0`, `unix:/run/uncork/page`
  std::string store;         ///< the store's file; empty: there is none
  core::Micros interval{0};  ///< of the polls
  /// What /metrics answers; empty: there is no such page. Called on the server's thread.
  std::function<std::string(const collect::Snapshot&)> metrics = {};
  std::function<void()> prepare = {};  ///< called first on the server's thread
};

/// Answers until it is destroyed; changes nothing. One thread: a question that takes long delays other questions, but never the
/// polls, which only post to it.
class PageServer {
 public:
  /// Listens, and starts the thread. Errors: an address that is none, or on which it cannot listen (EADDRINUSE: it is taken). The
  /// Board must outlive the process's last poll, and this.
  [[nodiscard]] static core::Result<std::unique_ptr<PageServer>> start(collect::Board& board, PageOptions options);
  PageServer(const PageServer&) = delete;
  PageServer& operator=(const PageServer&) = delete;
  /// Closes everything, and joins the thread.
  ~PageServer();

  /// `http://127.0.0.1:7553/`, with the port that the kernel chose if it was asked to; of a socket in the file system its path.
  [[nodiscard]] const std::string& address() const { return address_; }
  /// Whether others than this machine's users can reach it.
  [[nodiscard]] bool is_open_to_others() const { return is_open_to_others_; }

 private:
  class Loop;
  PageServer() = default;

  std::string address_;
  bool is_open_to_others_ = false;
  std::shared_ptr<Loop> loop_;
  std::thread thread_;
};

}  // namespace uncork::web
