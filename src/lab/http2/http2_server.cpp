#include "lab/http2/http2_server.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <string>

#include "lab/tls_contexts.hpp"
#include "uncork/http2/server.hpp"

namespace uncork::lab {
namespace {

namespace asio = boost::asio;

constexpr const char* kBody = "Hello world!";

struct Answer {
  http2::fields head;
  std::shared_ptr<const std::string> body;
};

http2::handler same_answer() {
  const auto answer = std::make_shared<Answer>();
  answer->head.add(":status", "200");
  answer->head.add("content-type", "text/plain; charset=utf-8");
  answer->body = std::make_shared<const std::string>(kBody);
  answer->head.add("content-length", std::to_string(answer->body->size()));
  return [answer](http2::exchange one) { one.respond(answer->head, answer->body); };
}

asio::ip::tcp::endpoint to_asio(const core::Endpoint& at) {
  if (at.family == core::Endpoint::Family::v6) return {asio::ip::address_v6(at.bytes), at.port};
  asio::ip::address_v4::bytes_type bytes{};
  std::copy_n(at.bytes.begin(), bytes.size(), bytes.begin());
  return {asio::ip::address_v4(bytes), at.port};
}

}  // namespace

http2::transport_options transport_options_of(Http2Sends sends) {
  http2::transport_options options;
  options.no_delay = sends != Http2Sends::frame_nagle;
  switch (sends) {
    case Http2Sends::turn:
      options.flush = http2::flush_rule::turn;
      break;
    case Http2Sends::response:
      options.flush = http2::flush_rule::response;
      break;
    case Http2Sends::frame:
    case Http2Sends::frame_nagle:
      options.flush = http2::flush_rule::frame;
      break;
    case Http2Sends::frame_more:
      options.flush = http2::flush_rule::frame_more;
      break;
  }
  return options;
}

core::Status run_http2_server(const Http2ServerOptions& options, const std::function<void(const core::Endpoint&)>& on_listening) {
  http2::server_options how;
  how.transport = transport_options_of(options.sends);
  std::optional<TlsContexts> tls;
  if (options.transport == Transport::tls) {
    try {
      tls.emplace();
    } catch (const std::exception& error) {
      return core::fail(core::Error{core::ErrorCode::not_supported, 0, error.what()});
    }
    http2::set_up_server_tls(tls->server);
    how.tls = &tls->server;
  }
  http2::server server(same_answer(), how);
  boost::system::error_code error;
  core::Endpoint at = options.listen;
  at.port = server.listen(to_asio(options.listen), error).port();
  if (error) return core::fail(core::system_error("listen on " + core::to_string(options.listen), error.value()));
  on_listening(at);
  server.run();
  return {};
}

}  // namespace uncork::lab
