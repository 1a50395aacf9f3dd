#pragma once
// A daemon on a Unix socket of the test's.

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "core/fd.hpp"

namespace uncork::probe {

/// Answers what comes in on connection after connection, in a thread of its own, until it is destroyed.
class FakeDaemon {
 public:
  /// What is sent for one read of a request, in pieces; an empty list: nothing, and the connection stays open.
  using Answer = std::function<std::vector<std::string>(const std::string& request)>;

  /// `name` goes into the socket's path. With `close`, the connection ends after the first answer.
  FakeDaemon(const std::string& name, Answer answer, bool close = false);
  ~FakeDaemon();
  FakeDaemon(const FakeDaemon&) = delete;
  FakeDaemon& operator=(const FakeDaemon&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  void serve(const core::Fd& peer);

  std::string path_;
  Answer answer_;
  bool close_;
  core::Fd listener_;
  core::Fd stop_;  // readable: over
  std::thread server_;
};

}  // namespace uncork::probe
