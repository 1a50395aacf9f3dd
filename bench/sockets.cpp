// What it costs to see every TCP socket: the published collector's requests (one dump a namespace, IPv4, every attribute of ext
// 0xfe, states 0x3fff, 32 KiB buffers) beside our one pass with process, descriptor and, with a witness attached, ledger. In
// turn, round by round; user and system time of this process. The sockets are made inside namespaces that are gone with the
// program. Needs root.
//   ./dev bench sockets [ROUNDS]

#include <fmt/format.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/syscall.hpp"
#include "link/namespace.hpp"
#include "probe/socket_pass.hpp"
#include "probe/witness.hpp"

namespace {

using namespace uncork;

[[noreturn]] void give_up(const core::Error& error) {
  fmt::print(stderr, "bench sockets: {}\n", error.message);
  std::exit(3);
}

template <typename T>
T must(core::Result<T> result) {
  if (!result) give_up(result.error());
  return std::move(*result);
}

void must(core::Status status) {
  if (!status) give_up(status.error());
}

struct Pair {
  core::Fd client;
  core::Fd server;
};

/// A process that holds a listener and pairs of connections in each namespace, until this object is gone. On request, each pair
/// exchanges a message and an answer.
class Holder {
 public:
  Holder(const std::vector<link::Namespace>& namespaces, int pairs) {
    int to[2];
    int from[2];
    if (::pipe(to) != 0 || ::pipe(from) != 0) give_up(core::system_error("make a pipe", errno));
    child_ = ::fork();
    if (child_ == 0) {
      ::close(to[1]);
      ::close(from[0]);
      hold(namespaces, pairs, core::Fd(to[0]), core::Fd(from[1]));
    }
    ::close(to[0]);
    ::close(from[1]);
    commands_ = core::Fd(to[1]);
    answers_ = core::Fd(from[0]);
    wait();
  }
  ~Holder() {
    if (child_ <= 0) return;
    ::kill(child_, SIGKILL);  // a later child holds our end of its pipe too
    ::waitpid(child_, nullptr, 0);
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;

  void exchange() {
    (void)!::write(commands_.get(), "x", 1);
    wait();
  }

 private:
  void wait() {
    char answer = 0;
    if (::read(answers_.get(), &answer, 1) != 1) give_up(core::system_error("make the sockets", errno));
  }

  [[noreturn]] static void hold(const std::vector<link::Namespace>& namespaces, int pairs, core::Fd commands, core::Fd answers) {
    std::vector<Pair> all;
    std::vector<core::Fd> listeners;
    for (const link::Namespace& space : namespaces) {
      must(space.inside([&]() -> core::Status {
        listeners.push_back(must(core::tcp_listen(must(core::parse_endpoint("127.0.0.1:0")))));
        const core::Endpoint at = must(core::local_endpoint(listeners.back()));
        for (int i = 0; i < pairs; ++i) {
          core::Fd client = must(core::tcp_connect(at));
          all.push_back({std::move(client), must(core::tcp_accept(listeners.back()))});
        }
        return {};
      }));
    }
    char command = 0;
    do {
      (void)!::write(answers.get(), "r", 1);
      if (::read(commands.get(), &command, 1) != 1) ::_exit(0);
      std::array<std::byte, 64> message{};
      for (const Pair& pair : all) {
        must(core::send_all(pair.client, message));
        (void)must(core::read_some(pair.server, message));
        must(core::send_all(pair.server, message));
        (void)must(core::read_some(pair.client, message));
      }
    } while (true);
  }

  pid_t child_ = -1;
  core::Fd commands_;
  core::Fd answers_;
};

double cpu_ms() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto ms = [](const timeval& t) { return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_usec) / 1e3; };
  return ms(usage.ru_utime) + ms(usage.ru_stime);
}

/// The published collector's request, in the namespace that the thread is in; the attributes are walked and tcp_info is copied.
std::size_t dump(std::span<std::byte> buffer) {
  const core::Fd diag(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!diag) give_up(core::system_error("open a diag socket", errno));
  struct {
    nlmsghdr header;
    inet_diag_req_v2 body;
  } request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.body.sdiag_family = AF_INET;
  request.body.sdiag_protocol = IPPROTO_TCP;
  request.body.idiag_ext = 0xfe;
  request.body.idiag_states = 0x3fff;
  if (::send(diag.get(), &request, sizeof request, 0) < 0) give_up(core::system_error("ask for a dump", errno));
  std::size_t rows = 0;
  std::array<std::byte, 280> info{};
  for (;;) {
    const auto got = ::recv(diag.get(), buffer.data(), buffer.size(), 0);
    if (got <= 0) give_up(core::system_error("read a dump", errno));
    auto left = static_cast<unsigned>(got);
    for (auto* message = reinterpret_cast<nlmsghdr*>(buffer.data()); NLMSG_OK(message, left);
         message = NLMSG_NEXT(message, left)) {
      if (message->nlmsg_type == NLMSG_DONE) return rows;
      if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY) give_up(core::Error{core::ErrorCode::system, 0, "the dump failed"});
      ++rows;
      std::size_t at = NLMSG_ALIGN(NLMSG_HDRLEN + sizeof(inet_diag_msg));
      while (at + sizeof(nlattr) <= message->nlmsg_len) {
        const auto* attribute = reinterpret_cast<const nlattr*>(reinterpret_cast<const char*>(message) + at);
        if (attribute->nla_type == INET_DIAG_INFO) {
          std::memcpy(info.data(), attribute + 1, std::min(info.size(), std::size_t{attribute->nla_len} - sizeof(nlattr)));
        }
        at += NLMSG_ALIGN(attribute->nla_len);
      }
    }
  }
}

