#include "lab/coalesce/answer_server.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <exception>
#include <utility>

#include "core/syscall.hpp"
#include "lab/flagged_socket.hpp"
#include "uncork/stream/coalescing_stream.hpp"

namespace uncork::lab {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

constexpr std::size_t kBody = 64;
constexpr std::size_t kLongestRequest = 64 * 1024;

/// How many writes the request asks for: its digit.
unsigned writes_of(std::string_view text) {
  const auto digit = std::ranges::find_if(text, [](char c) { return c >= '1' && c <= '4'; });
  return digit == text.end() ? 1 : static_cast<unsigned>(*digit - '0');
}

/// The next request; gives how many writes it asks for.
class RedisReader {
 public:
  template <typename Stream>
  asio::awaitable<unsigned> read(Stream& stream) {
    const std::size_t size =
        co_await asio::async_read_until(stream, asio::dynamic_buffer(received_, kLongestRequest), "\r\n", asio::use_awaitable);
    const unsigned writes = writes_of(std::string_view(received_).substr(0, size));
    received_.erase(0, size);
    co_return writes;
  }

 private:
  std::string received_;
};

class HttpReader {
 public:
  template <typename Stream>
  asio::awaitable<unsigned> read(Stream& stream) {
    http::request<http::empty_body> request;
    co_await http::async_read(stream, received_, request, asio::use_awaitable);
    co_return writes_of(request.target());
  }

 private:
  boost::beast::flat_buffer received_;
};

/// The server proper: the same for every stream. Ends with an exception when the client goes.
template <typename Reader, typename Stream>
asio::awaitable<void> serve(Stream& stream, AnswerProtocol protocol) {
  std::vector<std::vector<std::string>> answers(1);
  for (unsigned writes = 1; writes <= kMostAnswerWrites; ++writes) answers.push_back(answer_pieces(protocol, writes));
  Reader reader;
  for (;;) {
    const unsigned writes = co_await reader.read(stream);
    for (const std::string& piece : answers[writes]) {
      co_await asio::async_write(stream, asio::buffer(piece), asio::use_awaitable);
    }
  }
}

template <typename Stream>
asio::awaitable<void> serve_protocol(Stream stream, AnswerProtocol protocol) {
  if (protocol == AnswerProtocol::redis) co_return co_await serve<RedisReader>(stream, protocol);
  co_await serve<HttpReader>(stream, protocol);
}

asio::awaitable<void> accept_all(asio::basic_socket_acceptor<asio::ip::tcp, asio::io_context::executor_type> acceptor,
                                 AnswerServerOptions options) {
  for (;;) {
    TcpSocket socket = co_await acceptor.async_accept(asio::use_awaitable);
    socket.set_option(asio::ip::tcp::no_delay(true));
    if (options.writes == MessageWrites::coalesced) {
      stream::coalescing_stream<TcpSocket> gathering(std::move(socket));
      asio::co_spawn(acceptor.get_executor(), serve_protocol(std::move(gathering), options.protocol), asio::detached);
    } else {
      asio::co_spawn(acceptor.get_executor(), serve_protocol(std::move(socket), options.protocol), asio::detached);
    }
  }
}

}  // namespace

std::string answer_request(AnswerProtocol protocol, unsigned writes) {
  const std::string digit = std::to_string(writes);
  return protocol == AnswerProtocol::redis ? "GET " + digit + "\r\n" : "GET /" + digit + " HTTP/1.1\r\nHost: lab\r\n\r\n";
}

std::vector<std::string> answer_pieces(AnswerProtocol protocol, unsigned writes) {
  const std::string body(kBody, 'b');
  std::vector<std::string> four = {"$", "64\r\n", body, "\r\n"};
  if (protocol == AnswerProtocol::http) {
    four = {"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 64\r\n\r\n", body.substr(48), body.substr(24, 24),
            body.substr(24, 24)};
  }
  // Fewer writes: what comes last is one. A header is never cut.
  std::vector<std::string> pieces(four.begin(), four.begin() + writes);
  for (auto rest = four.begin() + writes; rest != four.end(); ++rest) pieces.back() += *rest;
  return pieces;
}

core::Status run_answer_server(const AnswerServerOptions& options,
                               const std::function<void(const core::Endpoint&)>& on_listening) {
  auto listener = core::tcp_listen(options.listen);
  if (!listener) return core::fail(listener.error());
  const auto at = core::local_endpoint(*listener);
  if (!at) return core::fail(at.error());
  on_listening(*at);
  const auto family = at->family == core::Endpoint::Family::v4 ? asio::ip::tcp::v4() : asio::ip::tcp::v6();
  asio::io_context context(1);
  asio::basic_socket_acceptor<asio::ip::tcp, asio::io_context::executor_type> acceptor(context.get_executor(), family,
                                                                                       listener->release());
  boost::system::error_code failed;
  asio::co_spawn(context, accept_all(std::move(acceptor), options), [&failed](const std::exception_ptr& why) {
    try {
      if (why) std::rethrow_exception(why);
    } catch (const boost::system::system_error& error) {
      failed = error.code();
    }
  });
  context.run();
  return core::fail(core::Error{core::ErrorCode::system, failed.value(), "accept: " + failed.message()});
}

}  // namespace uncork::lab
