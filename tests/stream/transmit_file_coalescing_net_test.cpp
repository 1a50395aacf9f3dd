// File transmission over a coalescing stream, plain and with TLS.

#include "uncork/stream/transmit_file_coalescing.hpp"

#include <boost/asio/ssl.hpp>

#include "lab/tls_contexts.hpp"
#include "tests/stream/transmit_bench.hpp"
#include "uncork/stream/error.hpp"

namespace uncork::stream {
namespace {

using namespace testing_transmit;
using Plain = coalescing_stream<Socket>;
using Tls = coalescing_stream<asio::ssl::stream<Socket>>;

struct Ended {
  error_code error;
  transmit_result result;
};

class TransmitCoalescing : public ConnectedPair {
 protected:
  template <typename Stream>
  Ended transmit(Stream& stream, int file, const transmit_options& options) {
    std::optional<Ended> ended;
    async_transmit_file(stream, file, options, [&](error_code error, transmit_result result) { ended = {error, result}; });
    run();
    EXPECT_TRUE(ended);
    return ended.value_or(Ended{asio::error::timed_out, {}});
  }
  template <typename Stream, typename Peer>
  void every_size_arrives_whole(Stream& stream, Peer& peer) {
    const std::string head = pattern(300, 7);
    const std::string tail = pattern(80, 8);
    transmit_options options;
    options.head = bytes_of(head);
    options.tail = bytes_of(tail);
    for (const std::size_t size : {0U, 1U, 4095U, 4096U, 65'536U - 380U, 65'536U, 131'072U, 10'000'001U}) {
      const ScratchFile file(pattern(size));
      std::string got(size + 380, '\0');
      auto reader = std::async(std::launch::async, [&] { return asio::read(peer, asio::buffer(got)); });
      const Ended ended = transmit(stream, file.fd(), options);
      EXPECT_FALSE(ended.error) << ended.error.message();
      EXPECT_EQ(ended.result.sent, got.size());
      EXPECT_EQ(ended.result.expected, got.size());
      reader.get();
      EXPECT_TRUE(got == head + pattern(size) + tail) << size;
    }
  }
};

TEST_F(TransmitCoalescing, every_size_arrives_whole_over_tcp) {
  Plain stream(std::move(near));
  every_size_arrives_whole(stream, far);
}

TEST_F(TransmitCoalescing, every_size_arrives_whole_over_tls) {
  lab::TlsContexts contexts;
  Tls stream(std::move(near), contexts.client);
  asio::ssl::stream<Socket> peer(std::move(far), contexts.server);
  auto shaken = std::async(std::launch::async, [&] { peer.handshake(asio::ssl::stream_base::server); });
  stream.next_layer().handshake(asio::ssl::stream_base::client);
  shaken.get();
  every_size_arrives_whole(stream, peer);
}

TEST_F(TransmitCoalescing, a_small_file_with_its_ends_is_one_send) {
  Plain stream(std::move(near));
  const ScratchFile file(pattern(4096));
  const std::string head(300, 'H');
  transmit_options options;
  options.head = options.tail = bytes_of(head);
  EXPECT_FALSE(transmit(stream, file.fd(), options).error);
  EXPECT_EQ(stream.sends(), 1U);
}

TEST_F(TransmitCoalescing, a_truncated_file_is_told_after_what_there_was) {
  Plain stream(std::move(near));
  const ScratchFile file("short");
  transmit_options options;
  options.length = 6;
  const Ended before = transmit(stream, file.fd(), options);
  EXPECT_EQ(before.error, errc::truncated);
  EXPECT_EQ(before.result.sent, 0U);
  EXPECT_EQ(before.result.expected, 6U);
}

TEST_F(TransmitCoalescing, of_a_slow_pipe_nothing_that_has_come_waits) {
  Plain stream(std::move(near));
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const std::string head = "head ";
  transmit_options options;
  options.head = bytes_of(head);
  std::optional<Ended> ended;
  async_transmit_file(stream, ends[0], options, [&](error_code error, transmit_result result) { ended = {error, result}; });
  context.run_for(std::chrono::milliseconds(20));
  std::string got(5, '\0');
  asio::read(far, asio::buffer(got));
  EXPECT_EQ(got, head);
  ASSERT_EQ(::write(ends[1], "12345", 5), 5);
  ::close(ends[1]);
  run();
  asio::read(far, asio::buffer(got));
  EXPECT_EQ(got, "12345");
  ASSERT_TRUE(ended);
  EXPECT_FALSE(ended->error);
  EXPECT_EQ(ended->result.expected, 10U);
  ::close(ends[0]);
}

TEST_F(TransmitCoalescing, cancellation_ends_it_while_the_stream_is_full) {
  Plain stream(std::move(near));
  const ScratchFile file(pattern(64 << 20));
  asio::cancellation_signal cancel;
  std::optional<Ended> ended;
  async_transmit_file(
      stream, file.fd(), {},
      asio::bind_cancellation_slot(cancel.slot(), [&](error_code error, transmit_result result) { ended = {error, result}; }));
  context.run_for(std::chrono::milliseconds(100));
  ASSERT_FALSE(ended);
  cancel.emit(asio::cancellation_type::terminal);
  context.restart();
  context.run_for(std::chrono::milliseconds(100));
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->error, asio::error::operation_aborted);
  EXPECT_LT(ended->result.sent, ended->result.expected);
}

TEST_F(TransmitCoalescing, a_dead_peer_ends_it) {
  Plain stream(std::move(near));
  far.set_option(asio::socket_base::linger(true, 0));
  far.close();
  const ScratchFile file(pattern(64 << 20));
  EXPECT_TRUE(transmit(stream, file.fd(), {}).error);
}

TEST_F(TransmitCoalescing, a_file_out_of_the_cache_is_read_in_beside_the_loop) {
  const ScratchFile file(pattern(8 << 20));
  ASSERT_EQ(::fdatasync(file.fd()), 0);
  ASSERT_EQ(::posix_fadvise(file.fd(), 0, 0, POSIX_FADV_DONTNEED), 0);
  Plain stream(std::move(near));
  auto reader = read_to_end(far);
  EXPECT_FALSE(transmit(stream, file.fd(), {}).error);
  stream.lowest_layer().close();
  EXPECT_TRUE(reader.get() == pattern(8 << 20));
}

}  // namespace
}  // namespace uncork::stream
