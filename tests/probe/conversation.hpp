#pragma once
// A client and a server that talk over loopback the way that stalls: write, write, read.

#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>

#include "core/endpoint.hpp"
#include "core/fd.hpp"

namespace uncork::probe::testing {

enum class Nagle : bool { off, on };

/// A connection over loopback, made in the calling thread's network namespace.
struct Pair {
  core::Fd client;
  core::Fd server;

  [[nodiscard]] core::Endpoint client_address() const;
  [[nodiscard]] core::Endpoint server_address() const;
};

/// Aborts if loopback does not work: nothing can be tested then.
[[nodiscard]] Pair connect_pair(const char* address = "127.0.0.1:0");

/// Talks on threads of its own until it is destroyed: the client writes 200 and 100 bytes and waits for the answer to both.
class Conversation {
 public:
  Conversation(Pair pair, Nagle nagle);
  ~Conversation();
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  [[nodiscard]] const Pair& pair() const { return pair_; }

 private:
  void ask();
  void answer();

  Pair pair_;
  std::atomic<bool> over_ = false;
  std::thread client_;
  std::thread server_;
};

}  // namespace uncork::probe::testing
