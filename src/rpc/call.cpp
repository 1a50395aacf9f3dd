#include "rpc/call.hpp"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <utility>

#include "rpc/request_head.hpp"

namespace uncork::rpc {

namespace asio = boost::asio;

namespace {

http2::fields response_head() {
  http2::fields head;
  head.add(":status", "200");
  head.add("content-type", "application/grpc");
  head.add("grpc-accept-encoding", kAcceptedEncodings);
  return head;
}

void add_status(http2::fields& to, const CallStatus& how) {
  to.add("grpc-status", std::to_string(static_cast<unsigned>(how.code)));
  if (!how.message.empty()) to.add("grpc-message", percent_encoded(how.message));
}

}  // namespace

asio::awaitable<std::expected<std::optional<std::string>, CallStatus>> Call::read() {
  const auto piece = std::make_unique<std::array<char, 4096>>();
  for (;;) {
    auto message = splitter_.next();
    if (!message || *message) co_return message;
    const auto [error, size] = co_await exchange_.async_read_some(asio::buffer(*piece), asio::as_tuple(asio::use_awaitable));
    if (error == asio::error::eof) {
      if (splitter_.is_at_end()) co_return std::optional<std::string>();
      co_return std::unexpected(CallStatus(Code::internal, "the request ends within a message"));
    }
    if (error) co_return std::unexpected(CallStatus(Code::cancelled, error.message()));
    splitter_.put({piece->data(), size});
  }
}

asio::awaitable<std::expected<std::string, CallStatus>> Call::read_one() {
  auto one = co_await read();
  if (!one) co_return std::unexpected(one.error());
  if (!*one) co_return std::unexpected(CallStatus(Code::internal, "the request has no message"));
  const auto other = co_await read();
  if (!other) co_return std::unexpected(other.error());
  if (*other) co_return std::unexpected(CallStatus(Code::internal, "the request has more than one message"));
  co_return std::move(**one);
}

void Call::begin() {
  if (!exchange_.has_responded()) exchange_.send_head(response_head());
}

asio::awaitable<bool> Call::write(std::string_view message) {
  std::string messages;
  put_prefix(message.size(), messages);
  messages += message;
  co_return co_await write_prefixed(messages);
}

asio::awaitable<bool> Call::write_prefixed(const std::string& messages) {
  begin();
  const auto [error, sent] = co_await asio::async_write(exchange_, asio::buffer(messages), asio::as_tuple(asio::use_awaitable));
  co_return !error && sent == messages.size();
}

CallStatus Call::after_write(bool is_taken) {
  return is_taken ? CallStatus() : CallStatus(Code::cancelled, "the client takes nothing more");
}

void Call::finish(const CallStatus& how) {
  http2::fields fields = exchange_.has_responded() ? http2::fields() : response_head();
  add_status(fields, how);
  if (exchange_.has_responded()) {
    exchange_.finish(fields);
  } else {
    exchange_.respond(fields);
  }
}

}  // namespace uncork::rpc
