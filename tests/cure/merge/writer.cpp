#include "tests/cure/merge/writer.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace uncork::cure::testing {
namespace {

constexpr std::array<std::size_t, 8> kSizes = {1, 7, 60, 500, 1448, 5000, 40'000, 200'000};

std::vector<char> pattern(unsigned id, std::uint64_t at, std::size_t count) {
  std::vector<char> bytes(count);
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<char>(byte_at(id, at + i));
  return bytes;
}

void wait_writable(int fd) {
  pollfd one{fd, POLLOUT, 0};
  (void)::poll(&one, 1, -1);
}

/// Reaps a child that must have ended as it was told to: by an exit code of 0 or by `signal`.
void reap(pid_t child, int signal = 0) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) fail("waitpid");
  }
  if (signal != 0 ? !WIFSIGNALED(status) : status != 0) fail("a child that writes");
}

/// One call that writes at most `count` bytes.
ssize_t one_call(int fd, unsigned how, const char* bytes, std::size_t count) {
  const std::size_t half = count / 2;
  std::array<iovec, 2> parts = {iovec{const_cast<char*>(bytes), half}, iovec{const_cast<char*>(bytes) + half, count - half}};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  switch (how) {
    case 0:
      return ::write(fd, bytes, count);
    case 1:
      return ::send(fd, bytes, count, 0);
    case 2:
      return ::send(fd, bytes, count, MSG_DONTWAIT);
    case 3:
      return ::send(fd, bytes, count, MSG_NOSIGNAL);
    case 4:
      return ::send(fd, bytes, count, MSG_MORE);
    case 5:
      return ::sendto(fd, bytes, count, 0, nullptr, 0);
    case 6:
      return ::writev(fd, parts.data(), 2);
    case 7:
      return ::sendmsg(fd, &message, MSG_NOSIGNAL);
    default:
      break;
  }
  mmsghdr messages{};
  messages.msg_hdr = message;
  return ::sendmmsg(fd, &messages, 1, 0) == 1 ? static_cast<ssize_t>(messages.msg_len) : -1;
}

void all_calls(int fd, Random& random, const std::vector<char>& bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t sent = one_call(fd, draw(random, 9), bytes.data() + done, bytes.size() - done);
    if (sent > 0) done += static_cast<std::size_t>(sent);
    if (sent >= 0 || errno == EINTR) continue;
    if (errno != EAGAIN) fail("write");
    if (draw(random, 2) == 0) wait_writable(fd);  // else it tries again at once
  }
}

// What the signal handler writes: raise() has it run in this very thread.
thread_local int handled_fd = -1;
thread_local unsigned handled_id = 0;
thread_local std::uint64_t handled_at = 0;
thread_local std::size_t handled_count = 0;

void write_in_handler(int) {
  const int saved = errno;
  for (; handled_count > 0;) {
    const auto byte = static_cast<char>(byte_at(handled_id, handled_at));
    const ssize_t sent = ::write(handled_fd, &byte, 1);
    if (sent == 1) ++handled_at, --handled_count;
    if (sent < 0 && errno == EAGAIN) wait_writable(handled_fd);
  }
  errno = saved;
}

}  // namespace

void fail(const char* what) {
  std::perror(what);
  std::fflush(stderr);
  ::kill(::getpid(), SIGABRT);
  ::_exit(1);
}

void Writer::write_all(std::size_t count) {
  all_calls(fd_, random_, pattern(id_, at_, count));
  at_ += count;
}

void Writer::from_child(std::size_t count) {
  const unsigned end = draw(random_, 3);
  std::atomic<int>* told = static_cast<std::atomic<int>*>(
      ::mmap(nullptr, sizeof(std::atomic<int>), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  const auto bytes = pattern(id_, at_, count);
  const pid_t child = draw(random_, 4) == 0 ? static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)) : ::fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    all_calls(fd_, random_, bytes);
    told->store(1);
    if (end == 0) ::_exit(0);
    if (end == 1) ::kill(::getpid(), SIGKILL);
    ::close(fd_);
    ::_exit(0);
  }
  at_ += count;
  // Goes on when the child has written, by a wait that the library sees or by one that it does not.
  if (draw(random_, 2) == 0) {
    while (told->load() == 0) ::sched_yield();
    write_all(1 + draw(random_, 50));
  }
  reap(child, end == 1 ? SIGKILL : 0);
  ::munmap(told, sizeof(std::atomic<int>));
}

void Writer::from_program(std::size_t count, bool vforked) {
  const std::array<std::string, 5> words = {"write", std::to_string(fd_), std::to_string(id_), std::to_string(at_),
                                            std::to_string(count)};
  std::array<char*, 7> argv = {const_cast<char*>(self_)};
  for (std::size_t i = 0; i < words.size(); ++i) argv[i + 1] = const_cast<char*>(words[i].c_str());
  const int keep = ::fcntl(fd_, F_GETFD);
  ::fcntl(fd_, F_SETFD, 0);
  pid_t child = -1;
  if (!vforked) {
    if (::posix_spawn(&child, self_, nullptr, nullptr, argv.data(), ::environ) != 0) fail("posix_spawn");
  } else {
    child = ::vfork();
    if (child == 0) {
      ::close(0);
      ::execve(self_, argv.data(), ::environ);
      ::_exit(1);
    }
  }
  at_ += count;
  reap(child);
  ::fcntl(fd_, F_SETFD, keep);
}

void Writer::from_thread(std::size_t count) {
  std::atomic<bool> done = false;
  std::thread other([&, bytes = pattern(id_, at_, count), seed = random_()] {
    Random random(static_cast<unsigned>(seed));
    all_calls(fd_, random, bytes);
    done = true;
    if (random() % 2 == 0) ::usleep(300);
  });
  at_ += count;
  if (draw(random_, 2) == 0) {
    while (!done) ::sched_yield();
    write_all(1 + draw(random_, 50));
  }
  other.join();
}

