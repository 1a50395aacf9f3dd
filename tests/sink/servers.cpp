#include "tests/sink/servers.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "core/endpoint.hpp"
#include "core/syscall.hpp"
#include "sink/outlet/dialer.hpp"
#include "sink/outlet/wait.hpp"

namespace uncork::sink::testing {
namespace {

constexpr core::Micros kLook{20'000};

/// Listens there; a port 0 becomes the one that it got.
core::Fd listen_at(Destination& destination) {
  if (destination.kind != Destination::Kind::unix_stream) {
    core::Endpoint at;
    at.bytes = {127, 0, 0, 1};
    at.port = destination.port;
    auto listener = core::tcp_listen(at);
    if (!listener) throw std::runtime_error(listener.error().message);
    destination.port = core::local_endpoint(*listener)->port;
    return std::move(*listener);
  }
  ::unlink(destination.path.c_str());
  core::Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const SocketAddress address = resolve(destination)->front();
  if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) != 0 ||
      ::listen(listener.get(), 16) != 0) {
    throw std::runtime_error("cannot listen at " + destination.path);
  }
  return listener;
}

core::Fd accept_soon(const core::Fd& listener) {
  const auto ready = wait_for(listener.get(), POLLIN, core::MonotonicClock::now() + kLook);
  if (!ready || !*ready) return core::Fd();
  return core::Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
}

/// Bytes, or none yet; false: the end.
bool read_soon(const core::Fd& connection, std::string& into) {
  const auto ready = wait_for(connection.get(), POLLIN, core::MonotonicClock::now() + kLook);
  if (!ready || !*ready) return ready.has_value();
  std::array<char, 65'536> bytes;
  const ssize_t got = ::recv(connection.get(), bytes.data(), bytes.size(), 0);
  if (got <= 0) return false;
  into.append(bytes.data(), static_cast<std::size_t>(got));
  return true;
}

}  // namespace

StreamServer::StreamServer(const std::string& text) {
  const bool is_any = text == "tcp:127.0.0.1:0";
  destination_ = *parse_destination(is_any ? "tcp:127.0.0.1:1" : text);
  if (is_any) destination_.port = 0;
  start();
}

void StreamServer::start() {
  listener_ = listen_at(destination_);
  thread_ = std::jthread([this](const std::stop_token& stopped) { serve(stopped); });
}

void StreamServer::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  listener_.reset();
}

void StreamServer::serve(const std::stop_token& stopped) {
  while (!stopped.stop_requested()) {
    const core::Fd connection = accept_soon(listener_);
    if (!connection) continue;
    {
      const std::lock_guard lock(mutex_);
      received_.emplace_back();
    }
    while (!stopped.stop_requested()) {
      std::string bytes;
      if (is_deaf) {
        ::usleep(1'000);
        continue;
      }
      if (!read_soon(connection, bytes)) break;
      const std::lock_guard lock(mutex_);
      received_.back() += bytes;
    }
  }
}

std::vector<std::string> StreamServer::received() const {
  const std::lock_guard lock(mutex_);
  return received_;
}

std::vector<std::string> StreamServer::lines() const {
  std::vector<std::string> lines;
  for (const std::string& connection : received()) {
    std::size_t at = 0;
    for (std::size_t end = connection.find('\n'); end != std::string::npos; end = connection.find('\n', at)) {
      lines.push_back(connection.substr(at, end - at));
      at = end + 1;
    }
  }
  return lines;
}

HttpServer::HttpServer(Answer answer) : answer_(std::move(answer)) {
  destination_ = *parse_destination("http://127.0.0.1:1/rows?x=1");
  destination_.port = 0;
  listener_ = listen_at(destination_);
  thread_ = std::jthread([this](const std::stop_token& stopped) { serve(stopped); });
}

HttpServer::~HttpServer() {
  thread_.request_stop();
  thread_.join();
}

std::vector<std::string> HttpServer::heads() const {
  const std::lock_guard lock(mutex_);
  return heads_;
}

void HttpServer::serve(const std::stop_token& stopped) {
  while (!stopped.stop_requested()) {
    const core::Fd connection = accept_soon(listener_);
    if (!connection) continue;
    ++connections_;
    talk(connection, stopped);
  }
}

void HttpServer::talk(const core::Fd& connection, const std::stop_token& stopped) {
  std::string bytes;
  while (!stopped.stop_requested()) {
    const std::size_t head = bytes.find("\r\n\r\n");
    const std::size_t length_at = bytes.find("Content-Length: ");
    if (head != std::string::npos && length_at < head) {
      const std::size_t length = std::strtoul(bytes.c_str() + length_at + 16, nullptr, 10);
      if (bytes.size() >= head + 4 + length) {
        std::size_t number = 0;
        {
          const std::lock_guard lock(mutex_);
          heads_.push_back(bytes.substr(0, head));
          number = heads_.size();
        }
        const std::string answer = answer_(bytes.substr(head + 4, length), number);
        bytes.erase(0, head + 4 + length);
        if (answer.empty() || !core::send_all(connection, std::as_bytes(std::span(answer)))) return;
        if (answer.find("Connection: close") != std::string::npos) return;
        continue;
      }
    }
    if (!read_soon(connection, bytes)) return;
  }
}

bool eventually(const std::function<bool()>& done) {
  const core::Time until = core::MonotonicClock::now() + std::chrono::seconds(30);
  while (!done()) {
    if (core::MonotonicClock::now() >= until) return false;
    ::usleep(1'000);
  }
  return true;
}

}  // namespace uncork::sink::testing
