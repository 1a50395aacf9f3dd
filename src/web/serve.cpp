#include "web/serve.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "core/stop_signal.hpp"
#include "http2/files/file_site.hpp"
#include "uncork/http2/server.hpp"
#include "web/asio_endpoint.hpp"

namespace uncork::web {

namespace asio = boost::asio;

namespace {

struct TextAnswer {
  http2::fields head;
  std::shared_ptr<const std::string> body;
};

/// Once the request has come as a whole: a client that is still sending need not be cut off.
asio::awaitable<void> answer_at_its_end(std::shared_ptr<const TextAnswer> answer, http2::exchange& one) {
  const auto thrown_away = std::make_unique<std::array<std::byte, 16384>>();
  boost::system::error_code error;
  while (!error) {
    co_await one.async_read_some(asio::buffer(*thrown_away), asio::redirect_error(asio::use_awaitable, error));
  }
  if (error == asio::error::eof) one.respond(answer->head, answer->body);
}

/// One text for every request.
http2::handler text_handler(const std::string& text) {
  const auto answer = std::make_shared<TextAnswer>();
  answer->head.add(":status", "200");
  answer->head.add("content-type", "text/plain; charset=utf-8");
  answer->head.add("content-length", std::to_string(text.size()));
  answer->body = std::make_shared<const std::string>(text);
  const auto late = http2::coroutine([answer](http2::exchange& one) { return answer_at_its_end(answer, one); });
  return [answer, late](http2::exchange one) {
    if (!one.is_request_whole()) return late(std::move(one));
    one.respond(answer->head, answer->body);
  };
}

/// The body of a request for a file is not asked for: what comes of it is thrown away with the stream.
core::Result<http2::handler> file_handler(const ServeOptions& options) {
  const http2::SiteOptions how{.hidden = options.hidden_files ? http2::HiddenFiles::served : http2::HiddenFiles::refused};
  auto opened = http2::FileSite::open(options.root, how);
  if (!opened)
    return core::fail(core::Error{.code = core::ErrorCode::invalid_argument,
                                  .system_errno = opened.error().code.value(),
                                  .message = opened.error().message});
  const auto site = std::make_shared<const http2::FileSite>(std::move(*opened));
  return http2::handler([site](http2::exchange one) {
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    http2::FileAnswer answer = site->answer(one.request(), now);
    if (answer.length != 0) return one.respond_file(answer.response, answer.file.release(), answer.offset, answer.length);
    one.respond(answer.response, answer.text);
  });
}

core::Status load_certificate(asio::ssl::context& tls, const ServeOptions& options) {
  boost::system::error_code error;
  tls.use_certificate_chain_file(options.certificate, error);
  if (error) return core::fail(core::invalid_argument(fmt::format("certificate {}: {}", options.certificate, error.message())));
  tls.use_private_key_file(options.key, asio::ssl::context::pem, error);
  if (error) return core::fail(core::invalid_argument(fmt::format("key {}: {}", options.key, error.message())));
  http2::set_up_server_tls(tls, options.http1);
  return {};
}

ServeSummary summary_of(const http2::server_counters& counts) {
  return {.connections = counts.connections,
          .requests = counts.requests,
          .http1_requests = counts.http1_requests,
          .calmed = counts.calmed,
          .bytes_received = counts.bytes_received,
          .bytes_sent = counts.bytes_sent,
          .sends = counts.sends};
}

}  // namespace

core::Result<ServeSummary> serve(const ServeOptions& options,
                                 const std::function<void(const std::vector<core::Endpoint>&)>& on_listening) {
  http2::server_options how;
  how.threads = options.threads;
  how.http1 = options.http1;
  how.http2.budget = std::make_shared<http2::memory_budget>(options.memory);
  how.transport.flush = options.flush;
  how.transport.no_delay = !options.nagle;
  asio::ssl::context tls(asio::ssl::context::tls_server);
  if (!options.certificate.empty()) {
    if (const auto loaded = load_certificate(tls, options); !loaded) return core::fail(loaded.error());
    how.tls = &tls;
  }
  core::StopSignal signal;
  const auto handle = options.root.empty() ? core::Result<http2::handler>(text_handler(options.body)) : file_handler(options);
  if (!handle) return core::fail(handle.error());
  http2::server server(*handle, how);
  std::vector<core::Endpoint> listening;
  for (core::Endpoint at : options.listen) {
    boost::system::error_code error;
    const auto bound = server.listen(to_asio(at), error);
    if (error) return core::fail(core::system_error("listen on " + core::to_string(at), error.value()));
    at.port = bound.port();
    listening.push_back(at);
  }
  on_listening(listening);
  std::thread loops([&server] { server.run(); });
  while (!signal.wait_until(core::MonotonicClock::now() + std::chrono::hours(1))) {
  }
  server.stop(std::chrono::duration_cast<std::chrono::milliseconds>(options.grace));
  loops.join();
  return summary_of(server.counts());
}

}  // namespace uncork::web
