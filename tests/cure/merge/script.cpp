// A program of the test of merging: some threads follow random scripts of writes, each on a connection of its own; a reader
// process compares each byte with what it has to be. Says on standard output what differs, if anything does.
//   script SEED                        the whole of it
//   script write FD ID AT COUNT       a part of a script that another program goes on with
//   script leave main|exit|_exit|exec  a thread has bytes kept back when the process ends in this way

#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "tests/cure/merge/writer.hpp"

namespace uncork::cure::testing {
namespace {

constexpr unsigned kConnections = 5;
constexpr unsigned kSteps = 120;

/// What the writers and the reader's process share.
struct Shared {
  std::array<std::atomic<std::uint64_t>, kConnections> received;
  std::array<std::atomic<std::uint64_t>, kConnections> written;  ///< all of it, once it is
  std::array<std::atomic<int>, kConnections> answer;             ///< the reader is to send a byte, which nobody reads
  std::atomic<int> wrong;
};

sockaddr_in listen_on(int listener) {
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof where;
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&where), size) != 0 || ::listen(listener, 64) != 0) fail("listen");
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&where), &size);
  return where;
}

int connect_to(const sockaddr_in& where) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  // Not BBR, which some machines have by default: it paces, and a reset discards what it has not sent yet.
  if (::setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4) != 0) fail("reno");
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) fail("connect");
  return fd;
}

