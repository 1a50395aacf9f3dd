// An HTTP/2 server for those who test servers, h2spec above all: a session a connection, a connection at a time for each thread,
// blocking. It answers every request with 200 and a short body once the request has ended.
//
// usage: h2c_server PORT; listens on 127.0.0.1 and says so in one line.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "http2/session/session.hpp"

namespace {

using namespace uncork::http2;

void answer(Session& s, stream_id id) {
  fields message;
  message.add(":status", "200");
  message.add("content-type", "text/plain");
  const auto body = std::as_bytes(std::span("Hello world!", 12));
  s.submit_headers(id, message, false);
  static_cast<void>(s.submit_data(id, body, true));
  s.release(id);
}

void take_events(Session& s) {
  while (const auto one = s.next()) {
    if (one->what == Event::Kind::data) s.consume(one->stream, one->data.size());
    if (one->what == Event::Kind::reset) s.release(one->stream);
    if (one->end_stream) answer(s, one->stream);
  }
}

bool send_all(int fd, Session& s) {
  for (byte_span out = s.gather(); !out.empty(); out = s.gather()) {
    const ssize_t sent = ::send(fd, out.data(), out.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    s.sent(static_cast<std::size_t>(sent));
    take_events(s);
  }
  return true;
}

void serve(int fd) {
  const auto now = [] { return std::chrono::steady_clock::now(); };
  Session s(Side::server, {}, now());
  std::array<std::byte, 65536> buffer{};
  while (send_all(fd, s) && !s.is_over()) {
    const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(s.deadline() - now());
    pollfd ready{.fd = fd, .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, static_cast<int>(std::clamp<std::int64_t>(wait.count() + 1, 0, 1000))) > 0) {
      const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
      if (got <= 0) break;
      for (byte_span rest = std::span(buffer).first(static_cast<std::size_t>(got)); !rest.empty();) {
        rest = rest.subspan(s.receive(rest, now()));
        take_events(s);
      }
    }
    s.on_time(now());
    take_events(s);
  }
  ::shutdown(fd, SHUT_WR);  // what was sent last must not be lost to a reset: the peer's bytes are read to their end
  while (::recv(fd, buffer.data(), buffer.size(), 0) > 0) {
  }
  ::close(fd);
}

}  // namespace

int main(int count, char** arguments) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<in_port_t>(count > 1 ? std::atoi(arguments[1]) : 0));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || ::listen(listener, 128) != 0) {
    std::perror("h2c_server");
    return 1;
  }
  socklen_t size = sizeof address;
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  std::printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  for (;;) {
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    std::thread(serve, fd).detach();
  }
}
