#pragma once
// Two ends of one loopback connection in one thread: a heartbeat_stream, and a peer that is a bare socket or a stream as well.
// The tests run as steps: each begins an operation and runs the context until it is done, at most kPatience.

#include <gtest/gtest.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "uncork/stream/error.hpp"
#include "uncork/stream/heartbeat_stream.hpp"

namespace uncork::stream::testing {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using namespace std::chrono_literals;

inline constexpr auto kPatience = 20s;  // hundreds of times what a loaded machine needs

/// Runs the context until `condition` holds.
template <typename Condition>
void run_until(asio::io_context& context, Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("waited in vain");
    context.restart();
    context.run_one_for(10ms);
  }
}

inline void run_for(asio::io_context& context, std::chrono::milliseconds time) {
  context.restart();
  const asio::executor_work_guard<asio::io_context::executor_type> busy(context.get_executor());
  context.run_for(time);
}

inline std::pair<tcp::socket, tcp::socket> connected_sockets(asio::io_context& context) {
  tcp::acceptor acceptor(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  tcp::socket one(context);
  one.connect(acceptor.local_endpoint());
  return {std::move(one), acceptor.accept()};
}

struct Read {
  error_code error;
  frame got;
};

template <typename Stream>
Read read_frame(asio::io_context& context, Stream& stream) {
  std::optional<Read> done;
  stream.async_read_frame([&](error_code error, frame got) { done = Read{error, std::move(got)}; });
  run_until(context, [&] { return done.has_value(); });
  return *std::move(done);
}

template <typename Stream>
error_code write_frame(asio::io_context& context, Stream& stream, std::uint16_t type, std::string_view text) {
  std::optional<error_code> done;
  stream.async_write_frame(frame_type{type}, asio::buffer(text), [&](error_code error) { done = error; });
  run_until(context, [&] { return done.has_value(); });
  return *done;
}

template <typename Stream>
error_code shut_down(asio::io_context& context, Stream& stream, std::chrono::milliseconds limit) {
  std::optional<error_code> done;
  stream.async_shutdown(limit, [&](error_code error) { done = error; });
  run_until(context, [&] { return done.has_value(); });
  return *done;
}

inline std::string text_of(const frame& one) { return {reinterpret_cast<const char*>(one.payload.data()), one.payload.size()}; }

/// The bytes of a frame on the wire.
inline std::string wire(frame_type type, std::string_view payload = "") {
  const auto header = encode_frame_header(type, static_cast<std::uint32_t>(payload.size()));
  std::string bytes(reinterpret_cast<const char*>(header.data()), header.size());
  return bytes.append(payload);
}
inline std::string wire(std::uint16_t type, std::string_view payload) { return wire(frame_type{type}, payload); }

/// Reads `count` bytes at the bare end while the context runs.
inline std::string read_bytes(asio::io_context& context, tcp::socket& socket, std::size_t count) {
  std::string bytes(count, '\0');
  run_until(context, [&] { return socket.available() >= count; });
  asio::read(socket, asio::buffer(bytes));
  return bytes;
}

/// What the bare end reads until the end of the stream.
inline std::string read_to_end(asio::io_context& context, tcp::socket& socket) {
  std::string bytes;
  std::optional<error_code> end;
  asio::async_read(socket, asio::dynamic_buffer(bytes), [&](error_code error, std::size_t) { end = error; });
  run_until(context, [&] { return end.has_value(); });
  return bytes;
}

inline void send(tcp::socket& socket, std::string_view bytes) { asio::write(socket, asio::buffer(bytes)); }

/// A context, and two sockets connected in it; a base, so that they are there before the streams.
struct Connected {
  asio::io_context context;
  std::pair<tcp::socket, tcp::socket> sockets = connected_sockets(context);
};

/// A stream and a bare socket.
struct BarePeer : Connected {
  explicit BarePeer(const heartbeat_options& options = {}) : stream(options, std::move(sockets.first)) {}
  heartbeat_stream<tcp::socket> stream;
  tcp::socket peer = std::move(sockets.second);
};

/// Two streams.
struct StreamPair : Connected {
  explicit StreamPair(const heartbeat_options& options = {})
      : one(options, std::move(sockets.first)), other(options, std::move(sockets.second)) {}
  heartbeat_stream<tcp::socket> one;
  heartbeat_stream<tcp::socket> other;
};

inline heartbeat_options quick(std::chrono::milliseconds silence, std::chrono::milliseconds no_progress = 60s) {
  heartbeat_options options;
  options.liveness.silence = silence;
  options.liveness.no_progress = no_progress;
  return options;
}

}  // namespace uncork::stream::testing
