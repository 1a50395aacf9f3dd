// Reading an inet_diag dump with io_uring instead of recvmsg: what it would save or cost. The published collector's request
// (IPv4, ext 0xfe, states 0x3fff, 32 KiB buffers) in a namespace of 5,001 sockets, by one recvmsg after the other, and by a ring
// with 64 of them under way (its default) or 4. In turn, each round of each side in a process of its own: CPU time with that of
// the kernel's workers, context switches, and what the memory grew by. Needs root, and io_uring allowed.
//   ./dev bench uring [ROUNDS]

#include <fmt/format.h>
#include <liburing.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bench/diag_request.hpp"
#include "bench/socket_holder.hpp"

namespace {

using namespace uncork;
using bench::give_up;

constexpr std::size_t kBuffer = 32 << 10;
constexpr int kDumps = 40;  // of a round

struct Read {
  std::size_t rows = 0;
  std::size_t datagrams = 0;
};

Read with_recvmsg() {
  std::vector<std::byte> buffer(kBuffer);
  const core::Fd diag = bench::request_dump();
  Read read;
  for (bool more = true; more;) {
    iovec where{buffer.data(), buffer.size()};
    msghdr message{};
    message.msg_iov = &where;
    message.msg_iovlen = 1;
    const auto got = ::recvmsg(diag.get(), &message, 0);
    if (got <= 0) give_up(core::system_error("read a dump", errno));
    ++read.datagrams;
    more = bench::walk_datagram(std::span(buffer).first(static_cast<std::size_t>(got)), read.rows);
  }
  return read;
}

/// A ring with so many reads under way, kept for all dumps.
class Ring {
 public:
  explicit Ring(unsigned depth) : buffers_(depth, std::vector<std::byte>(kBuffer)), parts_(depth), messages_(depth) {
    if (const int err = io_uring_queue_init(depth * 2, &ring_, 0); err != 0) give_up(core::system_error("make a ring", -err));
  }
  ~Ring() { io_uring_queue_exit(&ring_); }
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  Read dump() {
    const core::Fd diag = bench::request_dump();
    for (std::size_t i = 0; i < buffers_.size(); ++i) ask(diag, i);
    Read read;
    std::size_t under_way = buffers_.size();
    for (bool more = true; under_way > 0;) {
      if (const int err = io_uring_submit_and_wait(&ring_, 1); err < 0) give_up(core::system_error("wait for the ring", -err));
      std::array<io_uring_cqe*, 128> done{};
      const unsigned count = io_uring_peek_batch_cqe(&ring_, done.data(), done.size());
      for (unsigned i = 0; i < count; ++i) {
        const auto which = static_cast<std::size_t>(done[i]->user_data);
        const int got = done[i]->res;
        io_uring_cqe_seen(&ring_, done[i]);
        if (which == kCancel) continue;
        --under_way;
        if (got == -ECANCELED) continue;
        if (got <= 0) give_up(core::system_error("read a dump by the ring", -got));
        ++read.datagrams;
        if (bench::walk_datagram(std::span(buffers_[which]).first(static_cast<std::size_t>(got)), read.rows)) {
          ask(diag, which);
          ++under_way;
        } else if (more) {
          more = false;
          cancel(diag);
        }
      }
    }
    return read;
  }

 private:
  static constexpr std::size_t kCancel = ~std::size_t{0};

  io_uring_sqe* entry() {
    io_uring_sqe* const entry = io_uring_get_sqe(&ring_);
    if (entry == nullptr) give_up(core::system_error("find room in the ring", ENOSPC));
    return entry;
  }
  void ask(const core::Fd& diag, std::size_t which) {
    parts_[which] = {buffers_[which].data(), kBuffer};
    messages_[which] = {};
    messages_[which].msg_iov = &parts_[which];
    messages_[which].msg_iovlen = 1;
    io_uring_sqe* const read = entry();
    io_uring_prep_recvmsg(read, diag.get(), &messages_[which], 0);
    read->user_data = which;
  }
  void cancel(const core::Fd& diag) {
    io_uring_sqe* const all = entry();
    io_uring_prep_cancel_fd(all, diag.get(), IORING_ASYNC_CANCEL_ALL);
    all->user_data = kCancel;
  }

