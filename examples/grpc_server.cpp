// A server of gRPC: the service Lines of lines.proto, with calls of one message and streams either way, deadlines and
// cancellation.
//
//   grpc_server PORT       listens on 127.0.0.1; port 0 picks a free one, which is printed; says at its end what was called
//
//   grpcurl -plaintext -proto lines.proto -d '{"text": "you"}' 127.0.0.1:PORT uncork.example.Lines/Greet
//
//   g++ -std=c++20 grpc_server.cpp -o grpc_server $(pkg-config --cflags --libs uncork openssl)

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cctype>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <uncork/http2/server.hpp>
#include <utility>

#include "grpc_wire.hpp"

namespace asio = boost::asio;
namespace http2 = uncork::http2;
namespace grpc = grpc_wire;
using grpc::line;

namespace {

// ---- the methods: each reads and replies, and gives the status that ends the call ------------------------------------

asio::awaitable<grpc::status> greet(http2::exchange& one) {
  const line asked = line::read(co_await grpc::read_one(one));
  co_await grpc::reply(one, line("hello " + asked.text, 1).written());
  co_return grpc::status();
}

asio::awaitable<grpc::status> repeat(http2::exchange& one) {
  const line asked = line::read(co_await grpc::read_one(one));
  for (std::uint32_t number = 1; number <= asked.count; ++number) {
    if (!co_await grpc::reply(one, line(asked.text, number).written())) break;
  }
  co_return grpc::status();
}

asio::awaitable<grpc::status> join(http2::exchange& one) {
  line all;
  while (const auto message = co_await grpc::read_message(one)) {
    const line next = line::read(*message);
    all.text += next.text;
    ++all.count;
  }
  co_await grpc::reply(one, all.written());
  co_return grpc::status();
}

asio::awaitable<grpc::status> chat(http2::exchange& one) {
  while (const auto message = co_await grpc::read_message(one)) {
    line heard = line::read(*message);
    for (char& c : heard.text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    if (!co_await grpc::reply(one, heard.written())) break;
  }
  co_return grpc::status();
}

asio::awaitable<grpc::status> wait(http2::exchange& one) {
  co_await grpc::read_one(one);
  asio::steady_timer never(one.get_executor(), asio::steady_timer::time_point::max());
  co_await never.async_wait(asio::use_awaitable);
  co_return grpc::status();
}

asio::awaitable<grpc::status> fail(http2::exchange& one) {
  const line asked = line::read(co_await grpc::read_one(one));
  co_return grpc::status(static_cast<grpc::code>(asked.count), asked.text);
}

using method = asio::awaitable<grpc::status> (*)(http2::exchange&);
const std::map<std::string_view, method> kMethods{
    {"/uncork.example.Lines/Greet", greet}, {"/uncork.example.Lines/Repeat", repeat}, {"/uncork.example.Lines/Join", join},
    {"/uncork.example.Lines/Chat", chat},   {"/uncork.example.Lines/Wait", wait},     {"/uncork.example.Lines/Fail", fail}};

// ---- what is the same for all of them --------------------------------------------------------------------------------

struct counts {
  std::uint64_t calls = 0;
  std::uint64_t cancelled = 0;  // by the client, or with the connection
  std::uint64_t late = 0;       // beyond the client's deadline
};

asio::awaitable<grpc::status> status_of(method body, http2::exchange& one) {
  try {
    co_return co_await body(one);
  } catch (const grpc::failure& failed) {
    co_return failed.how();
  } catch (const boost::system::system_error& ended) {
    co_return grpc::status(grpc::meaning_of(ended.code()), ended.code().message());
  }
}

asio::awaitable<void> serve(counts& all, http2::exchange& one) {
  ++all.calls;
  one.allow_rest();  // streams of messages pause as they like
  const auto found = kMethods.find(one.path());
  if (found == kMethods.end()) co_return grpc::finish(one, grpc::status(grpc::code::unimplemented, "no such method"));
  const auto limit = grpc::timeout_of(one.request().find("grpc-timeout").value_or(""));
  const grpc::status how = co_await grpc::within(limit, status_of(found->second, one));
  if (one.error()) {
    ++all.cancelled;
  } else {
    all.late += how.what == grpc::code::deadline_exceeded ? 1 : 0;
    grpc::finish(one, how);
  }
}

bool is_grpc(const http2::exchange& one) {
  return one.method() == "POST" && one.request().find("content-type").value_or("").starts_with("application/grpc");
}

}  // namespace

int main(int count, char** arguments) {
  const std::string_view text = count == 2 ? arguments[1] : "";
  std::uint16_t port = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || wrong != std::errc() || end != text.data() + text.size()) {
    std::cerr << "usage: grpc_server PORT\n";
    return 2;
  }
  counts all;  // one thread
  const http2::handler calls = http2::coroutine([&all](http2::exchange& one) { return serve(all, one); });
  http2::server_options options;
  options.http1 = false;
  http2::server server(
      [&](http2::exchange one) {
        if (is_grpc(one)) return calls(std::move(one));
        http2::fields refused;
        refused.add(":status", "415");
        one.respond(refused);
      },
      options);
  boost::system::error_code error;
  const auto at = server.listen({asio::ip::make_address("127.0.0.1"), port}, error);
  if (error) {
    std::cerr << "grpc_server: " << error.message() << '\n';
    return 1;
  }
  std::cout << "listening on 127.0.0.1:" << at.port() << std::endl;

  asio::io_context signals;
  asio::signal_set ended(signals, SIGINT, SIGTERM);
  ended.async_wait([&](boost::system::error_code, int) { server.stop(std::chrono::seconds(5)); });
  std::thread watcher([&] { signals.run(); });
  server.run();
  watcher.join();
  std::cout << "calls " << all.calls << " cancelled " << all.cancelled << " late " << all.late << " connections "
            << server.counts().connections << " calmed " << server.counts().calmed << '\n';
  return 0;
}
