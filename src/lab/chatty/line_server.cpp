#include "lab/chatty/line_server.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <string>

#include "core/syscall.hpp"

namespace uncork::lab {
namespace {

/// What the rest of an answer costs to look up. It separates the first line from the others, as in a server that asks a database
/// between lines; without it a relay on a busy processor would find the whole answer in one read, and pass on one write.
constexpr timespec kLookUp{0, 150'000};

core::Status answer(const core::Fd& socket, const LineServerOptions& options) {
  std::string whole;
  for (unsigned number = 1; number <= options.lines; ++number) {
    const std::string line = answer_line(number, options.lines);
    if (options.writes == Writes::coalesced) {
      whole += line;
    } else if (auto sent = core::send_all(socket, std::as_bytes(std::span(line))); !sent) {
      return sent;
    }
    if (number == 1) ::clock_nanosleep(CLOCK_MONOTONIC, 0, &kLookUp, nullptr);
  }
  return core::send_all(socket, std::as_bytes(std::span(whole)));
}

/// Until the client goes away or breaks something: neither is the server's trouble.
core::Status serve(const core::Fd& socket, const LineServerOptions& options) {
  if (options.nagle == Nagle::off) {
    if (auto set = core::set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1); !set) return set;
  }
  std::array<std::byte, 4096> chunk{};
  for (;;) {
    const auto got = core::read_some(socket, chunk, "read a request");
    if (!got) return core::fail(got.error());
    if (got->kind != core::ReadOutcome::Kind::bytes) return {};
    const auto requests = std::count(chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(got->count), std::byte{'\n'});
    for (std::ptrdiff_t i = 0; i < requests; ++i) {
      if (auto answered = answer(socket, options); !answered) return answered;
    }
  }
}

}  // namespace

std::string answer_line(unsigned number, unsigned lines) {
  return fmt::format("{:>5} of {:<5} case {:>6} router-{:<4} link is up\r\n", number, lines, 1000 + number, number % 100);
}

core::Status run_line_server(const LineServerOptions& options, const std::function<void(const core::Endpoint&)>& on_listening) {
  const auto listener = core::tcp_listen(options.listen);
  if (!listener) return core::fail(listener.error());
  const auto at = core::local_endpoint(*listener);
  if (!at) return core::fail(at.error());
  on_listening(*at);
  for (;;) {
    const auto socket = core::tcp_accept(*listener);
    if (!socket) return core::fail(socket.error());
    if (const auto served = serve(*socket, options); !served) continue;
  }
}

}  // namespace uncork::lab
