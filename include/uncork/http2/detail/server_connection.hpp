#pragma once
// A client's connection of HTTP/2, and its requests.

#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <memory>
#include <utility>
#include <vector>

#include "uncork/http2/detail/connection.hpp"
#include "uncork/http2/detail/server_loop.hpp"

namespace uncork::http2::detail {

class server_connection;

/// A stream of it. Kept for the next one when it is done.
class stream_exchange final : public exchange_state {
 public:
  void begin(std::shared_ptr<server_connection> of, const event& request);

  [[nodiscard]] executor_type get_executor() const noexcept override;
  [[nodiscard]] boost::asio::ip::tcp::endpoint remote_endpoint() const override;
  [[nodiscard]] unsigned version() const noexcept override { return 2; }
  void allow_rest() override;

 private:
  void submit_head(const fields& message, bool ends, std::optional<std::uint64_t> length) override;
  std::size_t submit_body(byte_span bytes, bool ends) override;
  void submit_trailers(const fields& trailers) override;
  void submit_reset(errc code) override;
  [[nodiscard]] bool takes_files() const noexcept override;
  void submit_file(int descriptor, std::uint64_t offset, std::uint64_t length) override;
  void consumed(std::size_t bytes) override;
  void release() override;

  std::shared_ptr<server_connection> of_;
  stream_id id_ = 0;
};

class server_connection final : public connection {
 public:
  server_connection(http2::detail::transport bytes, std::shared_ptr<server_loop> loop)
      : connection(std::move(bytes), http2::session(side::server, loop->options->http2, std::chrono::steady_clock::now()),
                   loop->options->transport, loop->connections),
        loop_(std::move(loop)) {
    remote_ = transport().remote_endpoint();
  }

  [[nodiscard]] const boost::asio::ip::tcp::endpoint& remote_endpoint() const noexcept { return remote_; }
  void send_head(stream_id id, const fields& message, bool ends) {
    const bool is_dated =
        !loop_->options->date || message.has(known_field::date) || message.value_or_empty(known_field::status).starts_with('1');
    session().submit_headers(id, is_dated ? message : dated(message), ends);
    submitted(ends);
  }
  void done(stream_id id, std::shared_ptr<exchange_state> one) {
    session().release(id);
    --open_;
    loop_->counts->open_requests.fetch_sub(1, std::memory_order_relaxed);
    submitted(true);
    if (spare_.size() < kMostSpare) spare_.push_back(std::static_pointer_cast<stream_exchange>(std::move(one)));
  }

 private:
  static constexpr std::size_t kMostSpare = 16;

  /// With the field `date`. Most answers within a second are like the one before.
  [[nodiscard]] const fields& dated(const fields& message) {
    const std::time_t now = std::time(nullptr);
    if (now == dated_at_ && message == undated_) return dated_;
    dated_at_ = now;
    undated_ = dated_ = message;
    dated_.append(known_field::date, "date", loop_->date.at(now));
    return dated_;
  }

  void on_event(const event& one) override {
    switch (one.what) {
      case event::kind::message:
        return on_request(one);
      case event::kind::data:
        if (const auto stream = of(one.stream)) {
          stream->on_data(one.data);
          if (one.end_stream) stream->on_input_end();
        }
        return;
      case event::kind::trailers:
        if (const auto stream = of(one.stream)) stream->on_trailers(*one.message);
        return;
      case event::kind::reset:
        if (const auto stream = of(one.stream)) stream->fail(make_error_code(one.code));
        return;
      case event::kind::room:
        if (const auto stream = of(one.stream)) stream->on_room();
        return;
      case event::kind::ended:
        if (one.code == errc::enhance_your_calm) loop_->counts->calmed.fetch_add(1, std::memory_order_relaxed);
        return fail_all(make_error_code(one.code == errc::no_error ? errc::cancel : one.code));
      default:
        return;
    }
  }
  void on_request(const event& one) {
    std::shared_ptr<stream_exchange> stream;
    if (spare_.empty()) {
      stream = std::make_shared<stream_exchange>();
    } else {
      stream = std::move(spare_.back());
      spare_.pop_back();
    }
    ++open_;
    loop_->counts->requests.fetch_add(1, std::memory_order_relaxed);
    loop_->counts->open_requests.fetch_add(1, std::memory_order_relaxed);
    session().attach(one.stream, stream.get());
    stream->begin(std::static_pointer_cast<server_connection>(shared_from_this()), one);
    loop_->hand_over(exchange(std::move(stream)));
  }
  [[nodiscard]] std::shared_ptr<exchange_state> of(stream_id id) const {
    void* const user = session().user(id);
    return user == nullptr ? nullptr : static_cast<stream_exchange*>(user)->shared_from_this();
  }

