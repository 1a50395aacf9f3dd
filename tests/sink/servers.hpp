#pragma once
// Receivers on this machine, each with a thread, for as long as the object lives.

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/fd.hpp"
#include "sink/outlet/destination.hpp"

namespace uncork::sink::testing {

/// Takes one connection after the other and keeps what they say. stop() and start() kill it and bring it back at the same place.
class StreamServer {
 public:
  /// `text` is unix:/PATH, or tcp:127.0.0.1:PORT with port 0 for any.
  explicit StreamServer(const std::string& text);
  ~StreamServer() { stop(); }
  StreamServer(const StreamServer&) = delete;
  StreamServer& operator=(const StreamServer&) = delete;

  void start();
  /// Closes the listener and the connection, unread bytes or not.
  void stop();
  /// What has come, of each connection.
  [[nodiscard]] std::vector<std::string> received() const;
  /// All lines that came whole.
  [[nodiscard]] std::vector<std::string> lines() const;
  [[nodiscard]] const Destination& destination() const { return destination_; }
  /// Reads nothing more until this is false again.
  std::atomic<bool> is_deaf{false};

 private:
  void serve(const std::stop_token& stopped);

  Destination destination_;
  core::Fd listener_;
  mutable std::mutex mutex_;
  std::vector<std::string> received_;
  std::jthread thread_;
};

/// Answers each request by what `answer(body, number)` gives: a whole answer in HTTP/1.1; an empty one closes the connection.
class HttpServer {
 public:
  using Answer = std::function<std::string(const std::string& body, std::size_t number)>;
  explicit HttpServer(Answer answer);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  [[nodiscard]] std::vector<std::string> heads() const;
  [[nodiscard]] std::size_t connections() const { return connections_; }
  [[nodiscard]] const Destination& destination() const { return destination_; }

 private:
  void serve(const std::stop_token& stopped);
  void talk(const core::Fd& connection, const std::stop_token& stopped);

  Answer answer_;
  Destination destination_;
  core::Fd listener_;
  mutable std::mutex mutex_;
  std::vector<std::string> heads_;
  std::atomic<std::size_t> connections_{0};
  std::jthread thread_;
};

/// Waits until `done` says so; false after half a minute, which is long enough for any machine.
[[nodiscard]] bool eventually(const std::function<bool()>& done);

}  // namespace uncork::sink::testing
