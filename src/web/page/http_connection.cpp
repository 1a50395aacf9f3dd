#include "web/page/http_connection.hpp"

#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <utility>

namespace uncork::web {

namespace beast = boost::beast;
namespace http = beast::http;

namespace {

constexpr std::size_t kLongestInput = 16 * 1024;  // of a head, and what comes behind it

std::string_view view_of_text(beast::string_view text) { return {text.data(), text.size()}; }

/// As long as `request` stays as it is.
PageRequest request_of(const HttpRequest& request) {
  return {.method = view_of_text(request.method_string()),
          .target = view_of_text(request.target()),
          .host = view_of_text(request[http::field::host]),
          .origin = view_of_text(request[http::field::origin]),
          .if_none_match = view_of_text(request[http::field::if_none_match])};
}

/// The fields of an answer. `Message` has a body or, to HEAD, none.
template <typename Message>
void fill(Message& message, const PageAnswer& answer, unsigned version, bool stays) {
  message.result(answer.status);
  message.version(version);
  message.keep_alive(stays);
  message.set(http::field::content_type, answer.type);
  message.set("Content-Security-Policy", kContentPolicy);
  message.set("X-Content-Type-Options", "nosniff");
  message.set("Referrer-Policy", "no-referrer");
  message.set("Cross-Origin-Resource-Policy", "same-origin");
  message.set(http::field::cache_control, answer.etag.empty() ? "no-store" : "no-cache");
  if (!answer.etag.empty()) message.set(http::field::etag, answer.etag);
  constexpr unsigned kNotAllowed = 405;
  if (answer.status == kNotAllowed) message.set(http::field::allow, "GET, HEAD");
}

/// What is wrong with a request that could not be read; nothing: it is over, and there is nobody to answer.
std::optional<PageAnswer> answer_to(const beast::error_code& error) {
  const auto refused = [](unsigned status, const std::string& sentence) {
    return PageAnswer{.status = status, .body = "{\"error\":\"" + sentence + "\"}\n", .etag = {}};
  };
  if (error == http::error::header_limit) return refused(431, "the head of the request is longer than 8,192 bytes");
  if (error == http::error::buffer_overflow) return refused(431, "the request is too long");
  if (error == http::error::unexpected_body || error == http::error::body_limit)
    return refused(413, "a request has no body here");
  if (error == http::error::end_of_stream || error == http::error::partial_message) return std::nullopt;
  if (error.category() == http::make_error_code(http::error::bad_method).category()) return refused(400, "this is no request");
  return std::nullopt;
}

}  // namespace

HttpConnection::HttpConnection(PageStream stream, Site& site, std::shared_ptr<void> count, OnLive on_live)
    : stream_(std::move(stream)), site_(site), count_(std::move(count)), on_live_(std::move(on_live)), received_(kLongestInput) {}

void HttpConnection::read() {
  parser_.emplace();
  parser_->header_limit(kLongestHead);
  parser_->body_limit(0);
  stream_.expires_after(kIdle);
  http::async_read(stream_, received_, *parser_, [self = shared_from_this()](beast::error_code error, std::size_t /*bytes*/) {
    if (!error) return self->answer();
    // A method that may have a body is refused for itself.
    const auto method = self->parser_->get().method();
    const bool has_body = error == http::error::unexpected_body || error == http::error::body_limit;
    if (has_body && method != http::verb::get && method != http::verb::head) return self->answer_last();
    if (auto refused = answer_to(error)) return self->write(std::move(*refused), false);
    self->end();
  });
}

void HttpConnection::answer() {
  if (beast::websocket::is_upgrade(parser_->get())) return become_live();
  write(site_.answer(request_of(parser_->get())), parser_->get().keep_alive());
}

/// And nothing is read behind it.
void HttpConnection::answer_last() { write(site_.answer(request_of(parser_->get())), false); }

void HttpConnection::become_live() {
  PageAnswer answer = site_.answer_upgrade(request_of(parser_->get()));
  constexpr unsigned kSwitching = 101;
  if (answer.status != kSwitching) return write(std::move(answer), false);
  const auto live = std::make_shared<LiveSession>(std::move(stream_), site_, std::move(count_));
  live->open(parser_->release(), [live = std::weak_ptr(live), on_live = std::move(on_live_)] {
    if (const auto there = live.lock()) on_live(there);
  });
}

void HttpConnection::write(PageAnswer answer, bool stays) {
  const auto& request = parser_->get();
  const unsigned version = request.version() == 0 ? 11 : request.version();
  const auto written = [self = shared_from_this(), stays](beast::error_code error, std::size_t /*bytes*/) {
    if (error || !stays) return self->end();
    self->read();
  };
  stream_.expires_after(kIdle);
  constexpr unsigned kNotModified = 304;
  if (request.method() == http::verb::head || answer.status == kNotModified) {
    head_response_ = {};
    fill(head_response_, answer, version, stays);
    if (answer.status != kNotModified) head_response_.content_length(answer.body.size());
    http::async_write(stream_, head_response_, written);
    return;
  }
  response_ = {};
  fill(response_, answer, version, stays);
  response_.body() = std::move(answer.body);
  response_.prepare_payload();
  http::async_write(stream_, response_, written);
}

/// What the peer still sends is not read: it may be without end.
void HttpConnection::end() {
  beast::error_code ignored;
  stream_.socket().shutdown(boost::asio::socket_base::shutdown_send, ignored);
  stream_.close();
}

}  // namespace uncork::web
