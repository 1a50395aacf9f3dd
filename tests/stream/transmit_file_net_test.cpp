// File transmission over real sockets: every byte, every way it may end, and nothing left behind on the socket.

#include "uncork/stream/transmit_file.hpp"

#include <sys/resource.h>
#include <sys/wait.h>

#include <atomic>
#include <csignal>
#include <fstream>

#include "tests/stream/transmit_bench.hpp"
#include "uncork/stream/error.hpp"

namespace uncork::stream {
namespace {

using namespace testing_transmit;

struct Ended {
  error_code error;
  transmit_result result;
};

class TransmitFile : public ConnectedPair {
 protected:
  void start(int file, const transmit_options& options, std::optional<Ended>& ended) {
    async_transmit_file(near, file, options, [&ended](error_code error, transmit_result result) { ended = {error, result}; });
  }
  Ended transmit(int file, const transmit_options& options) {
    std::optional<Ended> ended;
    start(file, options, ended);
    run();
    EXPECT_TRUE(ended);
    return ended.value_or(Ended{asio::error::timed_out, {}});
  }
  /// What the far end gets of it, the connection being closed afterwards.
  std::string received_of(int file, const transmit_options& options) {
    auto reader = read_to_end(far);
    const Ended ended = transmit(file, options);
    EXPECT_FALSE(ended.error) << ended.error.message();
    EXPECT_EQ(ended.result.sent, ended.result.expected);
    EXPECT_FALSE(is_corked(near));
    near.shutdown(tcp::socket::shutdown_send);
    return reader.get();
  }
};

TEST_F(TransmitFile, every_size_arrives_whole_with_and_without_head_and_tail) {
  const std::string head = pattern(300, 7);
  const std::string tail = pattern(80, 8);
  for (const std::size_t size :
       {0U, 1U, 1447U, 1448U, 1449U, 4095U, 4096U, 8192U, 65536U, 131072U, 1U << 20, 3U << 21, 10'000'001U}) {
    const std::string bytes = pattern(size);
    const ScratchFile file(bytes);
    std::string expected;
    std::size_t ends = 0;
    for (const bool with_head : {false, true}) {
      for (const bool with_tail : {false, true}) {
        transmit_options options;
        if (with_head) options.head = bytes_of(head);
        if (with_tail) options.tail = bytes_of(tail);
        expected = (with_head ? head : "") + bytes + (with_tail ? tail : "");
        std::string got(expected.size(), '\0');
        auto reader = std::async(std::launch::async, [&] { return asio::read(far, asio::buffer(got)); });
        const Ended ended = transmit(file.fd(), options);
        EXPECT_FALSE(ended.error) << ended.error.message();
        EXPECT_EQ(ended.result.sent, expected.size());
        EXPECT_EQ(ended.result.expected, expected.size());
        reader.get();
        EXPECT_TRUE(got == expected) << size << " bytes, " << ends;
        ++ends;
      }
    }
  }
  EXPECT_FALSE(is_corked(near));
  EXPECT_EQ(far.available(), 0U);
}

TEST_F(TransmitFile, sets_nodelay_and_does_not_move_the_shared_file_offset) {
  const ScratchFile file(pattern(100'000));
  ASSERT_EQ(::lseek(file.fd(), 17, SEEK_SET), 17);
  transmit_options options;
  options.offset = 5000;
  options.length = 60'000;
  EXPECT_TRUE(received_of(file.fd(), options) == pattern(100'000).substr(5000, 60'000));
  EXPECT_EQ(::lseek(file.fd(), 0, SEEK_CUR), 17);
  tcp::no_delay no_delay;
  near.get_option(no_delay);
  EXPECT_TRUE(no_delay.value());
}

TEST_F(TransmitFile, reaches_offsets_over_4_gib) {
  const ScratchFile file;
  constexpr std::uint64_t kFar = (std::uint64_t{5} << 30) + 123;
  file.write_at(kFar, pattern(70'000));
  transmit_options options;
  options.offset = kFar;
  EXPECT_TRUE(received_of(file.fd(), options) == pattern(70'000));
}

TEST_F(TransmitFile, a_file_that_shrinks_under_way_is_truncated) {
  const ScratchFile file(pattern(64 << 20));
  transmit_options options;
  const std::string tail = "tail";
  options.tail = bytes_of(tail);
  std::optional<Ended> ended;
  start(file.fd(), options, ended);
  context.poll();  // the far end does not read: the send buffer is full
  ASSERT_FALSE(ended);
  file.resize(32 << 20);
  auto reader = read_to_end(far);
  run();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->error, errc::truncated);
  EXPECT_EQ(ended->result.sent, std::uint64_t{32} << 20);
  EXPECT_EQ(ended->result.expected, (std::uint64_t{64} << 20) + 4);
  EXPECT_FALSE(is_corked(near));
  near.close();
  EXPECT_TRUE(reader.get() == pattern(64 << 20).substr(0, 32 << 20));
}

TEST_F(TransmitFile, of_a_file_that_grows_under_way_sends_what_it_had) {
  const ScratchFile file(pattern(16 << 20));
  std::optional<Ended> ended;
  start(file.fd(), {}, ended);
  context.poll();
  ASSERT_FALSE(ended);
  file.write_at(16 << 20, "more");
  auto reader = read_to_end(far);
  run();
  ASSERT_TRUE(ended);
  EXPECT_FALSE(ended->error);
  near.close();
  EXPECT_EQ(reader.get().size(), std::size_t{16} << 20);
}

TEST_F(TransmitFile, of_a_slow_pipe_nothing_that_has_come_waits) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);  // blocking, as a shell's are
  const std::string head = "head ";
  const std::string tail = " tail";
  transmit_options options;
  options.head = bytes_of(head);
  options.tail = bytes_of(tail);
  std::optional<Ended> ended;
  start(ends[0], options, ended);
  std::string got(5, '\0');
  const auto begin = std::chrono::steady_clock::now();
  context.poll();
  asio::read(far, asio::buffer(got));
  // A cork would hold it for 200 ms.
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(150));
  EXPECT_EQ(got, head);
  EXPECT_EQ(::fcntl(ends[0], F_GETFL) & O_NONBLOCK, 0);
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(::write(ends[1], "12345", 5), 5);
    context.restart();
    context.run_for(std::chrono::milliseconds(20));
    asio::read(far, asio::buffer(got));
    EXPECT_EQ(got, "12345");
  }
  ::close(ends[1]);
  run();
  asio::read(far, asio::buffer(got));
  EXPECT_EQ(got, tail);
  ASSERT_TRUE(ended);
  EXPECT_FALSE(ended->error);
  EXPECT_EQ(ended->result.sent, 25U);
  EXPECT_EQ(ended->result.expected, 25U);
  ::close(ends[0]);
}

TEST_F(TransmitFile, sends_a_pipe_a_socket_and_a_file_of_proc_to_their_ends) {
  const std::string bytes = pattern(300'000);
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  std::thread writer([&] {
    for (std::size_t at = 0; at < bytes.size();) {
      const ssize_t put = ::write(ends[1], bytes.data() + at, bytes.size() - at);
      if (put <= 0) break;
      at += static_cast<std::size_t>(put);
    }
    ::close(ends[1]);
  });
  std::string got(bytes.size(), '\0');
  auto reader = std::async(std::launch::async, [&] { return asio::read(far, asio::buffer(got)); });
  EXPECT_FALSE(transmit(ends[0], {}).error);
  writer.join();
  ::close(ends[0]);
  reader.get();
  EXPECT_TRUE(got == bytes);

  const int proc = ::open("/proc/version", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(proc, 0);
  std::string version;
  std::getline(std::ifstream("/proc/version"), version);
  EXPECT_EQ(received_of(proc, {}), version + "\n");
  ::close(proc);
}

TEST_F(TransmitFile, errors_of_the_source_are_told) {
  EXPECT_EQ(transmit(123'456, {}).error, asio::error::bad_descriptor);
  const int folder = ::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  EXPECT_EQ(transmit(folder, {}).error, boost::system::errc::is_a_directory);
  ::close(folder);
  const ScratchFile file("short");
  transmit_options options;
  options.length = 6;
  const Ended ended = transmit(file.fd(), options);
  EXPECT_EQ(ended.error, errc::truncated);
  EXPECT_EQ(ended.result.expected, 6U);
  EXPECT_EQ(far.available(), 0U);
}

TEST_F(TransmitFile, cancellation_ends_it_with_what_was_sent_and_no_cork) {
  const ScratchFile file(pattern(64 << 20));
  for (const auto type : {asio::cancellation_type::terminal, asio::cancellation_type::partial}) {
    asio::cancellation_signal cancel;
    std::optional<Ended> ended;
    async_transmit_file(
        near, file.fd(), {},
        asio::bind_cancellation_slot(cancel.slot(), [&](error_code error, transmit_result result) { ended = {error, result}; }));
    context.restart();
    context.poll();
    ASSERT_FALSE(ended);
    EXPECT_FALSE(is_corked(near));
    cancel.emit(type);
    run();
    ASSERT_TRUE(ended);
    EXPECT_EQ(ended->error, asio::error::operation_aborted);
    EXPECT_LT(ended->result.sent, ended->result.expected);
    EXPECT_FALSE(is_corked(near));
  }
}

TEST_F(TransmitFile, cancellation_reaches_it_between_two_turns) {
  const ScratchFile file(pattern(1 << 20));
  transmit_options options;
  options.chunk_bound = 1024;
  asio::cancellation_signal cancel;
  std::optional<Ended> ended;
  async_transmit_file(
      near, file.fd(), options,
      asio::bind_cancellation_slot(cancel.slot(), [&](error_code error, transmit_result result) { ended = {error, result}; }));
  context.run_one();
  cancel.emit(asio::cancellation_type::partial);
  run();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->error, asio::error::operation_aborted);
  EXPECT_EQ(ended->result.sent, 2048U);
  std::string got(2048, '\0');
  asio::read(far, asio::buffer(got));
  EXPECT_TRUE(got == pattern(2048));
}

TEST_F(TransmitFile, a_socket_closed_between_two_turns_ends_it) {
  const ScratchFile file(pattern(1 << 20));
  transmit_options options;
  options.chunk_bound = 1024;
  std::optional<Ended> ended;
  start(file.fd(), options, ended);
  near.close();
  run();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->error, asio::error::operation_aborted);
  EXPECT_EQ(ended->result.sent, 1024U);
}

TEST_F(TransmitFile, dropped_with_its_context_leaves_no_cork) {
  const ScratchFile file(pattern(64 << 20));
  int kept = -1;
  {
    asio::io_context doomed;
    Socket socket(doomed.get_executor());
    Acceptor acceptor(far_context.get_executor(), {asio::ip::address_v4::loopback(), 0});
    socket.connect(acceptor.local_endpoint());
    Socket peer(far_context.get_executor());
    acceptor.accept(peer);
    async_transmit_file(socket, file.fd(), {}, [](error_code, transmit_result) { FAIL() << "it was dropped"; });
    doomed.poll();
    kept = ::dup(socket.native_handle());
  }
  int corked = -1;
  socklen_t size = sizeof corked;
  ASSERT_EQ(::getsockopt(kept, IPPROTO_TCP, TCP_CORK, &corked, &size), 0);
  EXPECT_EQ(corked, 0);
  ::close(kept);
}

TEST_F(TransmitFile, others_have_their_turn_while_a_long_file_is_sent) {
  const ScratchFile file(pattern(8 << 20));
  transmit_options options;
  options.chunk_bound = 64 * 1024;
  auto reader = read_to_end(far);
  std::optional<Ended> ended;
  start(file.fd(), options, ended);
  int turns = 0;
  std::function<void()> other = [&] {
    ++turns;
    if (!ended) asio::post(context, other);
  };
  asio::post(context, other);
  run();
  EXPECT_GE(turns, 127);  // 8 MiB / 64 KiB, the first of them in the call itself
  near.close();
  EXPECT_EQ(reader.get().size(), std::size_t{8} << 20);
}

TEST_F(TransmitFile, tells_its_progress_up_to_the_end) {
  const ScratchFile file(pattern(1 << 20));
  std::vector<std::uint64_t> told;
  transmit_options options;
  options.chunk_bound = 256 * 1024;
  options.progress = [&](const transmit_result& now) {
    EXPECT_EQ(now.expected, 1U << 20);
    told.push_back(now.sent);
  };
  EXPECT_EQ(received_of(file.fd(), options).size(), 1U << 20);
  EXPECT_GE(told.size(), 4U);
  EXPECT_TRUE(std::ranges::is_sorted(told));
  EXPECT_EQ(told.back(), 1U << 20);
}

TEST_F(TransmitFile, is_awaited_in_a_coroutine_and_as_a_future_through_any_executor) {
  const std::string bytes = pattern(5 << 20);
  const ScratchFile file(bytes);
  tcp::socket socket(context);  // any_io_executor
  Acceptor acceptor(far_context.get_executor(), {asio::ip::address_v4::loopback(), 0});
  socket.connect(acceptor.local_endpoint());
  Socket peer(far_context.get_executor());
  acceptor.accept(peer);
  auto reader = read_to_end(peer);
  auto sent = async_transmit_file(socket, file.fd(), {}, asio::use_future);
  run();
  EXPECT_EQ(sent.get().sent, bytes.size());
  struct Sender {
    static asio::awaitable<void> run(tcp::socket& to, int from, std::uint64_t& count) {
      transmit_options options;
      const transmit_result result = co_await async_transmit_file(to, from, options, asio::use_awaitable);
      count = result.sent;
    }
  };
  std::uint64_t count = 0;
  asio::co_spawn(context, Sender::run(socket, file.fd(), count), asio::detached);
  run();
  EXPECT_EQ(count, bytes.size());
  socket.close();
  EXPECT_TRUE(reader.get() == bytes + bytes);
}

TEST_F(TransmitFile, takes_handlers_that_only_move) {
  const ScratchFile file("bytes");
  auto moved = std::make_unique<std::uint64_t>(0);
  std::uint64_t& sent = *moved;
  std::unique_ptr<std::uint64_t> kept;
  async_transmit_file(near, file.fd(), {}, [count = std::move(moved), &kept](error_code, transmit_result result) mutable {
    *count = result.sent;
    kept = std::move(count);
  });
  run();
  EXPECT_EQ(sent, 5U);
}

TEST_F(TransmitFile, a_small_unsent_limit_does_not_make_it_wait_for_the_corks_ceiling) {
  // With 1000 unsent bytes the socket is not writable again until the head itself has left, which a held cork prevents.
  const int limit = 1000;
  ASSERT_EQ(::setsockopt(near.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &limit, sizeof limit), 0);
  const ScratchFile file(pattern(100'000));
  const std::string head = pattern(1200, 7);
  transmit_options options;
  options.head = bytes_of(head);
  auto reader = read_to_end(far);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(transmit(file.fd(), options).error);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(190));  // one ceiling is 200 ms
  near.close();
  EXPECT_EQ(reader.get().size(), 101'200U);
}

TEST_F(TransmitFile, a_file_out_of_the_cache_is_read_in_beside_the_loop) {
  const std::string bytes = pattern(32 << 20);
  const ScratchFile file(bytes);
  ASSERT_EQ(::fdatasync(file.fd()), 0);
  ASSERT_EQ(::posix_fadvise(file.fd(), 0, 0, POSIX_FADV_DONTNEED), 0);
  detail::file_source source(detail::transmit_system::kernel(), file.fd());
  ASSERT_FALSE(source.open(0, 0));
  if (!source.cold(1 << 20)) GTEST_SKIP() << "this file system keeps its files in memory, or the kernel does not tell";
  auto reader = read_to_end(far);
  EXPECT_FALSE(transmit(file.fd(), {}).error);
  EXPECT_TRUE(asio::has_service<detail::page_reader>(context));
  near.close();
  EXPECT_TRUE(reader.get() == bytes);
}

TEST_F(TransmitFile, of_cached_files_makes_no_thread) {
  const ScratchFile file(pattern(1 << 20));
  EXPECT_EQ(received_of(file.fd(), {}).size(), 1U << 20);
  EXPECT_FALSE(asio::has_service<detail::page_reader>(context));
}

/// Runs `body` in a child with the default SIGPIPE and gives its exit: 128 + signal if one ended it.
template <typename Body>
int exit_of_child(Body body) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGPIPE, SIG_DFL);
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    ::pthread_sigmask(SIG_UNBLOCK, &pipe, nullptr);
    ::_exit(body());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

enum class PeerEnds { before, midway };

/// 0: it ended with EPIPE or ECONNRESET, with no signal, neither delivered nor left pending, and the mask as before.
int transmit_to_a_dying_peer(PeerEnds when) {
  asio::io_context context;
  Acceptor acceptor(context.get_executor(), {asio::ip::address_v4::loopback(), 0});
  Socket near(context.get_executor());
  near.connect(acceptor.local_endpoint());
  Socket far(context.get_executor());
  acceptor.accept(far);
  const ScratchFile file(std::string(64 << 20, 'x'));
  std::optional<error_code> ended;
  const auto start = [&] { async_transmit_file(near, file.fd(), {}, [&](error_code error, transmit_result) { ended = error; }); };
  if (when == PeerEnds::midway) start();
  context.poll();
  if (ended) return 1;
  far.set_option(asio::socket_base::linger(true, 0));
  far.close();
  if (when == PeerEnds::before) {
    start();
    context.restart();
    context.run_for(kPatience);
    if (!ended || !*ended) return 2;
    ended.reset();
    start();  // the first took ECONNRESET; now it is EPIPE, from sendfile
  }
  context.restart();
  context.run_for(kPatience);
  if (!ended) return 3;
  if (*ended != asio::error::broken_pipe && *ended != asio::error::connection_reset) return 4;
  if (when == PeerEnds::before && *ended != asio::error::broken_pipe) return 5;
  sigset_t set;
  ::sigpending(&set);
  if (sigismember(&set, SIGPIPE) == 1) return 6;
  ::pthread_sigmask(SIG_BLOCK, nullptr, &set);
  return sigismember(&set, SIGPIPE) == 1 ? 7 : 0;
}

TEST(TransmitFileToDyingPeer, ends_with_an_error_and_without_sigpipe) {
  EXPECT_EQ(exit_of_child([] { return transmit_to_a_dying_peer(PeerEnds::midway); }), 0);
  EXPECT_EQ(exit_of_child([] { return transmit_to_a_dying_peer(PeerEnds::before); }), 0);
}

TEST_F(TransmitFile, a_gibibyte_takes_no_memory) {
  const ScratchFile file;
  file.resize(std::uint64_t{1} << 30);
  const auto peak = [] {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
  };
  std::atomic<std::uint64_t> received = 0;
  std::thread reader([&] {
    std::vector<char> into(1 << 20);
    error_code error;
    while (!error) received += far.read_some(asio::buffer(into), error);
  });
  transmit_options options;
  options.length = 64 << 20;  // the reader's buffer and the thread that reads in are there after it
  EXPECT_FALSE(transmit(file.fd(), options).error);
  const long before = peak();
  EXPECT_FALSE(transmit(file.fd(), {}).error);
  EXPECT_LT(peak() - before, 8 * 1024);  // KiB
  near.close();
  reader.join();
  EXPECT_EQ(received, (std::uint64_t{1} << 30) + (64 << 20));
}

// ---- each system call fails once, over real sockets --------------------------------------------------------------------
std::atomic<int> calls_until_failure = 0;
bool fails_now() {
  if (calls_until_failure.fetch_sub(1) != 0) return false;
  errno = EIO;
  return true;
}
const detail::transmit_system& kernel() { return detail::transmit_system::kernel(); }
const detail::transmit_system kFailing = {
    [](int s, int f, off_t* o, std::size_t n) { return fails_now() ? -1 : kernel().sendfile(s, f, o, n); },
    [](int s, const void* b, std::size_t n, int flags) { return fails_now() ? -1 : kernel().send(s, b, n, flags); },
    [](int f, void* b, std::size_t n, off_t o) { return fails_now() ? -1 : kernel().pread(f, b, n, o); },
    [](int f, void* b, std::size_t n) { return fails_now() ? -1 : kernel().read(f, b, n); },
    [](int f, struct stat* s) { return fails_now() ? -1 : kernel().fstat(f, s); },
    [](pollfd* p, nfds_t n, int t) { return fails_now() ? -1 : kernel().poll(p, n, t); },
    [](int s, int l, int o, void* v, socklen_t* n) { return fails_now() ? -1 : kernel().getsockopt(s, l, o, v, n); },
    [](int s, int l, int o, const void* v, socklen_t n) { return fails_now() ? -1 : kernel().setsockopt(s, l, o, v, n); },
    [](int f, std::uint64_t o, std::uint64_t n, std::uint64_t* p) {
      return fails_now() ? -1 : kernel().cached_pages(f, o, n, p);
    },
    [](int f, off_t o) { return fails_now() ? -1 : kernel().peek(f, o); }};

TEST_F(TransmitFile, each_call_failing_once_ends_it_uncorked_with_a_prefix_of_the_bytes) {
  const std::string bytes = pattern(300'000);
  const ScratchFile file(bytes);
  const std::string head = pattern(300, 7);
  const std::string tail = pattern(80, 8);
  transmit_options options;
  options.head = bytes_of(head);
  options.tail = bytes_of(tail);
  options.chunk_bound = 100'000;
  const std::string whole = head + bytes + tail;
  bool failed = true;
  for (int call = 0; failed; ++call) {
    ASSERT_LT(call, 1000);
    Acceptor acceptor(far_context.get_executor(), {asio::ip::address_v4::loopback(), 0});
    Socket socket(context.get_executor());
    socket.connect(acceptor.local_endpoint());
    Socket peer(far_context.get_executor());
    acceptor.accept(peer);
    auto reader = read_to_end(peer);
    std::optional<Ended> ended;
    calls_until_failure = call;
    detail::async_transmit_file_by(kFailing, socket, file.fd(), options,
                                   [&ended](error_code error, transmit_result result) { ended = {error, result}; });
    run();
    ASSERT_TRUE(ended);
    failed = calls_until_failure < 0;
    EXPECT_FALSE(is_corked(socket)) << call;
    socket.close();
    const std::string got = reader.get();
    EXPECT_EQ(got.size(), ended->result.sent);
    EXPECT_TRUE(whole.starts_with(got)) << call;
    if (!ended->error) {
      EXPECT_EQ(got.size(), whole.size());
    }
  }
}

}  // namespace
}  // namespace uncork::stream
