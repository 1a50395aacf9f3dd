// What connections that rest, and clients that do not read, cost a server over real sockets.

#include <gmock/gmock.h>
#include <malloc.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/http2/bytes.hpp"
#include "tests/http2/test_server.hpp"

namespace uncork::http2 {
namespace {

using testing::hex;
using uncork::testing::Caller;
using uncork::testing::eventually;
using uncork::testing::TestServer;
using uncork::testing::Wire;

/// Of this process; nothing under a sanitizer, whose allocator does not say.
std::size_t heap() { return mallinfo2().uordblks + mallinfo2().hblkhd; }

fields head() {
  fields made;
  made.add(":status", "200");
  return made;
}

/// The preface, SETTINGS, the acknowledgement of the server's, and GET / as stream 1, as bytes: a client that keeps no memory.
std::string first_bytes() {
  const auto frames =
      hex("000000 04 00 00000000"
          "000000 04 01 00000000"
          "000006 01 05 00000001 828684010161");
  return "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + std::string(reinterpret_cast<const char*>(frames.data()), frames.size());
}

std::vector<std::unique_ptr<Wire>> connect(const TestServer& server, std::size_t count) {
  std::vector<std::unique_ptr<Wire>> all;
  const std::string bytes = first_bytes();
  for (std::size_t i = 0; i < count; ++i) {
    all.push_back(std::make_unique<Wire>(server.port()));
    EXPECT_TRUE(all.back()->send(bytes));
  }
  return all;
}

TEST(ServerMemory, a_connection_that_rests_holds_under_8_kib) {
  constexpr std::size_t kConnections = 1000;
  TestServer server([](exchange one) { one.respond(head(), "hello"); });
  EXPECT_EQ(Caller(server.port()).get("/").status, 200U);  // what the first one takes, and keeps
  const std::size_t before = heap();
  const auto all = connect(server, kConnections);
  EXPECT_TRUE(eventually([&] { return server.counts().requests == kConnections + 1; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));  // a session tidies up within a second of rest
  const std::size_t held = heap() - before;
  EXPECT_LE(held / kConnections, 8192U);
  EXPECT_EQ(server.counts().open_connections, kConnections);
  EXPECT_EQ(Caller(server.port()).get("/").status, 200U);
}

TEST(ServerMemory, a_client_that_does_not_read_holds_a_queue_and_is_cut_off) {
  constexpr std::size_t kClients = 50;
  const auto big = std::make_shared<const std::string>(50'000'000, 'b');
  server_options options;
  options.http2.limits.stall_timeout = std::chrono::seconds(2);
  options.transport.send_timeout = std::chrono::seconds(3);
  TestServer server(
      [&](exchange one) {
        if (one.path() == "/small") return one.respond(head(), "small");
        one.respond(head(), big);
      },
      options);
  EXPECT_EQ(Caller(server.port()).get("/small").body, "small");
  const std::size_t before = heap();
  const auto all = connect(server, kClients);
  EXPECT_TRUE(eventually([&] { return server.counts().requests == kClients + 1; }));
  // The window of 65,535 bytes, and what waits to be framed.
  EXPECT_LE((heap() - before) / kClients, 256U * 1024);
  EXPECT_EQ(Caller(server.port()).get("/small").body, "small");
  EXPECT_TRUE(eventually([&] { return server.counts().open_requests == 0; }));
  EXPECT_TRUE(eventually([&] { return big.use_count() == 1; }));
  EXPECT_EQ(Caller(server.port()).get("/small").body, "small");
}

}  // namespace
}  // namespace uncork::http2