  void on_end(error_code why) override {
    fail_all(why);
    auto& counts = *loop_->counts;
    counts.resets_received.fetch_add(session().counts().resets_received, std::memory_order_relaxed);
    counts.bytes_received.fetch_add(transport().bytes_received(), std::memory_order_relaxed);
    counts.bytes_sent.fetch_add(transport().bytes_sent(), std::memory_order_relaxed);
    counts.sends.fetch_add(transport().sends(), std::memory_order_relaxed);
    counts.open_connections.fetch_sub(1, std::memory_order_relaxed);
  }
  void fail_all(error_code why) {
    std::vector<std::shared_ptr<exchange_state>> all;
    session().each_user([&all](void* user) { all.push_back(static_cast<stream_exchange*>(user)->shared_from_this()); });
    for (const auto& one : all) one->fail(why);
  }
  [[nodiscard]] bool is_at_rest() const noexcept override { return open_ == 0; }

  std::shared_ptr<server_loop> loop_;
  boost::asio::ip::tcp::endpoint remote_;
  std::vector<std::shared_ptr<stream_exchange>> spare_;
  std::size_t open_ = 0;
  fields undated_;
  fields dated_;
  std::time_t dated_at_ = 0;
};

inline void stream_exchange::begin(std::shared_ptr<server_connection> of, const event& request) {
  clear();
  of_ = std::move(of);
  id_ = request.stream;
  of_->session().take_message(id_, request_);
  facts_ = *request.facts;
  if (request.end_stream) on_input_end();
}
inline stream_exchange::executor_type stream_exchange::get_executor() const noexcept { return of_->executor(); }
inline boost::asio::ip::tcp::endpoint stream_exchange::remote_endpoint() const { return of_->remote_endpoint(); }
inline void stream_exchange::allow_rest() { of_->session().allow_rest(id_); }
inline void stream_exchange::submit_head(const fields& message, bool ends, std::optional<std::uint64_t> /*length*/) {
  of_->send_head(id_, message, ends);
}
inline std::size_t stream_exchange::submit_body(byte_span bytes, bool ends) {
  const std::size_t taken = of_->session().submit_data(id_, bytes, ends);
  of_->submitted(ends && taken == bytes.size());
  return taken;
}
inline void stream_exchange::submit_trailers(const fields& trailers) {
  of_->session().submit_trailers(id_, trailers);
  of_->submitted(true);
}
inline void stream_exchange::submit_reset(errc code) {
  of_->session().reset(id_, code);
  of_->submitted(true);
}
inline bool stream_exchange::takes_files() const noexcept { return of_->sends_files(); }
inline void stream_exchange::submit_file(int descriptor, std::uint64_t offset, std::uint64_t length) {
  of_->session().submit_external(id_, length, std::make_shared<sent_file>(descriptor, offset));
  of_->submitted(true);
}
inline void stream_exchange::consumed(std::size_t bytes) {
  of_->session().consume(id_, bytes);
  of_->submitted(false);
}
inline void stream_exchange::release() {
  const auto of = std::exchange(of_, nullptr);
  of->done(id_, shared_from_this());
}

}  // namespace uncork::http2::detail
