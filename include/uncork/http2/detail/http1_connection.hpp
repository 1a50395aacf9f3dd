#pragma once
// A client's connection of HTTP/1.x, for the handlers of HTTP/2: Beast parses, one request at a time.

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/optional/optional.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "uncork/http2/detail/connection_set.hpp"
#include "uncork/http2/detail/server_loop.hpp"
#include "uncork/http2/detail/transport.hpp"

namespace uncork::http2::detail {

class http1_connection;

class http1_exchange final : public exchange_state {
 public:
  explicit http1_exchange(std::shared_ptr<http1_connection> of) : of_(std::move(of)) {}

  /// Takes the request over; false if it cannot be one of HTTP/2 either.
  template <typename Message>
  [[nodiscard]] bool take_request(const Message& message, bool is_tls);

  [[nodiscard]] executor_type get_executor() const noexcept override;
  [[nodiscard]] boost::asio::ip::tcp::endpoint remote_endpoint() const override;
  [[nodiscard]] unsigned version() const noexcept override { return 1; }
  void allow_rest() override;
  [[nodiscard]] message_facts& known() noexcept { return facts_; }

 private:
  void submit_head(const fields& message, bool ends, std::optional<std::uint64_t> length) override;
  std::size_t submit_body(byte_span bytes, bool ends) override;
  void submit_trailers(const fields& trailers) override;
  void submit_reset(errc code) override;
  void consumed(std::size_t bytes) override;
  void want_input() override;
  void release() override;

  std::shared_ptr<http1_connection> of_;
};

class http1_connection final : public member, public std::enable_shared_from_this<http1_connection> {
 public:
  using error_code = boost::system::error_code;

  http1_connection(http2::detail::transport bytes, std::shared_ptr<server_loop> loop)
      : transport_(std::move(bytes)), loop_(std::move(loop)) {
    remote_ = transport_.remote_endpoint();
    renew_parser();
  }

  void start(byte_span received) {
    loop_->connections->add(shared_from_this());
    take(received);
    flush();
  }

  [[nodiscard]] const boost::asio::any_io_executor& executor() const noexcept { return loop_->connections->executor(); }
  [[nodiscard]] const boost::asio::ip::tcp::endpoint& remote_endpoint() const noexcept { return remote_; }

  // ---- what the exchange does
  void send_head(const fields& message, bool ends, std::optional<std::uint64_t> length) {
    const std::string_view status = message.value_or_empty(known_field::status);
    const bool is_interim = status.starts_with('1');
    if (is_interim && version_ < 11) return;  // RFC 9110 15.2
    write_status_line(status);
    const bool may_have_body = !is_head_ && status != "204" && status != "304" && !is_interim;
    for (const field one : message) {
      if (is_pseudo(one.token) || one.token == known_field::connection || one.token == known_field::transfer_encoding) continue;
      write_field(one.name, one.value);
    }
    if (!is_interim) {
      must_say_continue_ = false;
      if (loop_->options->date && !message.has(known_field::date)) write_field("date", loop_->date.at(std::time(nullptr)));
      is_chunked_ = false;
      if (may_have_body && !message.has(known_field::content_length)) {
        if (ends || length) {
          write_field("content-length", std::to_string(length.value_or(0)));
        } else if (version_ >= 11) {
          is_chunked_ = true;
          write_field("transfer-encoding", "chunked");
        } else {
          keeps_alive_ = false;  // its end is the body's
        }
      }
      has_body_ = may_have_body;
      if (!keeps_alive_) write_field("connection", "close");
      if (keeps_alive_ && version_ < 11) write_field("connection", "keep-alive");
    }
    output_ += "\r\n";
    if (ends && !is_interim) is_answered_ = true;
    submitted();
  }
  std::size_t send_body(byte_span bytes, bool ends) {
    const std::size_t room = kMostOutput - std::min(kMostOutput, output_left());
    const std::size_t taken = has_body_ ? std::min(room, bytes.size()) : bytes.size();
    if (has_body_ && taken != 0) write_body(bytes.first(taken));
    if (taken < bytes.size()) {
      wants_room_ = true;
    } else if (ends) {
      if (has_body_ && is_chunked_) output_ += "0\r\n\r\n";
      is_answered_ = true;
    }
    submitted();
    return taken;
  }
  void send_trailers(const fields& trailers) {
    if (has_body_ && is_chunked_) {
      output_ += "0\r\n";
      for (const field one : trailers) write_field(one.name, one.value);
      output_ += "\r\n";
    }
    is_answered_ = true;
    submitted();
  }
  void reset() {
    keeps_alive_ = false;
    end(boost::asio::error::operation_aborted);
  }
  void consumed(std::size_t bytes) {
    unconsumed_ -= std::min(unconsumed_, bytes);
    go_on();
  }
  void allow_rest() noexcept { may_rest_ = true; }
  void want_input() {
    if (!std::exchange(must_say_continue_, false)) return;
    output_ += "HTTP/1.1 100 Continue\r\n\r\n";
    submitted();
  }
  /// The handler has let go.
  void release() {
    if (current_ == nullptr) return;
    loop_->counts->open_requests.fetch_sub(1, std::memory_order_relaxed);
    current_.reset();
    // Half an answer cannot be followed by another, nor can an answer be without the rest of its request.
    if (!is_answered_ || !parser_->is_done()) keeps_alive_ = false;
    if (!is_answered_) return end(boost::asio::error::operation_aborted);
    idle_since_ = std::chrono::steady_clock::now();
    go_on();
  }