  io_uring ring_{};
  std::vector<std::vector<std::byte>> buffers_;
  std::vector<iovec> parts_;
  std::vector<msghdr> messages_;
};

struct Cost {
  double cpu_us = 0;    // a datagram
  double switches = 0;  // a dump
  double grown_kib = 0;
  double rows = 0;       // a dump
  double datagrams = 0;  // a dump
};

double resident_kib() {
  std::ifstream file("/proc/self/statm");
  long size = 0;
  long resident = 0;
  file >> size >> resident;
  return static_cast<double>(resident * ::sysconf(_SC_PAGESIZE)) / 1024;
}

/// In a process of its own, so that neither finds the other's memory or workers.
Cost cost_of(const link::Namespace& space, unsigned depth) {
  int ends[2];
  if (::pipe(ends) != 0) give_up(core::system_error("make a pipe", errno));
  const pid_t child = ::fork();
  if (child == 0) {
    Cost cost;
    bench::must(space.inside([&]() -> core::Status {
      const double before_kib = resident_kib();
      std::optional<Ring> ring;
      if (depth != 0) ring.emplace(depth);
      const auto dump = [&] { return ring ? ring->dump() : with_recvmsg(); };
      (void)dump();
      rusage before{};
      rusage after{};
      getrusage(RUSAGE_SELF, &before);
      Read all;
      for (int i = 0; i < kDumps; ++i) {
        const Read read = dump();
        all.rows += read.rows;
        all.datagrams += read.datagrams;
      }
      getrusage(RUSAGE_SELF, &after);
      const auto us = [](const rusage& usage) {
        return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
               static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
      };
      cost.cpu_us = (us(after) - us(before)) / static_cast<double>(all.datagrams);
      cost.switches = static_cast<double>(after.ru_nvcsw + after.ru_nivcsw - before.ru_nvcsw - before.ru_nivcsw) / kDumps;
      cost.grown_kib = resident_kib() - before_kib;
      cost.rows = static_cast<double>(all.rows) / kDumps;
      cost.datagrams = static_cast<double>(all.datagrams) / kDumps;
      return {};
    }));
    ::_exit(::write(ends[1], &cost, sizeof cost) == sizeof cost ? 0 : 1);
  }
  ::close(ends[1]);
  const core::Fd from(ends[0]);
  Cost cost;
  if (child < 0 || ::read(from.get(), &cost, sizeof cost) != sizeof cost) give_up(core::system_error("measure", errno));
  ::waitpid(child, nullptr, 0);
  return cost;
}

std::array<double, 3> spread(std::vector<double> values) {
  std::ranges::sort(values);
  return {values[values.size() / 2], values.front(), values.back()};
}

struct Side {
  const char* name;
  unsigned depth;
  std::vector<Cost> costs = {};
};

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 9;
  utsname machine{};
  ::uname(&machine);
  fmt::print("bench uring: {} rounds of {} dumps; Linux {} {}\n\n", rounds, kDumps, machine.release, machine.machine);
  std::vector<link::Namespace> spaces;
  spaces.push_back(bench::must(link::Namespace::make()));
  const bench::Holder holder(spaces, 2500);
  std::array<Side, 3> sides = {{{"recvmsg", 0}, {"io_uring, 64 under way", 64}, {"io_uring, 4 under way", 4}}};
  for (int i = 0; i < rounds; ++i) {
    for (Side& side : sides) side.costs.push_back(cost_of(spaces.front(), side.depth));
  }
  nlohmann::json document = {{"bench", "uring"}, {"rounds", rounds}, {"kernel", machine.release}};
  fmt::print("{:<26}{:>28}{:>20}{:>12}{:>20}\n", "", "CPU us a datagram (spread)", "rows / datagrams", "switches",
             "RSS grows, KiB");
  for (const Side& side : sides) {
    const auto column = [&](double Cost::* member) {
      std::vector<double> values;
      for (const Cost& cost : side.costs) values.push_back(cost.*member);
      return spread(values);
    };
    const auto cpu = column(&Cost::cpu_us);
    const auto grown = column(&Cost::grown_kib);
    fmt::print("{:<26}{:>28}{:>20}{:>12.1f}{:>20.0f}\n", side.name,
               fmt::format("{:.1f} ({:.1f} to {:.1f})", cpu[0], cpu[1], cpu[2]),
               fmt::format("{:.0f} / {:.0f}", column(&Cost::rows)[0], column(&Cost::datagrams)[0]), column(&Cost::switches)[0],
               grown[0]);
    document[side.name] = {{"us_a_datagram", cpu}, {"switches_a_dump", column(&Cost::switches)}, {"grown_kib", grown}};
  }
  fmt::print("\n{}\n", document.dump());
  return 0;
}
