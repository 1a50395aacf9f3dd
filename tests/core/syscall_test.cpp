#include "core/syscall.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstring>
#include <string>
#include <thread>

namespace uncork::core {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const Endpoint kAnyLoopbackPort = *parse_endpoint("127.0.0.1:0");

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

struct Pair {
  Fd client;
  Fd server;
};

Pair connected(const Endpoint& at = kAnyLoopbackPort) {
  const auto listener = tcp_listen(at);
  EXPECT_TRUE(listener) << listener.error().message;
  const auto address = local_endpoint(*listener);
  auto client = tcp_connect(*address);
  EXPECT_TRUE(client) << client.error().message;
  auto server = tcp_accept(*listener);
  EXPECT_TRUE(server) << server.error().message;
  return {std::move(*client), std::move(*server)};
}

Pair make_pipe(int flags = 0) {
  std::array<int, 2> ends{-1, -1};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC | flags), 0);
  return {Fd(ends[0]), Fd(ends[1])};  // client reads what server writes
}

void write_text(const Fd& fd, std::string_view text) {
  EXPECT_EQ(::write(fd.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

std::string read_until_end(const Fd& fd) {
  std::string text;
  std::array<std::byte, 65536> chunk{};
  for (;;) {
    const auto got = read_some(fd, chunk);
    if (!got || got->kind != ReadOutcome::Kind::bytes) return text;
    text.append(reinterpret_cast<const char*>(chunk.data()), got->count);
  }
}

TEST(Checked, retries_a_call_that_a_signal_interrupted) {
  int calls = 0;
  const auto result = checked("try", [&] {
    errno = EINTR;
    return ++calls < 4 ? -1 : 7;
  });
  EXPECT_EQ(result, 7);
  EXPECT_EQ(calls, 4);
}

TEST(Checked, gives_up_on_any_other_error_and_names_the_attempt) {
  int calls = 0;
  const auto result = checked("bind 127.0.0.1:1", [&] {
    ++calls;
    errno = EACCES;
    return -1;
  });
  ASSERT_FALSE(result);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(result.error(), system_error("bind 127.0.0.1:1", EACCES));
}

TEST(Read, tells_bytes_from_nothing_yet_from_the_end) {
  Pair pipe = make_pipe(O_NONBLOCK);
  std::array<std::byte, 16> into{};

  auto got = read_some(pipe.client, into);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->kind, ReadOutcome::Kind::would_block);

  write_text(pipe.server, "abc");
  got = read_some(pipe.client, into);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->kind, ReadOutcome::Kind::bytes);
  EXPECT_EQ(got->count, 3U);
  EXPECT_EQ(std::memcmp(into.data(), "abc", 3), 0);

  pipe.server.reset();
  got = read_some(pipe.client, into);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->kind, ReadOutcome::Kind::end);
}

TEST(Read, names_the_attempt_when_it_fails) {
  const auto got = read_some(Fd(), {}, "read the log");
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error(), system_error("read the log", EBADF));
}

/// Counts the signals that interrupted the thread which is meant to be waiting in a system call.
std::atomic<int> interruptions = 0;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): a handler has no other way

class InterruptedWait : public testing::Test {
 protected:
  InterruptedWait() {
    struct sigaction action{};
    action.sa_handler = [](int) { ++interruptions; };  // and no SA_RESTART: system calls end with EINTR
    EXPECT_EQ(::sigaction(SIGUSR1, &action, &previous_), 0);
    interruptions = 0;
  }
  ~InterruptedWait() override { ::sigaction(SIGUSR1, &previous_, nullptr); }

  /// Runs `wait` in a thread, interrupts that thread many times, then writes into the pipe that it waits for.
  template <typename Wait>
  void interrupt_and_then_write(const Fd& write_end, Wait wait) {
    std::atomic<bool> ready = false;
    std::atomic<bool> given_up = false;
    std::thread waiter([&] {
      ready = true;
      wait();
      given_up = true;
    });
    while (!ready) std::this_thread::yield();
    constexpr int kTimes = 50;
    // Sent again and again rather than one for one: the thread sanitizer defers and merges signals.
    while (interruptions < kTimes && !given_up) {
      EXPECT_EQ(pthread_kill(waiter.native_handle(), SIGUSR1), 0);
      std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
    EXPECT_FALSE(given_up) << "the wait ended before anything was written";
    write_text(write_end, "x");
    waiter.join();
  }

 private:
  struct sigaction previous_{};
};

TEST_F(InterruptedWait, for_a_read_goes_on_until_the_bytes_are_there) {
  const Pair pipe = make_pipe();
  std::array<std::byte, 4> into{};
  Result<ReadOutcome> got = ReadOutcome{};
  interrupt_and_then_write(pipe.server, [&] { got = read_some(pipe.client, into); });
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->count, 1U);
}

TEST_F(InterruptedWait, for_a_readable_descriptor_goes_on_until_it_is) {
  const Pair pipe = make_pipe();
  Result<bool> readable = false;
  interrupt_and_then_write(pipe.server, [&] { readable = wait_readable(pipe.client, std::nullopt); });
  ASSERT_TRUE(readable) << readable.error().message;
  EXPECT_TRUE(*readable);
}