  void on_time(time_point now) override {
    const auto& options = *loop_->options;
    if (is_closing_ && now >= closes_at_) return end(boost::asio::error::timed_out);
    if (is_waiting_to_send_ && now - last_sent_ >= options.transport.send_timeout) return end(boost::asio::error::timed_out);
    if (is_closing_) return;
    if (current_ == nullptr) {
      const auto most = has_begun_ ? options.greeting_timeout : options.keep_alive;
      if (now - idle_since_ >= most) close_when_sent();
    } else if (!parser_->is_done() && unconsumed_ == 0 && !may_rest_ &&
               now - last_received_ >= options.http2.limits.stall_timeout) {
      end(boost::asio::error::timed_out);  // the rest of the body does not come
    }
  }
  void shut_down() override {
    keeps_alive_ = false;
    if (current_ == nullptr) close_when_sent();
  }
  void abort() override { end(boost::asio::error::operation_aborted); }

 private:
  using parser = boost::beast::http::request_parser<boost::beast::http::buffer_body>;
  using socket_type = boost::asio::ip::tcp::socket;
  static constexpr std::size_t kMostOutput = 64 * 1024;
  static constexpr std::size_t kMostInput = 128 * 1024;  // of a body that waits for its handler
  static constexpr std::chrono::seconds kLinger{2};

  void renew_parser() {
    parser_.emplace();
    parser_->header_limit(std::max<std::uint32_t>(loop_->options->http2.limits.fields.most_bytes, 1024));
    parser_->body_limit(boost::none);
    idle_since_ = std::chrono::steady_clock::now();
    has_begun_ = false;
  }
  [[nodiscard]] bool wants_input() const noexcept {
    if (is_closing_) return true;
    if (output_left() >= kMostOutput || unconsumed_ >= kMostInput) return false;
    return current_ == nullptr || !parser_->is_done();
  }

