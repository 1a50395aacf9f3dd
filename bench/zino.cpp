// The Zino server beside the real Zino 2 on the same listing, in turn: CPU a command. Then a healthy client alone and beside 500
// bad ones, in turn: its p99. Then 1,000 clients that each list 100 cases at once: errors, and the server's memory.
//   ./dev bench zino [ROUNDS]

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "core/syscall.hpp"
#include "lab/child.hpp"
#include "lab/coalesce/coalesce_judge.hpp"
#include "lab/cpu_time.hpp"
#include "lab/zino/peers.hpp"
#include "lab/zino/stage.hpp"
#include "zino/client/fetch.hpp"
#include "zino/fixture/fixture.hpp"

namespace {

namespace core = uncork::core;
namespace lab = uncork::lab;
namespace zino = uncork::zino;
using nlohmann::json;

constexpr unsigned kCases = 100;
constexpr unsigned kClients = 1000;
constexpr unsigned kBad = 500;
constexpr int kHealthyListings = 20;  // 6,000 commands: the p99 has 60 above it

template <typename T>
T must(core::Result<T> result) {
  if (result) return std::move(*result);
  fmt::print(stderr, "zino_bench: {}\n", result.error().message);
  std::exit(3);
}
void must(const core::Status& status) {
  if (status) return;
  fmt::print(stderr, "zino_bench: {}\n", status.error().message);
  std::exit(3);
}

struct Served {
  lab::ScratchFolder folder;
  zino::Fixture fixture;
  lab::Child server;
};

enum class Kind { ours, zino2 };

Served serve(Kind kind) {
  zino::FixtureOptions wanted;
  wanted.events = kCases;
  wanted.now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  zino::Fixture fixture = zino::make_fixture(wanted);
  lab::ScratchFolder folder = must(lab::ScratchFolder::make());
  must(zino::write_fixture(fixture, folder.path()));
  if (kind == Kind::zino2) {
    lab::Child server = must(lab::Child::start_program(must(lab::interop_python()),
                                                       {"-c", std::string(lab::zino2_server_script()), folder.path(), "0", "0"}));
    return {std::move(folder), std::move(fixture), std::move(server)};
  }
  lab::Child server = must(lab::Child::start_program(
      UNCORK_PROGRAM, {"zino", "serve", "--state", folder.file("zino-state.json"), "--secrets", folder.file("secrets"),
                       "--polldevs", folder.file("polldevs.cf"), "--port", "0", "--notify-port", "0"}));
  return {std::move(folder), std::move(fixture), std::move(server)};
}

zino::FetchOptions listing_of(const Served& served) {
  zino::FetchOptions options;
  options.connect.host = "127.0.0.1";
  options.connect.port = served.server.listening().port;
  options.connect.user = served.fixture.user;
  options.connect.secret = served.fixture.secret;
  options.connect.timeout = std::chrono::seconds(60);
  return options;
}

double cpu_us_per_command(Kind kind) {
  const Served served = serve(kind);
  must(zino::fetch_all(listing_of(served)));  // what it does once is not a command's
  const core::Micros before = must(lab::cpu_time(served.server.pid()));
  constexpr int kListings = 5;
  for (int i = 0; i < kListings; ++i) must(zino::fetch_all(listing_of(served)));
  const core::Micros used = must(lab::cpu_time(served.server.pid())) - before;
  return static_cast<double>(used.count()) / (kListings * (3.0 * kCases + 2));
}

// ---- bad clients -----------------------------------------------------------------------------------------------------------

/// Five kinds of bad client in equal parts, kept up by one thread until it goes out of scope.
class BadClients {
 public:
  explicit BadClients(const core::Endpoint& server)
      : server_(server), thread_([this](const std::stop_token& stop) { run(stop); }) {
    while (!up_.load()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

 private:
  enum class Kind { silent, slow, endless_line, resetting, unread };
  struct Client {
    Kind kind;
    core::Fd socket;
  };

  core::Fd connect() { return must(core::tcp_connect(server_)); }

  void send(Client& client, std::string_view text) {
    const auto sent = core::send_some(client.socket, std::as_bytes(std::span(text)), MSG_DONTWAIT);
    if (!sent) client.socket = connect();  // it was cut, as it should be
  }

  /// The server has ended this one, as it should: by its time limits.
  static bool ended(const Client& client) {
    char byte = 0;
    return ::recv(client.socket.get(), &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
  }

  void act(Client& client, const std::string& long_text) {
    if (ended(client)) client.socket = connect();
    switch (client.kind) {
      case Kind::silent:
        return;
      case Kind::slow:
        return send(client, "V");
      case Kind::endless_line:
        return send(client, long_text);
      case Kind::resetting:
        (void)core::set_option(client.socket, SOL_SOCKET, SO_LINGER, 0);
        send(client, "GETATTRS 1\r\nGETHI");
        client.socket = connect();
        return;
      case Kind::unread:
        return send(client, "HELP\r\n");
    }
  }

  void run(const std::stop_token& stop) {
    std::vector<Client> clients;
    for (unsigned i = 0; i < kBad; ++i) clients.push_back({static_cast<Kind>(i % 5), connect()});
    up_ = true;
    const std::string long_text(16 * 1024, 'A');
    // A round over all of them takes a second: each does its worst once a second.
    for (std::size_t next = 0; !stop.stop_requested(); next = (next + 1) % clients.size()) {
      act(clients[next], long_text);
      std::this_thread::sleep_for(std::chrono::seconds(1) / kBad);
    }
  }

  core::Endpoint server_;
  std::atomic<bool> up_ = false;
  std::jthread thread_;
};

double healthy_p99_us(const Served& served) {
  std::vector<core::Micros> times;
  for (int i = 0; i < kHealthyListings; ++i) {
    const zino::FetchResult result = must(zino::fetch_all(listing_of(served)));
    for (const auto& [command, of_it] : result.times) times.insert(times.end(), of_it.begin(), of_it.end());
  }
  const auto at = times.begin() + static_cast<std::ptrdiff_t>(times.size() * 99 / 100);
  std::nth_element(times.begin(), at, times.end());
  return static_cast<double>(at->count());
}

// ---- many clients ----------------------------------------------------------------------------------------------------------

/// A line of /proc/PID/status, in KiB.
long status_kib(pid_t pid, const std::string& name) {
  const std::string status = must(core::read_file(fmt::format("/proc/{}/status", pid)));
  const std::size_t at = status.find(name + ":");
  return at == std::string::npos ? -1 : std::atol(status.c_str() + at + name.size() + 1);
}

json many_clients() {
  const Served served = serve(Kind::ours);
  std::atomic<unsigned> failures = 0;
  std::atomic<unsigned> cases = 0;
  const auto begin = std::chrono::steady_clock::now();
  {
    std::vector<std::jthread> clients;
    for (unsigned i = 0; i < kClients; ++i) {
      clients.emplace_back([&] {
        const auto result = zino::fetch_all(listing_of(served));
        if (result) {
          cases += result->cases;
        } else if (failures++ == 0) {
          fmt::print(stderr, "a client failed: {}\n", result.error().message);
        }
      });
    }
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const long peak = status_kib(served.server.pid(), "VmHWM");
  fmt::print("{} clients at once, {} cases each: {} failures, {} cases in {:.1f} s, peak memory {:.1f} MB\n", kClients, kCases,
             failures.load(), cases.load(), seconds, static_cast<double>(peak) / 1024);
  return {
      {"clients", kClients}, {"failures", failures.load()}, {"cases", cases.load()}, {"seconds", seconds}, {"peak_kib", peak}};
}

// ---- in turn ---------------------------------------------------------------------------------------------------------------

template <typename First, typename Second>
json compare(const std::string& what, int rounds, First first, Second second) {
  std::vector<double> firsts;
  std::vector<double> seconds;
  for (int round = 0; round < rounds; ++round) {
    firsts.push_back(first());
    seconds.push_back(second());
  }
  const auto ratio = *lab::paired_ratio(seconds, firsts);
  fmt::print("{:<58} {:>9.2f} {:>9.2f} us  {:>6.3f} ({:.3f} to {:.3f})\n", what, lab::median(firsts), lab::median(seconds),
             ratio.median, ratio.least, ratio.most);
  std::fflush(stdout);
  return {{"what", what},
          {"unit", "us"},
          {"first", firsts},
          {"second", seconds},
          {"ratio", ratio.median},
          {"ratio_least", ratio.least},
          {"ratio_most", ratio.most}};
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 5;
  if (rounds < 1) {
    fmt::print(stderr, "usage: zino_bench [ROUNDS]\n");
    return 2;
  }
  utsname machine{};
  ::uname(&machine);
  fmt::print("zino_bench {}: Linux {}, {}, {} processors, g++ {}\n\n{:<58} {:>9} {:>9}     RATIO\n", rounds, machine.release,
             machine.machine, sysconf(_SC_NPROCESSORS_ONLN), __VERSION__, "", "FIRST", "SECOND");
  json results = json::array();
  results.push_back(compare(
      "CPU of the server, a command of a listing: Zino 2, ours", rounds, [] { return cpu_us_per_command(Kind::zino2); },
      [] { return cpu_us_per_command(Kind::ours); }));
  {
    const Served served = serve(Kind::ours);
    results.push_back(compare(
        "p99 of a healthy client: alone, beside 500 bad ones", rounds, [&] { return healthy_p99_us(served); },
        [&] {
          const BadClients bad(served.server.listening());
          return healthy_p99_us(served);
        }));
  }
  results.push_back(many_clients());
  const json document = {{"bench", "zino"}, {"rounds", rounds}, {"kernel", machine.release}, {"results", results}};
  fmt::print("\n{}\n", document.dump());
  return 0;
}
