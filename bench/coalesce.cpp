// What the coalescing stream costs and buys against plain Asio, in turn on one machine: the round trip of a lone message, many
// messages a turn, a server's answers to pipelined requests, and from which size on a block is cheaper gathered than copied.
//   ./dev bench coalesce [ROUNDS]

#include <fmt/format.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio.hpp>
#include <boost/version.hpp>
#include <chrono>
#include <cstdlib>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "lab/coalesce/coalesce_judge.hpp"
#include "lab/flagged_socket.hpp"
#include "uncork/stream/coalescing_stream.hpp"

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using uncork::lab::median;
using uncork::lab::paired_ratio;
using uncork::lab::TcpSocket;
using Coalescing = uncork::stream::coalescing_stream<TcpSocket>;

constexpr std::size_t kMessage = 64;
constexpr int kLoneExchanges = 5000;
constexpr int kTurns = 500;
constexpr int kMessagesATurn = 100;
constexpr std::size_t kBulk = 256U << 20;

/// A connection on loopback, whose far end is blocking and has a thread of its own. Both ends have TCP_NODELAY.
struct Pair {
  template <typename Far>
  explicit Pair(Far run_far) : context(1), near(context.get_executor()) {
    tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
    near.connect(acceptor.local_endpoint());
    near.set_option(tcp::no_delay(true));
    far = std::thread([socket = acceptor.accept(), run_far]() mutable {
      socket.set_option(tcp::no_delay(true));
      run_far(socket);
    });
  }
  ~Pair() { far.join(); }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  asio::io_context context;
  TcpSocket near;
  std::thread far;
};

/// A far end that answers every `message` bytes with one message, until the near end closes.
auto answering(std::size_t message) {
  return [message](tcp::socket& socket) {
    std::vector<char> into(1 << 16);
    boost::system::error_code error;
    for (std::size_t have = 0; !error;) {
      have += socket.read_some(asio::buffer(into), error);
      for (; have >= message && !error; have -= message) asio::write(socket, asio::buffer(into, kMessage), error);
    }
  };
}

/// A far end that sends `requests` lines in one write and reads their answers, `turns` times, then closes; notes the time of
/// each turn in us.
auto pipelining(int requests, int turns, std::vector<double>& times) {
  return [requests, turns, &times](tcp::socket& socket) {
    std::string lines;
    for (int i = 0; i < requests; ++i) lines += std::string(kMessage - 1, 'q') + '\n';
    std::string answers(kMessage * static_cast<std::size_t>(requests), '\0');
    for (int turn = 0; turn < turns; ++turn) {
      const auto begin = std::chrono::steady_clock::now();
      asio::write(socket, asio::buffer(lines));
      asio::read(socket, asio::buffer(answers));
      times.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count());
    }
    socket.close();
  };
}

/// Answers every line with one write, each awaited, until the far end closes.
template <typename Stream>
asio::awaitable<void> serve(Stream& stream) {
  const std::string answer(kMessage, 'a');
  std::string lines;
  for (;;) {
    const auto [error, size] =
        co_await asio::async_read_until(stream, asio::dynamic_buffer(lines), '\n', asio::as_tuple(asio::use_awaitable));
    if (error) co_return;
    lines.erase(0, size);
    co_await asio::async_write(stream, asio::buffer(answer), asio::use_awaitable);
  }
}

/// The median time in which `requests` pipelined requests are answered.
double pipelined_us(bool coalesced, int requests, int turns) {
  std::vector<double> times;
  {
    Pair pair(pipelining(requests, turns, times));
    if (coalesced) {
      Coalescing stream(std::move(pair.near));
      asio::co_spawn(pair.context, serve(stream), asio::detached);
      pair.context.run();
    } else {
      asio::co_spawn(pair.context, serve(pair.near), asio::detached);
      pair.context.run();
    }
  }
  return median(std::move(times));
}

/// Writes `messages` messages, each awaited, then reads one answer, `turns` times; notes the time of each turn in us.
template <typename Stream>
asio::awaitable<void> converse(Stream& stream, int messages, int turns, std::vector<double>& times) {
  const std::string message(kMessage, 'm');
  std::string answer(kMessage, '\0');
  for (int turn = 0; turn < turns; ++turn) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < messages; ++i) co_await asio::async_write(stream, asio::buffer(message), asio::use_awaitable);
    co_await asio::async_read(stream, asio::buffer(answer), asio::use_awaitable);
    times.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count());
  }
}