void read_one(Shared& shared, int fd, unsigned id) {
  std::vector<unsigned char> chunk(65'536);
  std::uint64_t at = 0;
  while (true) {
    const ssize_t got = ::recv(fd, chunk.data(), chunk.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;  // its end, or a reset, which some scripts want
    for (ssize_t i = 0; i < got; ++i, ++at) {
      if (chunk[static_cast<std::size_t>(i)] == byte_at(id, at)) continue;
      std::printf("connection %u: byte %llu is wrong\n", id, static_cast<unsigned long long>(at));
      std::fflush(stdout);
      shared.wrong = 1;
      return;
    }
    shared.received[id] = at;
    if (shared.answer[id].exchange(0) != 0 && ::send(fd, "!", 1, 0) != 1) fail("answer");
  }
  while (shared.written[id] == 0) ::usleep(1000);
  if (at == shared.written[id]) return;
  std::printf("connection %u: %llu bytes of %llu\n", id, static_cast<unsigned long long>(at),
              static_cast<unsigned long long>(shared.written[id].load()));
  shared.wrong = 1;
}

[[noreturn]] void read_all(Shared& shared, int listener) {
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < kConnections; ++i) {
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    unsigned id = 0;
    if (fd < 0 || ::recv(fd, &id, sizeof id, MSG_WAITALL) != sizeof id) fail("accept");
    threads.emplace_back([&shared, fd, id] { read_one(shared, fd, id); });
  }
  for (std::thread& thread : threads) thread.join();
  std::fflush(stdout);
  ::_exit(shared.wrong);
}

void wait_received(const Shared& shared, unsigned id, std::uint64_t count) {
  for (int i = 0; shared.received[id] < count; ++i) {
    if (i == 20'000) fail("the reader does not get what was written");
    ::usleep(1000);
  }
}

/// This thread and those that it makes stay on this processor: packets of two of them may overtake each other on the loopback,
/// and a reset that overtakes bytes discards them.
void stay_here() {
  cpu_set_t here;
  CPU_ZERO(&here);
  CPU_SET(static_cast<std::size_t>(::sched_getcpu()), &here);
  ::sched_setaffinity(0, sizeof here, &here);
}

/// Nothing is under way any more, so that what is written next leaves at once, whatever the congestion window is.
void wait_acknowledged(int fd) {
  int unacknowledged = 1;
  while (::ioctl(fd, SIOCOUTQ, &unacknowledged) == 0 && unacknowledged > 0) ::usleep(1000);
}

/// The last bytes, few, on a connection that the kernel resets when it is closed: what was written before has to arrive.
void end_by_reset(Writer& writer, Shared& shared, unsigned id) {
  const int on = 1, off = 0;
  ::fcntl(writer.fd(), F_SETFL, O_RDWR);
  ::setsockopt(writer.fd(), IPPROTO_TCP, TCP_CORK, &off, sizeof off);
  wait_received(shared, id, writer.at());
  ::setsockopt(writer.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const bool lingers = draw(writer.random(), 2) == 0;
  if (lingers) {
    const linger never{1, 0};
    ::setsockopt(writer.fd(), SOL_SOCKET, SO_LINGER, &never, sizeof never);
  } else {
    shared.answer[id] = 1;
    writer.write_all(1);
    pollfd unread{writer.fd(), POLLIN, 0};
    (void)::poll(&unread, 1, -1);
  }
  stay_here();
  wait_acknowledged(writer.fd());
  const auto plain = [&](std::size_t count) {
    std::string bytes;
    for (std::size_t i = 0; i < count; ++i) bytes.push_back(static_cast<char>(byte_at(id, writer.at() + i)));
    if (::write(writer.fd(), bytes.data(), count) != static_cast<ssize_t>(count)) fail("the last write");
    return count;
  };
  shared.written[id] = writer.at() + plain(1 + draw(writer.random(), 500));
  switch (draw(writer.random(), 4)) {
    case 0:
      ::close(writer.fd());
      break;
    case 1:
      std::thread([&] { ::close(writer.fd()); }).join();
      break;
    case 2:
      ::dup2(STDIN_FILENO, writer.fd());
      break;
    default:
      std::fclose(::fdopen(writer.fd(), "w"));
      break;
  }
}

void follow(Shared& shared, int fd, unsigned id, unsigned seed, const char* self) {
  Writer writer(fd, id, 0, seed, self);
  for (unsigned i = 0; i < kSteps; ++i) writer.step();
  if (draw(writer.random(), 3) == 0) return end_by_reset(writer, shared, id);
  writer.write_all(1);
  shared.written[id] = writer.at();
  if (draw(writer.random(), 2) == 0) {
    ::shutdown(fd, SHUT_WR);
    wait_received(shared, id, writer.at());
  }
  ::close(fd);
}

void wait_in_handler(int) {
  const int saved = errno;
  (void)::poll(nullptr, 0, 0);
  errno = saved;
}

int run(unsigned seed, const char* self) {
  auto* shared = static_cast<Shared*>(::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in where = listen_on(listener);
  const pid_t reader = ::fork();
  if (reader == 0) read_all(*shared, listener);
  ::close(listener);
  std::array<int, kConnections> fds{};
  for (unsigned id = 0; id < kConnections; ++id) {
    fds[id] = connect_to(where);
    if (::write(fds[id], &id, sizeof id) != sizeof id) fail("write");
  }
  // Signals come at any moment, to handlers that wait too.
  struct sigaction action{};
  action.sa_handler = wait_in_handler;
  action.sa_flags = seed % 2 == 0 ? SA_RESTART : 0;
  ::sigaction(SIGALRM, &action, nullptr);
  const itimerval often{{0, 1700}, {0, 1700}};
  if (seed % 3 == 0) ::setitimer(ITIMER_REAL, &often, nullptr);
  std::vector<std::thread> threads;
  for (unsigned id = 0; id < kConnections; ++id)
    threads.emplace_back(follow, std::ref(*shared), fds[id], id, seed * 101 + id, self);
  for (std::thread& thread : threads) thread.join();
  int status = 0;
  while (::waitpid(reader, &status, 0) < 0 && errno == EINTR) {
  }
  std::puts(status == 0 ? "every byte" : "wrong");
  return status == 0 ? 0 : 1;
}

/// Has bytes kept back by a thread that only computes, on a connection that is reset when it is closed, and ends.
[[noreturn]] void leave(const sockaddr_in& where, const std::string& how) {
  stay_here();
  const int fd = connect_to(where);
  const linger never{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &never, sizeof never);
  char answer = 0;
  if (::send(fd, "begun, ", 7, 0) != 7 || ::recv(fd, &answer, 1, 0) != 1) fail("begin");
  static std::atomic<bool> written = false, to_end = false;
  std::thread([fd] {
    if (::send(fd, "the last ", 9, 0) != 9 || ::send(fd, "bytes", 5, 0) != 5) fail("write");
    written = true;
    while (!to_end) ::sched_yield();
    ::usleep(10'000);
  }).detach();
  while (!written) ::sched_yield();
  if (how == "exit") std::exit(0);
  if (how == "_exit") ::_exit(0);
  std::array<char*, 2> words = {const_cast<char*>("true"), nullptr};
  if (how == "exec") ::execvp(words[0], words.data());
  to_end = true;
  ::pthread_exit(nullptr);
}

/// Whether all that a process wrote arrives when it leaves in this way, and whether it does end.
int read_of_who_leaves(const std::string& how) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in where = listen_on(listener);
  const pid_t leaver = ::fork();
  if (leaver == 0) leave(where, how);
  const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  std::string got;
  std::array<char, 64> chunk{};
  for (ssize_t more = 0; (more = ::recv(fd, chunk.data(), chunk.size(), 0)) > 0;) {
    got.append(chunk.data(), static_cast<std::size_t>(more));
    if (got == "begun, " && ::send(fd, "!", 1, 0) != 1) fail("answer");
  }
  int status = 0;
  ::waitpid(leaver, &status, 0);
  std::puts(got.c_str());
  return status == 0 && got == "begun, the last bytes" ? 0 : 1;
}

}  // namespace
}  // namespace uncork::cure::testing

int main(int argc, char** argv) {
  using namespace uncork::cure::testing;
  const auto number = [&](int i) { return std::strtoull(argv[i], nullptr, 10); };
  if (argc == 6) {
    Writer writer(static_cast<int>(number(2)), static_cast<unsigned>(number(3)), number(4), 1, argv[0]);
    writer.write_all(number(5));
    return 0;
  }
  if (argc == 3) return read_of_who_leaves(argv[2]);
  return argc == 2 ? run(static_cast<unsigned>(number(1)), argv[0]) : 2;
}
