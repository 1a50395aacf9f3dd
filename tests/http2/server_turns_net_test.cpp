// How much of one client's work a turn of the server's loop does: the loop is turned by hand, one step at a time.

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <string>
#include <utility>

#include "uncork/http2/detail/admission.hpp"
#include "uncork/http2/detail/server_loop.hpp"

namespace uncork::http2 {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace std::string_literals;

std::string frame(char type, char flags, unsigned stream, const std::string& payload) {
  std::string text = {0, 0, static_cast<char>(payload.size()), type, flags};
  for (const int shift : {24, 16, 8, 0}) text.push_back(static_cast<char>(stream >> static_cast<unsigned>(shift) & 255U));
  return text + payload;
}

/// A connection, and requests upon it that are each reset at once (RFC 9113 6.2, 6.4).
std::string resets(unsigned count) {
  const std::string get = "\x82\x86\x84\x41\x01\x61"s;  // GET http / on `a`
  std::string all = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, "");
  for (unsigned i = 0; i < count; ++i) all += frame(1, 5, 2 * i + 1, get) + frame(3, 0, 2 * i + 1, "\0\0\0\x08"s);
  return all;
}

TEST(HttpServerTurn, begins_few_requests_of_a_client_that_resets_them) {
  constexpr unsigned kRequests = 1500;  // within what limits::resets allows at once
  asio::io_context context{1};
  const auto loop = std::make_shared<detail::server_loop>();
  unsigned begun = 0;
  loop->options = std::make_shared<const server_options>();
  loop->handle = std::make_shared<const handler>([&begun](exchange one) {
    ++begun;
    fields head;
    head.add(":status", "200");
    one.respond(head, "");
  });
  loop->counts = std::make_shared<server_counters>();
  loop->connections = std::make_shared<detail::connection_set>(context.get_executor());
  tcp::acceptor listener(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  tcp::socket client(context);
  client.connect(listener.local_endpoint());
  std::make_shared<detail::admission>(detail::transport(listener.accept(), nullptr, true, true), loop)->start();
  asio::write(client, asio::buffer(resets(kRequests)));

  unsigned most = 0;
  int turns = 0;
  for (; begun < kRequests && turns < 100'000; ++turns) {
    const unsigned before = begun;
    context.poll_one();
    most = std::max(most, begun - before);
  }
  EXPECT_EQ(begun, kRequests);
  EXPECT_LE(most, 1024U / 28 + 1);  // of 28 bytes each in what one turn reads
  loop->connections->abort();
}

}  // namespace
}  // namespace uncork::http2
