// The coalescing stream over real sockets, plain and with TLS, its peer a plain Asio socket.

#include <gtest/gtest.h>

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <thread>

#include "lab/tls_contexts.hpp"
#include "uncork/stream/coalescing_stream.hpp"

namespace uncork::stream {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Socket = asio::basic_stream_socket<tcp, asio::io_context::executor_type>;
using Acceptor = asio::basic_socket_acceptor<tcp, asio::io_context::executor_type>;
using Stream = coalescing_stream<Socket>;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

class CoalescingStreamNet : public ::testing::Test {
 protected:
  CoalescingStreamNet() : far(context.get_executor()) {
    Acceptor acceptor(context.get_executor(), {asio::ip::address_v4::loopback(), 0});
    Socket near(context.get_executor());
    near.connect(acceptor.local_endpoint());
    far = acceptor.accept();
    stream.emplace(std::move(near));
  }
  std::string read_exactly(std::size_t count) {
    std::string text(count, '\0');
    asio::read(far, asio::buffer(text));
    return text;
  }
  void run_for(std::chrono::milliseconds time) {
    context.restart();
    context.run_for(time);
  }

  asio::io_context context;
  Socket far;
  std::optional<Stream> stream;
};

TEST_F(CoalescingStreamNet, one_turn_is_one_send_with_nodelay_and_arrives_whole) {
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(stream->append(bytes_of("a message of 24 bytes.\r\n")));
  context.run();
  EXPECT_EQ(stream->sends(), 1U);
  EXPECT_EQ(read_exactly(2400).substr(2376), "a message of 24 bytes.\r\n");
  tcp::no_delay no_delay;
  stream->lowest_layer().get_option(no_delay);
  EXPECT_TRUE(no_delay.value());
}

TEST_F(CoalescingStreamNet, waits_for_a_slow_reader_within_its_bound) {
  const std::string block(64 * 1024, 'b');
  std::size_t accepted = 0;
  bool stop = false;
  std::function<void(error_code, std::size_t)> more = [&](error_code error, std::size_t count) {
    accepted += count;
    if (!error && !stop) stream->async_write(asio::buffer(block), more);
  };
  more({}, 0);
  run_for(std::chrono::milliseconds(300));
  EXPECT_LE(stream->accepted() - stream->written(), 2 * block.size());  // the bound is soft by one message
  const std::size_t before = accepted;
  run_for(std::chrono::milliseconds(50));
  EXPECT_EQ(accepted, before);
  stop = true;
  std::size_t received = 0;
  std::thread reader([&] {
    std::string into(1 << 16, '\0');
    error_code error;
    while (!error) received += far.read_some(asio::buffer(into), error);
  });
  std::optional<error_code> flushed;
  stream->async_flush([&](error_code error) { flushed = error; });
  run_for(std::chrono::seconds(20));
  EXPECT_EQ(flushed, error_code());
  const std::uint64_t sent = stream->written();
  stream.reset();
  run_for(std::chrono::seconds(1));
  reader.join();
  EXPECT_EQ(received, sent);
}

TEST_F(CoalescingStreamNet, drain_waits_for_the_peers_acknowledgement_not_for_its_program) {
  ASSERT_TRUE(stream->append(bytes_of("nobody reads this")));
  std::optional<error_code> drained;
  stream->async_drain([&](error_code error) { drained = error; });
  run_for(std::chrono::seconds(10));
  EXPECT_EQ(drained, error_code());
  EXPECT_EQ(stream->acknowledged(), 17U);
}

TEST_F(CoalescingStreamNet, drain_does_not_complete_while_the_peers_window_is_closed) {
  stream->lowest_layer().set_option(asio::socket_base::send_buffer_size(1 << 20));
  std::optional<error_code> drained;
  stream->async_write(owned_bytes(std::string(8 << 20, 'w')), asio::detached);  // more than both kernel buffers take unread
  stream->async_drain([&](error_code error) { drained = error; });
  run_for(std::chrono::milliseconds(300));
  EXPECT_FALSE(drained);
  ASSERT_TRUE(stream->acknowledged());
  EXPECT_LT(*stream->acknowledged(), stream->accepted());
  std::thread reader([&] { read_exactly(8 << 20); });
  run_for(std::chrono::seconds(20));
  reader.join();
  EXPECT_EQ(drained, error_code());
}

TEST_F(CoalescingStreamNet, a_reset_while_draining_is_an_error) {
  stream->async_write(owned_bytes(std::string(8 << 20, 'r')), asio::detached);
  std::optional<error_code> drained;
  stream->async_drain([&](error_code error) { drained = error; });
  run_for(std::chrono::milliseconds(100));
  EXPECT_FALSE(drained);
  far.set_option(asio::socket_base::linger(true, 0));
  far.close();
  run_for(std::chrono::seconds(10));
  ASSERT_TRUE(drained);
  EXPECT_TRUE(drained->failed());
}

TEST_F(CoalescingStreamNet, a_drain_after_the_programs_own_close_is_aborted) {
  stream->next_layer().close();
  std::optional<error_code> drained;
  stream->async_drain([&](error_code error) { drained = error; });
  run_for(std::chrono::seconds(10));
  EXPECT_EQ(drained, asio::error::operation_aborted);
}

TEST_F(CoalescingStreamNet, shutdown_sends_everything_and_then_the_end_and_reading_goes_on) {
  ASSERT_TRUE(stream->append("last words"));
  std::optional<error_code> shut;
  stream->async_shutdown(std::chrono::seconds(10), [&](error_code error) { shut = error; });
  run_for(std::chrono::seconds(10));
  EXPECT_EQ(shut, error_code());
  std::string received;
  error_code end;
  asio::read(far, asio::dynamic_buffer(received), end);
  EXPECT_EQ(end, asio::error::eof);
  EXPECT_EQ(received, "last words");
  asio::write(far, asio::buffer("answer", 6));
  std::string answer(6, '\0');
  std::optional<error_code> read;
  asio::async_read(*stream, asio::buffer(answer), [&](error_code error, std::size_t) { read = error; });
  run_for(std::chrono::seconds(10));
  EXPECT_EQ(read, error_code());
  EXPECT_EQ(answer, "answer");
}

TEST_F(CoalescingStreamNet, pipelined_requests_of_a_real_client_are_answered_in_a_few_sends) {
  Socket near = std::move(stream->next_layer());
  stream.emplace(coalescing_options{.limits = {}, .turn_limit = std::chrono::seconds(100)}, std::move(near));
  std::string requests;
  for (int i = 0; i < 500; ++i) requests += "PING\r\n";
  asio::write(far, asio::buffer(requests));
  far.shutdown(tcp::socket::shutdown_send);
  const auto serve = [](Stream& peer) -> asio::awaitable<void> {
    std::string received;
    for (;;) {
      const auto [error, size] =
          co_await asio::async_read_until(peer, asio::dynamic_buffer(received), "\r\n", asio::as_tuple(asio::use_awaitable));
      if (error) break;
      received.erase(0, size);
      co_await asio::async_write(peer, asio::buffer("+PO", 3), asio::use_awaitable);
      co_await asio::async_write(peer, asio::buffer("NG\r\n", 4), asio::use_awaitable);
    }
    co_await peer.async_flush(asio::use_awaitable);
  };
  asio::co_spawn(context, serve(*stream), asio::detached);
  run_for(std::chrono::seconds(20));
  EXPECT_EQ(read_exactly(3500).substr(3493), "+PONG\r\n");
  EXPECT_LE(stream->sends(), 25U);  // 0.05 an answer; it is 1
}

using Defaulted = asio::use_awaitable_t<>::as_default_on_t<coalescing_stream<tcp::socket>>;

TEST_F(CoalescingStreamNet, a_default_token_of_its_executor_need_not_be_given) {
  using Executor = Defaulted::executor_type;
  asio::basic_stream_socket<tcp, Executor> near{Executor(context.get_executor())};
  Acceptor acceptor(context.get_executor(), {asio::ip::address_v4::loopback(), 0});
  near.connect(acceptor.local_endpoint());
  Socket peer = acceptor.accept();
  Defaulted defaulted(std::move(near));
  const auto converse = [](Defaulted& to) -> asio::awaitable<void> {
    co_await to.async_write(asio::buffer("no token", 8));
    co_await to.async_flush();
    co_await to.async_drain();
    co_await to.async_shutdown(std::chrono::seconds(10));
  };
  std::optional<bool> threw;
  asio::co_spawn(context, converse(defaulted), [&](const std::exception_ptr& why) { threw = why != nullptr; });
  run_for(std::chrono::seconds(10));
  EXPECT_EQ(threw, false);
  std::string received;
  error_code end;
  asio::read(peer, asio::dynamic_buffer(received), end);
  EXPECT_EQ(received, "no token");
}

TEST_F(CoalescingStreamNet, a_peer_that_is_gone_breaks_the_stream_without_a_signal) {
  far.close();
  std::optional<error_code> failed;
  std::function<void(error_code, std::size_t)> more = [&](error_code error, std::size_t) {
    if (error) {
      failed = error;
    } else {
      stream->async_write(asio::buffer("x", 1), more);
    }
  };
  more({}, 0);
  run_for(std::chrono::seconds(10));
  ASSERT_TRUE(failed);
  EXPECT_TRUE(*failed == asio::error::broken_pipe || *failed == asio::error::connection_reset);
}

TEST_F(CoalescingStreamNet, several_threads_share_it_on_a_strand) {
  using Strand = asio::strand<asio::io_context::executor_type>;
  using OnStrand = asio::basic_stream_socket<tcp, Strand>;
  Acceptor acceptor(context.get_executor(), {asio::ip::address_v4::loopback(), 0});
  OnStrand near(asio::make_strand(context));
  near.connect(acceptor.local_endpoint());
  Socket peer = acceptor.accept();
  coalescing_stream<OnStrand> shared(std::move(near));
  constexpr int kWriters = 4;
  constexpr int kMessages = 500;
  const auto writer = [](coalescing_stream<OnStrand>& to, char name) -> asio::awaitable<void> {
    const std::string text(10, name);
    for (int i = 0; i < kMessages; ++i) co_await to.async_write(asio::buffer(text), asio::use_awaitable);
    co_await to.async_flush(asio::use_awaitable);
  };
  for (int i = 0; i < kWriters; ++i) {
    asio::co_spawn(shared.get_executor(), writer(shared, static_cast<char>('a' + i)), asio::detached);
  }
  std::thread helper([&] { context.run(); });
  context.run();
  helper.join();
  std::string text(10 * kWriters * kMessages, '\0');
  asio::read(peer, asio::buffer(text));
  for (std::size_t at = 0; at < text.size(); at += 10) ASSERT_EQ(text.substr(at, 10), std::string(10, text[at]));
}

class TlsNet : public CoalescingStreamNet {
 protected:
  using Tls = asio::ssl::stream<Socket>;

