#pragma once
// A server in a thread of its own, and callers who speak to it over real sockets, blocking.

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "uncork/http2/server.hpp"
#include "uncork/http2/session.hpp"

namespace uncork::testing {

/// For anything that takes well under one on a machine that is not busy.
inline constexpr std::chrono::seconds kPatience{20};

class TestServer {
 public:
  explicit TestServer(http2::handler handle, http2::server_options options = {})
      : server_(std::move(handle), std::move(options)) {
    boost::system::error_code error;
    port_ = server_.listen({boost::asio::ip::make_address("127.0.0.1"), 0}, error).port();
    if (error) std::abort();
    thread_ = std::thread([this] { server_.run(); });
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;
  ~TestServer() { end(); }

  [[nodiscard]] unsigned short port() const { return port_; }
  [[nodiscard]] const http2::server_counters& counts() const { return server_.counts(); }
  void stop(std::chrono::milliseconds grace) { server_.stop(grace); }
  /// Ends it at once; all of its connections are gone afterwards.
  void end() {
    if (!thread_.joinable()) return;
    server_.stop(std::chrono::milliseconds(0));
    thread_.join();
  }
  void join() { thread_.join(); }

 private:
  http2::server server_;
  unsigned short port_ = 0;
  std::thread thread_;
};

/// Whether `holds` comes to hold within our patience.
inline bool eventually(const std::function<bool()>& holds) {
  const auto last = std::chrono::steady_clock::now() + kPatience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() >= last) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

/// A TCP connection to the server.
class Wire {
 public:
  explicit Wire(unsigned short port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) close();
  }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;
  ~Wire() { close(); }

  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  void reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
  }
  bool send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  /// What has come within `wait`; empty when nothing did, or at the end: see is_ended().
  std::string receive(std::chrono::milliseconds wait = kPatience) {
    pollfd ready{.fd = fd_, .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, static_cast<int>(wait.count())) <= 0) return {};
    std::string bytes(65536, '\0');
    const ssize_t got = ::recv(fd_, bytes.data(), bytes.size(), 0);
    if (got <= 0) is_ended_ = true;
    bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return bytes;
  }
  /// All until `holds(all)`, or the end.
  std::string receive_until(const std::function<bool(const std::string&)>& holds) {
    std::string all;
    while (!holds(all)) {
      const std::string more = receive();
      if (more.empty()) break;
      all += more;
    }
    return all;
  }
  [[nodiscard]] bool is_ended() const { return is_ended_; }

 private:
  int fd_;
  bool is_ended_ = false;
};

/// A client of HTTP/2 on a wire.
class Caller {
 public:
  struct Answer {
    unsigned status = 0;
    std::string body;
    std::map<std::string, std::string> fields;
    std::map<std::string, std::string> trailers;
    bool is_whole = false;
    bool is_reset = false;
    http2::errc code = http2::errc::no_error;
  };

  explicit Caller(unsigned short port, const http2::options& options = {})
      : wire_(port), session_(http2::side::client, options, std::chrono::steady_clock::now()) {}

  [[nodiscard]] http2::session& session() { return session_; }
  [[nodiscard]] Wire& wire() { return wire_; }
  [[nodiscard]] const std::map<http2::stream_id, Answer>& answers() const { return answers_; }
  [[nodiscard]] Answer& answer(http2::stream_id id) { return answers_[id]; }
  [[nodiscard]] bool has_goaway() const { return has_goaway_; }

  http2::stream_id open(std::string_view path, bool ends = true, std::string_view method = "GET") {
    http2::fields request;
    request.add(":method", method);
    request.add(":scheme", "http");
    request.add(":authority", "localhost");
    request.add(":path", path);
    return session_.open(request, ends);
  }
  /// All that can be sent now.
  bool send() {
    for (http2::byte_span out = session_.gather(); !out.empty(); out = session_.gather()) {
      if (!wire_.send({reinterpret_cast<const char*>(out.data()), out.size()})) return false;
      session_.sent(out.size());
    }
    return true;
  }
  void write(http2::stream_id id, std::string_view body, bool ends) {
    outgoing_[id] = {std::string(body), ends};
    push(id);
  }
  /// Sends and receives until `holds()`; false if the connection ends before, or our patience does.
  bool until(const std::function<bool()>& holds) {
    const auto last = std::chrono::steady_clock::now() + kPatience;
    for (;;) {
      if (holds()) return true;
      if (!send() || std::chrono::steady_clock::now() > last) return holds();
      const std::string bytes = wire_.receive(std::chrono::milliseconds(100));
      if (wire_.is_ended()) return holds();
      take(bytes);
    }
  }
  bool until_whole(http2::stream_id id) {
    return until([this, id] { return answers_[id].is_whole || answers_[id].is_reset; });
  }
  Answer get(std::string_view path) {
    const auto id = open(path);
    until_whole(id);
    return answers_[id];
  }

 private:
  struct Outgoing {
    std::string left;
    bool ends = false;
  };
  void take(const std::string& text) {
    http2::byte_span bytes = std::as_bytes(std::span(text));
    while (!bytes.empty() && !session_.is_over()) {
      bytes = bytes.subspan(session_.receive(bytes, std::chrono::steady_clock::now()));
      while (const auto one = session_.next()) on_event(*one);
    }
  }
  void on_event(const http2::event& one) {
    Answer& answer = answers_[one.stream];
    switch (one.what) {
      case http2::event::kind::message:
        answer.status = one.facts->status;
        for (const auto field : *one.message) answer.fields[std::string(field.name)] = field.value;
        break;
      case http2::event::kind::data:
        answer.body.append(reinterpret_cast<const char*>(one.data.data()), one.data.size());
        session_.consume(one.stream, one.data.size());
        break;
      case http2::event::kind::trailers:
        for (const auto field : *one.message) answer.trailers[std::string(field.name)] = field.value;
        break;
      case http2::event::kind::reset:
        answer.is_reset = true;
        answer.code = one.code;
        session_.release(one.stream);
        return;
      case http2::event::kind::room:
        return push(one.stream);
      case http2::event::kind::goaway:
        has_goaway_ = true;
        return;
      default:
        return;
    }
    if (one.end_stream || one.what == http2::event::kind::trailers) {
      answer.is_whole = true;
      if (!outgoing_.contains(one.stream)) session_.release(one.stream);
    }
  }
  void push(http2::stream_id id) {
    Outgoing& out = outgoing_[id];
    const std::size_t taken = session_.submit_data(id, std::as_bytes(std::span(out.left)), out.ends);
    out.left.erase(0, taken);
    if (out.left.empty()) outgoing_.erase(id);
  }

  Wire wire_;
  http2::session session_;
  std::map<http2::stream_id, Answer> answers_;
  std::map<http2::stream_id, Outgoing> outgoing_;
  bool has_goaway_ = false;
};

}  // namespace uncork::testing