  /// Bytes that cannot be used yet, those of the next request, wait in pending_.
  void take(byte_span bytes) {
    pending_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    parse();
  }
  void parse() {
    if (is_parsing_) return;
    is_parsing_ = true;
    while (!pending_.empty() && !is_ended_ && !is_closing_ && wants_input()) {
      if (!std::exchange(has_begun_, true)) idle_since_ = std::chrono::steady_clock::now();
      if (!parser_->is_header_done()) {
        if (!parse_header()) break;
        begin_request();
        continue;
      }
      if (!parse_body()) break;
    }
    is_parsing_ = false;
  }
  bool parse_header() {
    boost::beast::error_code error;
    parser_->eager(false);
    const std::size_t used = parser_->put(boost::asio::buffer(pending_), error);
    pending_.erase(0, used);
    if (error == boost::beast::http::error::need_more) return false;
    if (error == boost::beast::http::error::bad_version) {  // no HTTP/1.x at all: an answer in it would not be understood
      end(error);
      return false;
    }
    if (error) {
      refuse(error == boost::beast::http::error::header_limit ? "431" : "400");
      return false;
    }
    return parser_->is_header_done();
  }
  bool parse_body() {
    std::span<std::byte> scratch = plain_body_scratch();
    auto& body = parser_->get().body();
    body.data = scratch.data();
    body.size = scratch.size();
    boost::beast::error_code error;
    std::size_t used = parser_->put(boost::asio::buffer(pending_), error);
    pending_.erase(0, used);
    const std::size_t got = scratch.size() - body.size;
    body.data = nullptr;
    body.size = 0;
    if (got != 0) {
      unconsumed_ += got;
      if (current_) current_->on_data(scratch.first(got));
    }
    if (parser_->is_done()) {
      if (current_) current_->on_input_end();
      return true;
    }
    if (error == boost::beast::http::error::need_buffer) return true;
    if (error && error != boost::beast::http::error::need_more) {
      end(error);
      return false;
    }
    return used != 0 && !error;
  }
  void begin_request() {
    const auto& message = parser_->get();
    version_ = message.version();
    keeps_alive_ = keeps_alive_ && message.keep_alive();
    is_answered_ = wants_room_ = is_chunked_ = may_rest_ = false;
    has_body_ = true;
    unconsumed_ = 0;
    const auto one = std::make_shared<http1_exchange>(shared_from_this());
    if (!one->take_request(message, transport_.tls().has_value())) return refuse("400");
    if (one->request().size() > loop_->options->http2.limits.fields.most_fields) return refuse("431");
    if (message.find(boost::beast::http::field::content_length) != message.end()) {
      one->known().content_length = parser_->content_length().value_or(0);
    }
    is_head_ = one->known().is_head;
    must_say_continue_ = version_ >= 11 && boost::beast::iequals(message[boost::beast::http::field::expect], "100-continue");
    current_ = one;
    auto& counts = *loop_->counts;
    for (auto* count : {&counts.requests, &counts.http1_requests, &counts.open_requests}) {
      count->fetch_add(1, std::memory_order_relaxed);
    }
    if (parser_->is_done()) one->on_input_end();
    loop_->hand_over(exchange(one));
  }
  void refuse(std::string_view status) {
    keeps_alive_ = false;
    write_status_line(status);
    output_ += "content-length: 0\r\nconnection: close\r\n\r\n";
    close_when_sent();
  }

  void write_status_line(std::string_view status) {
    unsigned code = 0;
    for (const char c : status) code = code * 10 + static_cast<unsigned>(c - '0');
    const auto reason = boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(code));
    output_ += "HTTP/1.1 ";
    output_ += status;
    output_ += ' ';
    output_.append(reason.data(), reason.size());
    output_ += "\r\n";
  }
  /// One with a line break is left out: it would begin a line, or an answer, of somebody else's making (RFC 9112 11.1).
  void write_field(std::string_view name, std::string_view value) {
    static constexpr std::string_view kBreaks("\r\n\0", 3);
    if (name.find_first_of(kBreaks) != std::string_view::npos || value.find_first_of(kBreaks) != std::string_view::npos) return;
    output_ += name;
    output_ += ": ";
    output_ += value;
    output_ += "\r\n";
  }
  void write_body(byte_span bytes) {
    if (is_chunked_) {
      static constexpr std::string_view kDigits = "0123456789abcdef";
      std::string size;
      for (std::size_t left = bytes.size(); left != 0; left /= 16) size.insert(size.begin(), kDigits[left % 16]);
      output_ += size;
      output_ += "\r\n";
    }
    output_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (is_chunked_) output_ += "\r\n";
  }
  [[nodiscard]] std::size_t output_left() const noexcept { return output_.size() - output_taken_; }