  /// A stream over TLS whose peer is `far` with TLS, shaken hands.
  void shake_hands() {
    Socket near = std::move(stream->next_layer());
    client.emplace(std::move(near), contexts.client);
    server.emplace(std::move(far), contexts.server);
    std::thread accepting([&] { server->handshake(asio::ssl::stream_base::server); });
    client->next_layer().handshake(asio::ssl::stream_base::client);
    accepting.join();
  }

  lab::TlsContexts contexts;
  std::optional<coalescing_stream<Tls>> client;
  std::optional<Tls> server;
};

TEST_F(TlsNet, plaintext_is_gathered_before_it_becomes_records) {
  shake_hands();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(client->append(bytes_of("twenty bytes of text")));
  context.run();
  EXPECT_EQ(client->sends(), 1U);
  std::string text(4096, '\0');
  EXPECT_EQ(server->read_some(asio::buffer(text)), 2000U);  // one record
}

TEST_F(TlsNet, carries_more_than_a_record_both_ways) {
  shake_hands();
  const std::string large(1 << 20, 't');
  std::optional<error_code> drained;
  client->async_write(owned_bytes(std::string(large)), asio::detached);
  client->async_drain([&](error_code error) { drained = error; });
  std::string received(large.size(), '\0');
  std::thread peer([&] {
    asio::read(*server, asio::buffer(received));
    asio::write(*server, asio::buffer("thanks", 6));
  });
  std::string answer(6, '\0');
  asio::async_read(*client, asio::buffer(answer), asio::detached);
  run_for(std::chrono::seconds(20));
  peer.join();
  EXPECT_TRUE(received == large);
  EXPECT_EQ(answer, "thanks");
  EXPECT_EQ(drained, error_code());
}

TEST_F(TlsNet, shutdown_says_goodbye_in_tls_and_then_ends_the_connection) {
  shake_hands();
  ASSERT_TRUE(client->append("last words"));
  std::string received;
  error_code end;
  error_code goodbye;
  std::thread peer([&] {
    asio::read(*server, asio::dynamic_buffer(received), end);
    server->shutdown(goodbye);
  });
  std::optional<error_code> shut;
  client->async_shutdown(std::chrono::seconds(20), [&](error_code error) { shut = error; });
  run_for(std::chrono::seconds(20));
  peer.join();
  EXPECT_EQ(shut, error_code());
  EXPECT_EQ(received, "last words");
  EXPECT_EQ(end, asio::error::eof);  // and not stream_truncated
}

TEST_F(TlsNet, shutdown_waits_no_longer_than_its_limit_for_a_peer_that_says_nothing) {
  shake_hands();
  std::optional<error_code> shut;
  client->async_shutdown(std::chrono::milliseconds(50), [&](error_code error) { shut = error; });
  run_for(std::chrono::seconds(10));
  EXPECT_EQ(shut, asio::error::timed_out);
  EXPECT_FALSE(client->lowest_layer().is_open());
}

TEST_F(CoalescingStreamNet, tls_runs_over_it_as_well) {
  lab::TlsContexts contexts;
  asio::ssl::stream<Stream> client(std::move(*stream), contexts.client);
  asio::ssl::stream<Socket> server(std::move(far), contexts.server);
  std::string received(5, '\0');
  std::thread peer([&] {
    server.handshake(asio::ssl::stream_base::server);
    asio::read(server, asio::buffer(received));
  });
  bool written = false;
  client.async_handshake(asio::ssl::stream_base::client, [&](error_code error) {
    ASSERT_FALSE(error) << error.message();
    asio::async_write(client, asio::buffer("hello", 5), [&](error_code wrong, std::size_t) { written = !wrong; });
  });
  run_for(std::chrono::seconds(10));
  peer.join();
  EXPECT_TRUE(written);
  EXPECT_EQ(received, "hello");
}

}  // namespace
}  // namespace uncork::stream