struct Spread {
  double median = 0, low = 0, high = 0;
};

Spread spread(std::vector<double> values) {
  std::ranges::sort(values);
  return {values[values.size() / 2], values.front(), values.back()};
}

nlohmann::json json_of(const Spread& s) { return {{"median", s.median}, {"low", s.low}, {"high", s.high}}; }

struct Side {
  const char* name;
  std::function<std::size_t()> poll;
  std::vector<double> ms;
  std::size_t rows = 0;
};

void measure(Side& side) {
  const double before = cpu_ms();
  side.rows = side.poll();
  side.ms.push_back(cpu_ms() - before);
}

nlohmann::json report(const char* field, std::size_t sockets, std::vector<Side>& sides) {
  fmt::print("\n{}: {} sockets\n{:<28}{:>8}{:>28}{:>14}{:>28}\n", field, sockets, "", "rows", "CPU ms a poll (spread)",
             "us a row", "first / this (spread)");
  nlohmann::json document = {{"sockets", sockets}};
  for (const Side& side : sides) {
    std::vector<double> ratio;
    for (std::size_t i = 0; i < side.ms.size(); ++i) ratio.push_back(sides[0].ms[i] / side.ms[i]);
    const Spread s = spread(side.ms);
    const Spread r = spread(ratio);
    const double us = s.median * 1000 / static_cast<double>(std::max<std::size_t>(side.rows, 1));
    fmt::print("{:<28}{:>8}{:>28}{:>14.2f}{:>28}\n", side.name, side.rows,
               fmt::format("{:.2f} ({:.2f} to {:.2f})", s.median, s.low, s.high), us,
               fmt::format("{:.1f} ({:.1f} to {:.1f})", r.median, r.low, r.high));
    document[side.name] = {{"rows", side.rows}, {"ms", json_of(s)}, {"us_a_row", us}, {"ratio", json_of(r)}};
  }
  return document;
}

nlohmann::json run(const char* field, int namespace_count, int pairs, int holder_count, int rounds) {
  std::vector<link::Namespace> namespaces;
  for (int i = 0; i < namespace_count; ++i) namespaces.push_back(must(link::Namespace::make()));
  std::deque<Holder> holders;  // which stay where they are
  for (int i = 0; i < holder_count; ++i) holders.emplace_back(namespaces, pairs);

  record::Texts texts;
  const auto pass = must(probe::SocketPass::open(texts));
  std::vector<record::Row> rows;
  std::vector<std::byte> buffer(32 << 10);
  const auto ours = [&](probe::SocketPass& with) {
    must(with.read({}, rows));
    return rows.size();
  };
  std::vector<Side> sides;
  sides.push_back({"the published requests",
                   [&] {
                     std::size_t seen = 0;
                     for (const link::Namespace& space : namespaces) {
                       must(space.inside([&]() -> core::Status {
                         seen += dump(buffer);
                         return {};
                       }));
                     }
                     return seen;
                   },
                   {}});
  sides.push_back({"one pass", [&] { return ours(*pass); }, {}});
  for (Side& side : sides) (void)side.poll();
  for (int i = 0; i < rounds; ++i) {
    for (Side& side : sides) measure(side);
  }
  // Whole accounts, and an exchange on every connection: each socket has a ledger. The dumps are measured again beside it.
  const auto witness = must(probe::Witness::attach());
  for (Holder& holder : holders) holder.exchange();
  const auto with_ledgers = must(probe::SocketPass::open(texts, {.witness = witness.get()}));
  Side ledgers{"one pass with ledgers", [&] { return ours(*with_ledgers); }, {}};
  (void)ledgers.poll();
  for (int i = 0; i < rounds; ++i) measure(ledgers);
  sides.push_back(std::move(ledgers));
  const auto known = std::ranges::count_if(rows, [](const record::Row& row) { return row.knows(record::Block::ledger); });
  const std::size_t sockets = namespaces.size() * holders.size() * (2 * static_cast<std::size_t>(pairs) + 1);
  nlohmann::json document = report(field, sockets, sides);
  fmt::print("with a ledger: {} rows\n", known);
  document["ledgers"] = known;
  return document;
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 9;
  utsname machine{};
  ::uname(&machine);
  fmt::print("bench sockets: {} rounds; Linux {} {}, {} processors; a row takes {} bytes\n", rounds, machine.release,
             machine.machine, sysconf(_SC_NPROCESSORS_ONLN), sizeof(record::Row));
  nlohmann::json document = {{"bench", "sockets"}, {"rounds", rounds}, {"kernel", machine.release}};
  document["fifty"] = run("50 namespaces of 101 sockets", 50, 50, 1, rounds);
  document["five_thousand"] = run("5,000 sockets in one namespace", 1, 2500, 1, rounds);
  document["twenty_thousand"] = run("20,000 sockets in one namespace", 1, 5000, 2, rounds);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  document["rss_kib"] = usage.ru_maxrss;
  fmt::print("\nlargest RSS: {} KiB\n\n{}\n", usage.ru_maxrss, document.dump());
  return 0;
}
