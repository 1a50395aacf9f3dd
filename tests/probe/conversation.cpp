#include "tests/probe/conversation.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "core/syscall.hpp"

namespace uncork::probe::testing {
namespace {

template <typename T>
T must(core::Result<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "%s\n", result.error().message.c_str());
  std::abort();
}

// Whether all of `into` was filled; a closed connection is how a conversation ends.
bool receive_all(const core::Fd& socket, std::span<std::byte> into) {
  while (!into.empty()) {
    const auto got = core::read_some(socket, into);
    if (!got || got->kind != core::ReadOutcome::Kind::bytes) return false;
    into = into.subspan(got->count);
  }
  return true;
}

}  // namespace

core::Endpoint Pair::client_address() const { return must(core::local_endpoint(client)); }
core::Endpoint Pair::server_address() const { return must(core::peer_endpoint(client)); }

Pair connect_pair(const char* address) {
  const core::Fd listener = must(core::tcp_listen(must(core::parse_endpoint(address))));
  core::Fd client = must(core::tcp_connect(must(core::local_endpoint(listener))));
  return {std::move(client), must(core::tcp_accept(listener))};
}

Conversation::Conversation(Pair pair, Nagle nagle) : pair_(std::move(pair)) {
  for (const core::Fd* end : {&pair_.client, &pair_.server}) {
    if (!core::set_option(*end, IPPROTO_TCP, TCP_NODELAY, nagle == Nagle::off ? 1 : 0)) std::abort();
  }
  server_ = std::thread([this] { answer(); });
  client_ = std::thread([this] { ask(); });
}

Conversation::~Conversation() {
  over_ = true;
  for (const core::Fd* end : {&pair_.client, &pair_.server}) ::shutdown(end->get(), SHUT_RDWR);
  client_.join();
  server_.join();
}

void Conversation::ask() {
  std::array<std::byte, 200> request{};
  std::array<std::byte, 1> reply{};
  while (!over_) {
    if (!core::send_all(pair_.client, request)) return;
    if (!core::send_all(pair_.client, std::span(request).first(100))) return;
    if (!receive_all(pair_.client, reply)) return;
  }
}

void Conversation::answer() {
  std::array<std::byte, 300> request{};
  while (receive_all(pair_.server, request)) {
    if (!core::send_all(pair_.server, std::span(request).first(1))) return;
  }
}

}  // namespace uncork::probe::testing
