// Whether the sums by service miss anything, and what they cost: connections of one request each, as many a second as the machine
// makes, and beside them on the same port 25 a second that stall. Compared is what the clients made with what the kernel counted.
// Then the same without the witness. Needs root.
//   ./dev bench services [SECONDS]

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "core/syscall.hpp"
#include "probe/witness.hpp"

namespace {

using namespace uncork;
using namespace std::chrono_literals;

constexpr std::size_t kRequest = 20;
constexpr std::size_t kAnswer = 72;
constexpr int kServers = 8;
constexpr int kClients = 3;
constexpr int kSickClients = 2;
constexpr auto kSickEvery = 80ms;  // each of them: 25 a second together

template <typename T>
T must(core::Result<T> result) {
  if (!result) {
    fmt::print(stderr, "bench services: {}\n", result.error().message);
    std::exit(3);
  }
  return std::move(*result);
}

/// False: the other end is gone.
bool hear(const core::Fd& socket, std::size_t bytes, std::byte* first = nullptr) {
  std::array<std::byte, kAnswer> chunk{};
  for (std::size_t have = 0; have < bytes;) {
    const auto got = core::read_some(socket, std::span(chunk).first(bytes - have));
    if (!got || got->kind != core::ReadOutcome::Kind::bytes) return false;
    if (have == 0 && first != nullptr) *first = chunk[0];
    have += got->count;
  }
  return true;
}

bool say(const core::Fd& socket, std::size_t bytes, std::byte first = {}) {
  std::array<std::byte, kAnswer> chunk{};
  chunk[0] = first;
  return core::send_all(socket, std::span(chunk).first(bytes)).has_value();
}

/// Answers in one write, or in three where the request begins with 1.
void serve(const core::Fd& listener) {
  for (;;) {
    const auto socket = core::tcp_accept(listener);
    if (!socket) return;
    std::byte kind{};
    while (hear(*socket, kRequest, &kind)) {
      if (kind == std::byte{1} ? !(say(*socket, 32) && say(*socket, 32) && say(*socket, 8)) : !say(*socket, kAnswer)) break;
    }
  }
}

/// One connection, closed by a reset: else its port would wait for a minute.
bool talk(const core::Endpoint& at, int exchanges, std::byte kind) {
  const auto socket = core::tcp_connect(at);
  if (!socket) return false;
  const linger reset{1, 0};
  ::setsockopt(socket->get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  for (int i = 0; i < exchanges; ++i) {
    if (!say(*socket, kRequest, kind) || !hear(*socket, kAnswer)) return false;
  }
  return true;
}

struct Made {
  std::atomic<std::uint64_t> healthy{0}, sick{0}, failed{0};
};

/// Talks for that long; how many connections a second there were.
double load(core::Micros time, Made& made, std::uint16_t& port, const std::function<void()>& every_half_second) {
  const core::Fd listener = must(core::tcp_listen(must(core::parse_endpoint("127.0.0.1:0")), 1024));
  const core::Endpoint at = must(core::local_endpoint(listener));
  port = at.port;
  std::vector<std::jthread> servers;
  for (int i = 0; i < kServers; ++i) servers.emplace_back([&] { serve(listener); });
  const core::Time begun = core::MonotonicClock::now();
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < kClients; ++i) {
      clients.emplace_back([&](const std::stop_token& stop) {
        while (!stop.stop_requested()) ++(talk(at, 1, std::byte{0}) ? made.healthy : made.failed);
      });
    }
    for (int i = 0; i < kSickClients; ++i) {
      clients.emplace_back([&](const std::stop_token& stop) {
        for (core::Time next = core::MonotonicClock::now(); !stop.stop_requested(); next += kSickEvery) {
          ++(talk(at, 2, std::byte{1}) ? made.sick : made.failed);
          std::this_thread::sleep_for(next + kSickEvery - core::MonotonicClock::now());
        }
      });
    }
    while (core::MonotonicClock::now() < begun + time) {
      std::this_thread::sleep_for(500ms);
      every_half_second();
    }
  }
  const double seconds = static_cast<double>((core::MonotonicClock::now() - begun).count()) / 1e6;
  ::shutdown(listener.get(), SHUT_RDWR);
  servers.clear();
  return static_cast<double>(made.healthy + made.sick) / seconds;
}

double cpu_ms() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  const auto ms = [](const timeval& t) { return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_usec) / 1e3; };
  return ms(usage.ru_utime) + ms(usage.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
  const core::Micros time = std::chrono::seconds(argc > 1 ? std::atoi(argv[1]) : 10);
  Made without, with;
  std::uint16_t port = 0;
  const double rate_without = load(time, without, port, [] {});
  probe::WitnessOptions options;
  options.tell = {false, false, false};
  const auto witness = must(probe::Witness::attach(options));
  const double before_ms = cpu_ms();
  const double rate = load(time, with, port, [&] {
    must(witness->poll());
    must(witness->services());
  });
  const double looks_ms = cpu_ms() - before_ms;
  std::this_thread::sleep_for(500ms);  // sockets that were closed end a moment later
  must(witness->poll());
  std::uint64_t counted = 0, losers = 0, exchanges = 0;
  for (const auto& service : must(witness->services())) {
    if (service.key.port != port || service.key.role != stall::Role::responder) continue;
    counted = service.connections;
    losers = service.losers;
    exchanges = service.account.exchanges;
  }
  const std::uint64_t made = with.healthy + with.sick;
  fmt::print("connections a second: {:.0f} with the witness, {:.0f} without ({:.3f})\n", rate, rate_without, rate / rate_without);
  fmt::print("made {} connections, counted {}; {} exchanges, counted {}\n", made, counted, with.healthy + 2 * with.sick,
             exchanges);
  fmt::print("made {} that stall, found {}; {} failed\n", with.sick.load(), losers, with.failed.load());
  fmt::print("looking twice a second took {:.1f} ms of a processor a second\n",
             looks_ms * 1e6 / static_cast<double>(time.count()));
  const probe::WitnessLosses losses = witness->losses();
  fmt::print("events missed {}, met another {}, without room {}\n", losses.missed, losses.contended, losses.no_storage);
  const nlohmann::json document = {{"rate", rate},         {"rate_without", rate_without}, {"made", made},
                                   {"counted", counted},   {"sick", with.sick.load()},     {"found", losers},
                                   {"looks_ms", looks_ms}, {"failed", with.failed.load()}, {"missed", losses.missed}};
  fmt::print("\n{}\n", document.dump());
  return counted >= made && losers >= with.sick ? 0 : 1;
}
