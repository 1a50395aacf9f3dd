// The server with a feed that a test fills, and our own client.

#include "rpc/server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <future>
#include <thread>

#include "rpc/message_splitter.hpp"
#include "uncork/http2/client.hpp"

namespace uncork::rpc {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

bool eventually(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

/// The whole answer of a call, once it has ended; `more` are fields of its head.
http2::response call(const std::string& address, const std::string& path, const std::string& message, http2::fields more = {}) {
  boost::asio::io_context loop;
  http2::client client(loop.get_executor());
  std::string body;
  put_prefix(message.size(), body);
  body += message;
  more.add("te", "trailers");
  if (!more.find("content-type")) more.add("content-type", "application/grpc");
  http2::response got;
  boost::asio::co_spawn(loop, client.fetch("http://" + address + path, "POST", body, more),
                        [&](const std::exception_ptr& thrown, http2::response answer) {
                          if (!thrown) got = std::move(answer);
                          client.shut_down();
                        });
  loop.run();
  return got;
}

std::string status_of(const http2::response& answer) {
  return std::string(answer.trailers.find("grpc-status").value_or(answer.head.find("grpc-status").value_or("none")));
}

constexpr const char* kFlatRecords = "/xtcp_flat_record.v1.XTCPFlatRecordService/FlatRecords";
constexpr const char* kPollFlatRecords = "/xtcp_flat_record.v1.XTCPFlatRecordService/PollFlatRecords";
constexpr const char* kGet = "/xtcp_config.v1.ConfigService/Get";

collect::Settings some_settings() {
  collect::Settings settings;
  settings.grpc = "127.0.0.1:0";
  settings.label = "some label";
  return settings;
}

class RpcServer : public ::testing::Test {
 protected:
  RpcServer() {
    auto started = Server::start(settings_, "1.2.3", feed_, requests_, board_);
    if (started) server_ = std::move(*started);
  }
  [[nodiscard]] std::string address() const { return server_->addresses().at(0); }
  std::future<http2::response> begin(const std::string& path, const std::string& message) {
    return std::async(std::launch::async, [address = address(), path, message] { return call(address, path, message); });
  }
  void poll(std::uint32_t rows) {
    feed_.begin_poll();
    record::Row row;
    for (std::uint32_t i = 0; i < rows; ++i) {
      row.tcp_info_rtt = 1000 + i;
      feed_.add(row);
    }
    feed_.end_poll();
  }

  collect::Settings settings_ = some_settings();
  collect::RowFeed feed_;
  collect::Requests requests_{settings_};
  collect::Board board_;
  std::unique_ptr<Server> server_;
};

TEST_F(RpcServer, asks_for_a_poll_and_streams_its_rows_even_more_than_a_window) {
  constexpr std::uint32_t kRows = 50'000;
  ASSERT_NE(server_, nullptr);
  auto answer = begin(kPollFlatRecords, "");
  ASSERT_TRUE(eventually([&] { return requests_.take().trigger; }));
  EXPECT_EQ(feed_.stats().subscribers, 1U);
  poll(kRows);
  const http2::response got = answer.get();
  EXPECT_EQ(got.status, 200U);
  EXPECT_EQ(status_of(got), "0");
  MessageSplitter splitter;
  splitter.put(got.body);
  std::uint32_t rows = 0;
  while (const auto message = splitter.next().value()) ++rows;
  EXPECT_EQ(rows, kRows);
  EXPECT_TRUE(splitter.is_at_end());
  EXPECT_EQ(feed_.stats().subscribers, 0U);
}

TEST_F(RpcServer, ends_the_streams_when_it_ends) {
  ASSERT_NE(server_, nullptr);
  auto answer = begin(kFlatRecords, "");
  ASSERT_TRUE(eventually([&] { return feed_.stats().subscribers == 1; }));
  server_.reset();
  EXPECT_EQ(status_of(answer.get()), "14");
  EXPECT_EQ(feed_.stats().subscribers, 0U);
  poll(1);  // nobody is told
}

TEST_F(RpcServer, tells_settings_and_refuses_what_is_none_of_its_calls) {
  ASSERT_NE(server_, nullptr);
  EXPECT_THAT(call(address(), kGet, "").body, HasSubstr("some label"));
  EXPECT_THAT(call(address(), kGet, "").body, HasSubstr("1.2.3"));
  EXPECT_EQ(status_of(call(address(), "/a.B/C", "")), "12");
  http2::fields html;
  html.add("content-type", "text/html");
  EXPECT_EQ(call(address(), kGet, "", html).status, 415U);
  http2::fields web;
  web.add("content-type", "application/grpc-web");
  EXPECT_EQ(call(address(), kGet, "", web).status, 415U);
  http2::fields packed;
  packed.add("grpc-encoding", "snappy");
  const auto refused = call(address(), kGet, "", packed);
  EXPECT_EQ(status_of(refused), "12");
  EXPECT_EQ(refused.head.find("grpc-accept-encoding"), "identity,gzip");
  http2::fields late;
  late.add("grpc-timeout", "soon");
  EXPECT_EQ(status_of(call(address(), kGet, "", late)), "13");
}

TEST_F(RpcServer, ends_a_stream_at_its_deadline) {
  ASSERT_NE(server_, nullptr);
  http2::fields brief;
  brief.add("grpc-timeout", "50m");
  EXPECT_EQ(status_of(call(address(), kFlatRecords, "", brief)), "4");
  EXPECT_TRUE(eventually([&] { return feed_.stats().subscribers == 0; }));
}

TEST_F(RpcServer, refuses_more_subscribers_than_there_may_be) {
  ASSERT_NE(server_, nullptr);
  std::vector<std::shared_ptr<collect::RowFeed::Subscription>> all;
  for (std::size_t i = 0; i < collect::RowFeed::kMostSubscribers; ++i) all.push_back(feed_.subscribe([] {}));
  EXPECT_EQ(status_of(call(address(), kFlatRecords, "")), "8");
  EXPECT_EQ(status_of(call(address(), kPollFlatRecords, "")), "8");
}

TEST_F(RpcServer, says_what_it_cannot_follow) {
  ASSERT_NE(server_, nullptr);
  const auto error_of = [&](auto&& spoil) {
    collect::Settings settings;
    spoil(settings);
    const auto started = Server::start(settings, "", feed_, requests_, board_);
    return started ? std::string() : started.error().message;
  };
  EXPECT_THAT(error_of([&](auto& of) { of.grpc = address(); }), StartsWith("listen on 127.0.0.1:"));
  EXPECT_THAT(error_of([](auto& of) { of.grpc = "0.0.0.0:0"; }), HasSubstr("beyond this machine"));
  EXPECT_THAT(error_of([](auto& of) {
                of.grpc = "127.0.0.1:0";
                of.grpc_cert = of.grpc_key = "/nowhere";
              }),
              StartsWith("grpc-cert /nowhere: "));
  EXPECT_EQ(Server::start(collect::Settings{}, "", feed_, requests_, board_)->get(), nullptr) << "nowhere";
}

}  // namespace
}  // namespace uncork::rpc