TEST(WaitReadable, ends_with_no_at_its_deadline) {
  const Pair pipe = make_pipe();
  const Time deadline = MonotonicClock::now() + Micros(1'500);
  EXPECT_EQ(wait_readable(pipe.client, deadline), false);
  EXPECT_GE(MonotonicClock::now(), deadline);
}

TEST(WaitReadable, looks_once_when_its_deadline_has_passed_already) {
  const Pair pipe = make_pipe();
  EXPECT_EQ(wait_readable(pipe.client, Time{}), false);
  write_text(pipe.server, "x");
  EXPECT_EQ(wait_readable(pipe.client, Time{}), true);
}

TEST(WaitReadable, counts_the_end_as_readable) {
  Pair pipe = make_pipe();
  pipe.server.reset();
  EXPECT_EQ(wait_readable(pipe.client, std::nullopt), true);
}

TEST(Tcp, carries_bytes_and_the_end_both_ways) {
  for (const auto* const at : {"127.0.0.1:0", "[::1]:0"}) {
    Pair pair = connected(*parse_endpoint(at));
    ASSERT_TRUE(send_all(pair.client, bytes_of("request")));
    ASSERT_TRUE(send_all(pair.server, bytes_of("reply")));
    ::shutdown(pair.client.get(), SHUT_WR);
    EXPECT_EQ(read_until_end(pair.server), "request");
    pair.server.reset();
    EXPECT_EQ(read_until_end(pair.client), "reply");
  }
}

TEST(Tcp, knows_both_ends_of_a_connection) {
  const Pair pair = connected();
  EXPECT_EQ(local_endpoint(pair.client), peer_endpoint(pair.server));
  EXPECT_EQ(peer_endpoint(pair.client), local_endpoint(pair.server));
  EXPECT_NE(local_endpoint(pair.client)->port, 0);
}

TEST(Tcp, sends_all_of_what_fits_no_buffer) {
  Pair pair = connected();
  const std::string sent(8 << 20, 'u');
  std::string received;
  std::thread reader([&] { received = read_until_end(pair.server); });
  EXPECT_TRUE(send_all(pair.client, bytes_of(sent)));
  pair.client.reset();
  reader.join();
  EXPECT_TRUE(received == sent) << received.size() << " of " << sent.size() << " bytes arrived";
}

TEST(Tcp, sends_nothing_now_when_it_would_block) {
  const Pair pair = connected();
  const std::string chunk(1 << 20, 'u');
  for (int chunks = 0; chunks < 64; ++chunks) {  // the kernel's largest send buffer is 4 MiB (tcp_wmem) by default
    const auto sent = send_some(pair.client, bytes_of(chunk), MSG_DONTWAIT);
    ASSERT_TRUE(sent) << sent.error().message;
    if (*sent == 0) return;
  }
  FAIL() << "64 MiB went into a socket that nobody reads";
}

TEST(Tcp, says_that_the_peer_is_gone_instead_of_dying_of_sigpipe) {
  Pair pair = connected();
  pair.server.reset();
  Status sent;
  // The first write may still be taken; the reset that answers it fails a later one.
  for (int tries = 0; sent && tries < 1'000; ++tries) {
    sent = send_all(pair.client, bytes_of("anyone?"));
    std::this_thread::yield();
  }
  ASSERT_FALSE(sent);
  EXPECT_THAT(sent.error().message, StartsWith("send: "));
}

TEST(Tcp, names_the_address_that_refused) {
  const auto listener = tcp_listen(kAnyLoopbackPort);
  ASSERT_TRUE(listener);
  const auto address = *local_endpoint(*listener);
  const Fd bound_but_deaf = [&] {  // keeps the port while nobody listens on it
    Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in any_port{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    EXPECT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&any_port), sizeof any_port), 0);
    return socket;
  }();
  const auto deaf = *local_endpoint(bound_but_deaf);
  ASSERT_NE(deaf, address);
  const auto refused = tcp_connect(deaf);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::refused);
  EXPECT_EQ(refused.error().message, "connect " + to_string(deaf) + ": Connection refused");
}

TEST(Tcp, names_the_address_that_is_taken) {
  const auto first = tcp_listen(kAnyLoopbackPort);
  const auto address = *local_endpoint(*first);
  const auto second = tcp_listen(address);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().system_errno, EADDRINUSE);
  EXPECT_THAT(second.error().message, HasSubstr(to_string(address)));
}

TEST(Tcp, hands_no_socket_to_child_programs) {
  const Pair pair = connected();
  const auto listener = tcp_listen(kAnyLoopbackPort);
  for (const int fd : {pair.client.get(), pair.server.get(), listener->get()}) EXPECT_EQ(::fcntl(fd, F_GETFD), FD_CLOEXEC);
}

TEST(Option, reads_back_what_was_set) {
  const Pair pair = connected();
  EXPECT_EQ(get_option(pair.client, IPPROTO_TCP, TCP_NODELAY), 0);
  ASSERT_TRUE(set_option(pair.client, IPPROTO_TCP, TCP_NODELAY, 1));
  EXPECT_EQ(get_option(pair.client, IPPROTO_TCP, TCP_NODELAY), 1);
}

TEST(Option, fails_on_what_is_no_socket) {
  const Pair pipe = make_pipe();
  EXPECT_FALSE(set_option(pipe.client, IPPROTO_TCP, TCP_NODELAY, 1));
  EXPECT_EQ(get_option(pipe.client, IPPROTO_TCP, TCP_NODELAY).error().system_errno, ENOTSOCK);
}

TEST(ReadFile, gives_the_whole_of_a_small_one) {
  const auto text = read_file("/proc/self/status");
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_THAT(*text, HasSubstr("Name:\tcore_test"));
}

TEST(ReadFile, stops_at_its_limit) {
  const auto text = read_file("/dev/zero", 10'000);
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_EQ(text->size(), 10'000U);
}

TEST(ReadFile, names_the_file_that_is_not_there) {
  const auto text = read_file("/proc/self/no such file");
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, ErrorCode::not_found);
  EXPECT_EQ(text.error().message, "open /proc/self/no such file: No such file or directory");
}

}  // namespace
}  // namespace uncork::core