void Writer::from_handler(std::size_t count) {
  handled_fd = fd_, handled_id = id_, handled_at = at_, handled_count = count;
  ::signal(SIGUSR1, write_in_handler);
  (void)::raise(SIGUSR1);
  at_ += count;
}

void Writer::from_file(std::size_t count) {
  const auto bytes = pattern(id_, at_, count);
  const int file = ::memfd_create("pattern", MFD_CLOEXEC);
  if (::write(file, bytes.data(), count) != static_cast<ssize_t>(count)) fail("memfd");
  off_t from = 0;
  while (from < static_cast<off_t>(count)) {
    if (::sendfile(fd_, file, &from, count - static_cast<std::size_t>(from)) < 0 && errno != EINTR) {
      if (errno != EAGAIN) fail("sendfile");
      wait_writable(fd_);
    }
  }
  ::close(file);
  at_ += count;
}

void Writer::through_stdio(std::size_t count) {
  const int mode = ::fcntl(fd_, F_GETFL);
  ::fcntl(fd_, F_SETFL, mode & ~O_NONBLOCK);
  // A signal may interrupt fclose(), which then does not say how much it has written.
  sigset_t alarm, before;
  sigemptyset(&alarm);
  sigaddset(&alarm, SIGALRM);
  ::pthread_sigmask(SIG_BLOCK, &alarm, &before);
  const auto bytes = pattern(id_, at_, count);
  std::FILE* stream = ::fdopen(::dup(fd_), "w");
  for (const char byte : bytes) std::fputc(byte, stream);
  if (std::fclose(stream) != 0) fail("fclose");
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::fcntl(fd_, F_SETFL, mode);
  at_ += count;
}

void Writer::through_another_number(std::size_t count) {
  const int real = fd_;
  const unsigned how = draw(random_, 3);
  if (how == 0) fd_ = ::dup(real);
  if (how == 1) fd_ = ::fcntl(real, F_DUPFD_CLOEXEC, 0);
  if (how == 2) fd_ = ::dup2(real, ::open("/dev/null", O_RDONLY | O_CLOEXEC));
  write_all(count);
  if (draw(random_, 3) == 0) {
    ::syscall(SYS_close, fd_);  // behind the library's back
  } else {
    ::close(fd_);
  }
  fd_ = real;
}

/// A number that was this connection, with bytes kept back, is another descriptor a moment later, unseen by the library.
void Writer::as_something_else() {
  std::array<int, 2> ends{};
  const bool datagrams = draw(random_, 2) == 0;
  if (datagrams ? ::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends.data()) != 0 : ::pipe2(ends.data(), O_CLOEXEC) != 0)
    fail("pair");
  const int real = fd_;
  fd_ = ::dup(real);
  write_all(5);
  ::syscall(SYS_dup3, ends[1], fd_, O_CLOEXEC);
  if (::write(fd_, "abc", 3) != 3 || ::write(fd_, "de", 2) != 2) fail("write to what was a connection");
  std::array<char, 8> got{};
  if (::read(ends[0], got.data(), got.size()) != (datagrams ? 3 : 5)) fail("read from what was a connection");
  for (const int end : {ends[0], ends[1], fd_}) ::close(end);
  fd_ = real;
}

void Writer::set_options() {
  const int on = static_cast<int>(draw(random_, 2));
  const int bytes = draw(random_, 2) == 0 ? 4096 : 1 << 20;
  switch (draw(random_, 4)) {
    case 0:
      ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      break;
    case 1:
      ::setsockopt(fd_, IPPROTO_TCP, TCP_CORK, &on, sizeof on);
      break;
    case 2:
      ::setsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
      break;
    default:
      ::fcntl(fd_, F_SETFL, on ? O_RDWR | O_NONBLOCK : O_RDWR);
      break;
  }
}

void Writer::wait() {
  timeval at_most{0, 200};
  switch (draw(random_, 12)) {
    case 0:
      ::usleep(200);
      break;
    case 1:
      (void)::poll(nullptr, 0, 1);
      break;
    case 2:
      (void)::select(0, nullptr, nullptr, nullptr, &at_most);
      break;
    case 3: {
      std::mutex mutex;
      std::condition_variable never;
      std::unique_lock lock(mutex);
      never.wait_for(lock, std::chrono::microseconds(200));
      break;
    }
    case 4: {
      const auto begun = std::chrono::steady_clock::now();  // computes: the watchdog lets go
      while (std::chrono::steady_clock::now() - begun < std::chrono::milliseconds(3)) {
      }
      break;
    }
    case 5: {
      const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
      epoll_event event{};
      (void)::epoll_wait(epoll, &event, 1, 1);
      ::close(epoll);
      break;
    }
    default:
      break;
  }
}

void Writer::step() {
  const std::size_t count = kSizes[draw(random_, kSizes.size())];
  const std::size_t little = 1 + count % 2000;
  switch (draw(random_, 40)) {
    case 0:
      from_child(little);
      break;
    case 1:
      from_thread(count);
      break;
    case 2:
      from_handler(little % 100);
      break;
    case 3:
      from_file(count);
      break;
    case 4:
      through_stdio(little);
      break;
    case 5:
    case 6:
      through_another_number(count);
      break;
    case 7:
      as_something_else();
      break;
    case 8:
    case 9:
      set_options();
      break;
    case 10: {
      if (draw(random_, 4) == 0) from_program(little, draw(random_, 2) == 0);
      break;
    }
    default:
      write_all(count);
      break;
  }
  wait();
}

}  // namespace uncork::cure::testing