  /// It leaves at the end of the turn.
  void submitted() {
    if (is_flush_posted_ || is_waiting_to_send_ || is_ended_) return;
    is_flush_posted_ = true;
    boost::asio::post(executor(), [self = shared_from_this()] {
      self->is_flush_posted_ = false;
      self->flush();
    });
  }
  void flush() {
    if (is_ended_ || is_waiting_to_send_) return;
    while (output_left() != 0 || !transport_.is_clear()) {
      error_code error;
      output_taken_ += transport_.send(std::as_bytes(std::span(output_).subspan(output_taken_)), false, error);
      if (output_left() == 0) {
        output_.clear();
        output_taken_ = 0;
      }
      if (error == boost::asio::error::would_block) return wait_for_room();
      if (error) return end(error);
    }
    if (const auto one = current_; one && std::exchange(wants_room_, false)) one->on_room();
    go_on();
  }
  void wait_for_room() {
    is_waiting_to_send_ = true;
    last_sent_ = std::chrono::steady_clock::now();
    transport_.socket().async_wait(socket_type::wait_write, [self = shared_from_this()](error_code error) {
      self->is_waiting_to_send_ = false;
      if (error) return self->end(error);
      self->flush();
    });
  }

  /// The next request, the rest of this one, or the end.
  void go_on() {
    if (is_ended_) return;
    if (!is_closing_ && current_ == nullptr) {
      if (parser_->is_done() && keeps_alive_) {
        renew_parser();
      } else if (!keeps_alive_) {
        is_closing_ = true;
      }
    }
    parse();
    if (is_closing_ && !is_shut_ && output_left() == 0 && transport_.is_clear()) {
      is_shut_ = true;
      closes_at_ = std::chrono::steady_clock::now() + kLinger;
      transport_.shut_down();
    } else if (is_closing_ && !is_shut_) {
      submitted();
    }
    wait_for_input();
  }
  void close_when_sent() {
    is_closing_ = true;
    closes_at_ = std::chrono::steady_clock::now() + kLinger;
    submitted();
  }
  void wait_for_input() {
    if (is_ended_ || is_reading_ || !wants_input()) return;
    is_reading_ = true;
    transport_.socket().async_wait(socket_type::wait_read, [self = shared_from_this()](error_code error) {
      self->is_reading_ = false;
      if (error) return self->end(error);
      self->on_readable();
    });
  }
  void on_readable() {
    if (is_ended_) return;
    bool is_full = false;
    last_received_ = std::chrono::steady_clock::now();
    const error_code error = transport_.receive(
        [this](byte_span bytes) {
          if (!is_closing_) take(bytes);
        },
        is_full);
    if (error && error != boost::asio::error::would_block) return end(error);
    if (current_ == nullptr || is_answered_) return flush();
    go_on();
  }
  void end(error_code why) {
    if (std::exchange(is_ended_, true)) return;
    const auto kept = shared_from_this();
    transport_.close();
    if (const auto one = current_) one->fail(why);
    auto& counts = *loop_->counts;
    counts.bytes_received.fetch_add(transport_.bytes_received(), std::memory_order_relaxed);
    counts.bytes_sent.fetch_add(transport_.bytes_sent(), std::memory_order_relaxed);
    counts.sends.fetch_add(transport_.sends(), std::memory_order_relaxed);
    counts.open_connections.fetch_sub(1, std::memory_order_relaxed);
    loop_->connections->remove(*this);
  }
  [[nodiscard]] static std::span<std::byte> plain_body_scratch() noexcept { return body_scratch(); }

