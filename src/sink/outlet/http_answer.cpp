#include "sink/outlet/http_answer.hpp"

#include <time.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <charconv>
#include <chrono>
#include <optional>
#include <string>

namespace uncork::sink {
namespace {

namespace http = boost::beast::http;

constexpr std::size_t kMostBytes = 1'000'000;

/// A number of seconds, or a date (RFC 9110 10.2.3); an hour at most, so that a wrong clock stops nothing for long.
std::optional<core::Micros> read_retry_after(std::string_view text, std::int64_t now_s) {
  constexpr std::int64_t kMost = 3600;
  if (text.empty()) return std::nullopt;
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), seconds);
  if (error != std::errc() || end != text.end()) {
    tm date{};
    if (::strptime(std::string(text).c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date) == nullptr) return std::nullopt;
    seconds = ::timegm(&date) - now_s;
  }
  return std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, kMost));
}

}  // namespace

struct HttpAnswer::Parser {
  Parser() {
    parser.eager(true);
    parser.body_limit(kMostBytes);
  }
  http::response_parser<http::string_body> parser;
  std::string waiting;  // what the parser has not taken yet
};

HttpAnswer::HttpAnswer() : parser_(std::make_unique<Parser>()) {}
HttpAnswer::~HttpAnswer() = default;

core::Status HttpAnswer::feed(std::string_view bytes) {
  has_begun_ = has_begun_ || !bytes.empty();
  parser_->waiting += bytes;
  while (!parser_->waiting.empty() && !parser_->parser.is_done()) {
    boost::system::error_code error;
    const std::size_t taken = parser_->parser.put(boost::asio::buffer(parser_->waiting), error);
    parser_->waiting.erase(0, taken);
    if (error == http::error::need_more) break;
    if (error) return core::fail(core::invalid_argument("the answer is no HTTP that could be used: " + error.message()));
    const bool is_interim = parser_->parser.is_done() && parser_->parser.get().result_int() / 100 == 1;
    if (is_interim) {
      std::string rest = std::move(parser_->waiting);
      parser_ = std::make_unique<Parser>();
      parser_->waiting = std::move(rest);
    }
  }
  if (parser_->waiting.size() > kMostBytes) return core::fail(core::invalid_argument("the answer is too long"));
  return {};
}

core::Status HttpAnswer::end() {
  boost::system::error_code error;
  if (has_begun_ && !is_whole()) parser_->parser.put_eof(error);
  if (error || !is_whole()) return core::fail(core::invalid_argument("the connection ended before the answer did"));
  return {};
}

bool HttpAnswer::is_whole() const { return parser_->parser.is_done(); }

bool HttpAnswer::keeps_connection() const { return parser_->parser.keep_alive() && parser_->waiting.empty(); }

Delivery HttpAnswer::delivery(std::int64_t now_s) const {
  const auto& answer = parser_->parser.get();
  const unsigned status = answer.result_int();
  if (status / 100 == 2) return Delivery::done();
  const std::string why = "the server answered " + std::to_string(status) + " " + std::string(answer.reason());
  if (status / 100 == 3) {
    return Delivery::not_now(why + " to '" + std::string(answer[http::field::location]) +
                             "', which is not followed; give that as the destination");
  }
  if (status / 100 == 5 || status == 408 || status == 425 || status == 429) {
    const auto retry_after = answer[http::field::retry_after];
    return Delivery::not_now(why, read_retry_after({retry_after.data(), retry_after.size()}, now_s));
  }
  return Delivery::refused(why);
}

}  // namespace uncork::sink