double conversation_us(bool coalesced, int messages, int turns) {
  Pair pair(answering(kMessage * static_cast<std::size_t>(messages)));
  std::vector<double> times;
  if (coalesced) {
    Coalescing stream(std::move(pair.near));
    asio::co_spawn(pair.context, converse(stream, messages, turns, times), asio::detached);
    pair.context.run();
  } else {
    asio::co_spawn(pair.context, converse(pair.near, messages, turns, times), asio::detached);
    pair.context.run();
    pair.near.close();
  }
  return median(std::move(times));
}

double thread_cpu_ns() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return 1e9 * static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec);
}

asio::awaitable<void> write_blocks(Coalescing& stream, std::size_t size, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    std::string block(size, 'b');
    uncork::stream::owned_bytes owned(std::move(block));
    co_await stream.async_write(std::move(owned), asio::use_awaitable);
  }
  co_await stream.async_flush(asio::use_awaitable);
}

/// CPU of the writing thread for a KiB in blocks of `size`, which are made anew each; the far end reads and never answers.
double block_ns_per_kib(std::size_t size, std::size_t gather_from) {
  Pair pair(answering(std::numeric_limits<std::size_t>::max()));
  const uncork::stream::coalescing_options options{.limits = {.gather_from = gather_from},
                                                   .turn_limit = std::chrono::microseconds(50)};
  Coalescing stream(options, std::move(pair.near));
  const double before = thread_cpu_ns();
  asio::co_spawn(pair.context, write_blocks(stream, size, kBulk / size), asio::detached);
  pair.context.run();
  return (thread_cpu_ns() - before) / static_cast<double>(kBulk >> 10);
}

/// Both sides in turn, round after round; prints the ratio of the second to the first with its spread.
template <typename First, typename Second>
nlohmann::json compare(const std::string& what, int rounds, const char* unit, First first, Second second) {
  std::vector<double> firsts;
  std::vector<double> seconds;
  for (int round = 0; round < rounds; ++round) {
    firsts.push_back(first());
    seconds.push_back(second());
  }
  const auto ratio = *paired_ratio(seconds, firsts);
  fmt::print("{:<62} {:>9.2f} {:>9.2f} {:<7} {:>6.3f} ({:.3f} to {:.3f})\n", what, median(firsts), median(seconds), unit,
             ratio.median, ratio.least, ratio.most);
  std::fflush(stdout);
  return {{"what", what},
          {"unit", unit},
          {"first", firsts},
          {"second", seconds},
          {"ratio", ratio.median},
          {"ratio_least", ratio.least},
          {"ratio_most", ratio.most}};
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 9;
  if (rounds < 1) {
    fmt::print(stderr, "usage: coalesce_bench [ROUNDS]\n");
    return 2;
  }
  utsname machine{};
  ::uname(&machine);
  fmt::print("coalesce_bench {}: Linux {}, {}, {} processors, Boost {}, g++ {}\n\n{:<62} {:>9} {:>9} {:<7} RATIO\n", rounds,
             machine.release, machine.machine, sysconf(_SC_NPROCESSORS_ONLN), BOOST_LIB_VERSION, __VERSION__, "", "FIRST",
             "SECOND", "");
  nlohmann::json results = nlohmann::json::array();
  results.push_back(compare(
      "lone message, round trip: plain Asio, coalescing stream", rounds, "us",
      [] { return conversation_us(false, 1, kLoneExchanges); }, [] { return conversation_us(true, 1, kLoneExchanges); }));
  results.push_back(compare(
      "100 messages a turn, a turn: plain Asio, coalescing stream", rounds, "us",
      [] { return conversation_us(false, kMessagesATurn, kTurns); },
      [] { return conversation_us(true, kMessagesATurn, kTurns); }));
  results.push_back(compare(
      "100 pipelined requests answered: plain Asio, coalescing stream", rounds, "us",
      [] { return pipelined_us(false, kMessagesATurn, kTurns); }, [] { return pipelined_us(true, kMessagesATurn, kTurns); }));
  for (const std::size_t size : {1U << 10, 4U << 10, 8U << 10, 16U << 10, 32U << 10, 64U << 10, 256U << 10}) {
    results.push_back(compare(
        fmt::format("blocks of {} KiB, CPU a KiB: copied, gathered", size >> 10), rounds, "ns",
        [&] { return block_ns_per_kib(size, std::numeric_limits<std::size_t>::max()); },
        [&] { return block_ns_per_kib(size, 1); }));
  }
  const nlohmann::json document = {{"bench", "coalesce"}, {"rounds", rounds}, {"kernel", machine.release}, {"results", results}};
  fmt::print("\n{}\n", document.dump());
  return 0;
}