  http2::detail::transport transport_;
  std::shared_ptr<server_loop> loop_;
  boost::asio::ip::tcp::endpoint remote_;
  std::optional<parser> parser_;
  std::shared_ptr<http1_exchange> current_;
  std::string pending_;
  std::string output_;
  std::size_t output_taken_ = 0;
  std::size_t unconsumed_ = 0;
  unsigned version_ = 11;
  bool keeps_alive_ = true;
  bool has_begun_ = false;
  bool is_head_ = false;
  bool has_body_ = false;
  bool is_chunked_ = false;
  bool is_answered_ = false;
  bool must_say_continue_ = false;
  bool may_rest_ = false;
  bool wants_room_ = false;
  bool is_parsing_ = false;
  bool is_reading_ = false;
  bool is_flush_posted_ = false;
  bool is_waiting_to_send_ = false;
  bool is_closing_ = false;
  bool is_shut_ = false;
  bool is_ended_ = false;
  time_point idle_since_{};
  time_point last_received_ = std::chrono::steady_clock::now();
  time_point last_sent_{};
  time_point closes_at_{};
};

template <typename Message>
bool http1_exchange::take_request(const Message& message, bool is_tls) {
  const auto view = [](const auto& text) { return std::string_view(text.data(), text.size()); };
  const std::string_view method = view(message.method_string());
  const std::string_view target = view(message.target());
  facts_.is_head = method == "HEAD";
  facts_.is_connect = method == "CONNECT";
  const auto host = message.find(boost::beast::http::field::host);
  const bool has_host = host != message.end();
  if (!has_host && message.version() >= 11) return false;  // RFC 9112 3.2
  if (message.count(boost::beast::http::field::host) > 1) return false;
  std::string_view authority = has_host ? view(host->value()) : std::string_view();
  std::string_view path = target;
  if (facts_.is_connect) {
    authority = target;
  } else if (target.starts_with("http://") || target.starts_with("https://")) {  // absolute-form (RFC 9112 3.2.2)
    const std::size_t begin = target.find("//") + 2;
    const std::size_t end = std::min(target.find_first_of("/?", begin), target.size());
    authority = target.substr(begin, end - begin);
    path = end == target.size() ? "/" : target.substr(end);
  }
  request_.append(known_field::method, ":method", method);
  if (!facts_.is_connect) request_.append(known_field::scheme, ":scheme", is_tls ? "https" : "http");
  if (!authority.empty()) request_.append(known_field::authority, ":authority", authority);
  if (!facts_.is_connect) {
    if (path.empty() || (path.front() != '/' && path != "*")) return false;
    request_.append(known_field::path, ":path", path);
  }
  std::string name;
  for (const auto& one : message) {
    name.assign(one.name_string().data(), one.name_string().size());
    std::ranges::transform(name, name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    const known_field token = known_field_of(name);
    switch (token) {  // of this connection alone, and those told above (RFC 9113 8.2.2)
      case known_field::host:
      case known_field::connection:
      case known_field::keep_alive:
      case known_field::proxy_connection:
      case known_field::transfer_encoding:
      case known_field::upgrade:
        continue;
      default:
        request_.append(token, name, view(one.value()));
    }
  }
  return true;
}
inline http1_exchange::executor_type http1_exchange::get_executor() const noexcept { return of_->executor(); }
inline boost::asio::ip::tcp::endpoint http1_exchange::remote_endpoint() const { return of_->remote_endpoint(); }
inline void http1_exchange::allow_rest() { of_->allow_rest(); }
inline void http1_exchange::submit_head(const fields& message, bool ends, std::optional<std::uint64_t> length) {
  of_->send_head(message, ends, length);
}
inline std::size_t http1_exchange::submit_body(byte_span bytes, bool ends) { return of_->send_body(bytes, ends); }
inline void http1_exchange::submit_trailers(const fields& trailers) { of_->send_trailers(trailers); }
inline void http1_exchange::submit_reset(errc /*code*/) { of_->reset(); }
inline void http1_exchange::consumed(std::size_t bytes) { of_->consumed(bytes); }
inline void http1_exchange::want_input() { of_->want_input(); }
inline void http1_exchange::release() { of_->release(); }

}  // namespace uncork::http2::detail
