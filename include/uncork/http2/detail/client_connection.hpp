#pragma once
// A connection to a server of HTTP/2, and the calls on it.

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "uncork/http2/client_options.hpp"
#include "uncork/http2/connection_times.hpp"
#include "uncork/http2/detail/connection.hpp"
#include "uncork/http2/detail/exchange_state.hpp"
#include "uncork/stream/detail/waiting.hpp"
#include "uncork/stream/liveness.hpp"

namespace uncork::http2::detail {

class client_connection;

/// One request and its response; the response's fields take the place of the request's.
class call_state final : public exchange_state {
 public:
  call_state(std::shared_ptr<client_connection> of, bool ends) : of_(std::move(of)) { note_head(ends); }

  class heading : public stream::detail::waiting<error_code> {
   public:
    std::uint64_t number = 0;
  };
  void start(stream::detail::waiting_ptr<heading> op) {
    if (has_response_) return op.complete(error_code());
    if (error()) return op.complete(error());
    heading_ = std::move(op);
  }
  /// Hides the one below, and does its part too.
  void cancel_waiting(std::uint64_t number) {
    if (heading_ && heading_->number == number) heading_.complete(boost::asio::error::operation_aborted);
    exchange_state::cancel_waiting(number);
  }
  [[nodiscard]] bool has_response() const noexcept { return has_response_; }
  void know(stream_id id) noexcept { id_ = id; }

  void on_response(const event& one);

  [[nodiscard]] executor_type get_executor() const noexcept override;
  [[nodiscard]] boost::asio::ip::tcp::endpoint remote_endpoint() const override;
  [[nodiscard]] const client_connection& connection() const noexcept { return *of_; }
  [[nodiscard]] unsigned version() const noexcept override { return 2; }
  void allow_rest() override {}

 private:
  void submit_head(const fields& /*message*/, bool /*ends*/, std::optional<std::uint64_t> /*length*/) override {}
  std::size_t submit_body(byte_span bytes, bool ends) override;
  void submit_trailers(const fields& trailers) override;
  void submit_reset(errc code) override;
  void consumed(std::size_t bytes) override;
  void release() override;
  void on_let_go() override { heading_ = {}; }
  void on_over() override {
    if (heading_) heading_.complete(error());
  }

  std::shared_ptr<client_connection> of_;
  stream_id id_ = 0;
  bool has_response_ = false;
  stream::detail::waiting_ptr<heading> heading_;
};

class client_connection final : public connection {
 public:
  /// `changed` is called when it may take more calls than before, or will take none any more.
  client_connection(http2::detail::transport bytes, const client_options& how, std::shared_ptr<connection_set> all,
                    const connection_times& times, std::function<void()> changed)
      : connection(std::move(bytes), http2::session(side::client, how.http2, std::chrono::steady_clock::now()), how.transport,
                   std::move(all)),
        changed_(std::move(changed)),
        times_(times),
        limits_(how.liveness),
        liveness_(how.liveness, std::chrono::steady_clock::now()) {
    boost::system::error_code ignored;
    remote_ = transport().socket().remote_endpoint(ignored);
    local_ = transport().socket().local_endpoint(ignored);
  }

  [[nodiscard]] const boost::asio::ip::tcp::endpoint& remote_endpoint() const noexcept { return remote_; }
  [[nodiscard]] const boost::asio::ip::tcp::endpoint& local_endpoint() const noexcept { return local_; }
  [[nodiscard]] const connection_times& times() const noexcept { return times_; }
  /// How many streams the server allows; nothing until it has said so.
  [[nodiscard]] std::optional<std::size_t> allowed() const noexcept {
    if (is_spent() || session().counts().settings == 0) return std::nullopt;
    return session().openable() + session().streams();
  }
  /// What allowed() is taken for until then; 100 if this is not called, as many as RFC 9113 6.5.2 wants at least.
  void expect(std::size_t allowed) noexcept { first_streams_ = allowed; }
  [[nodiscard]] std::size_t openable() const noexcept {
    if (is_ended()) return 0;
    const std::size_t open = session().streams();
    const std::size_t most =
        session().counts().settings == 0 ? first_streams_ - std::min(first_streams_, open) : session().openable();
    return std::min(session().openable(), most);
  }
  /// Whether it will never take a call again.
  [[nodiscard]] bool is_spent() const noexcept { return is_ended() || has_goaway_ || session().is_over(); }

  /// Null if it takes no call now.
  [[nodiscard]] std::shared_ptr<call_state> open(const fields& request, bool ends) {
    if (openable() == 0) return nullptr;
    if (session().streams() == 0) begin_watch();
    const stream_id id = session().open(request, ends);
    if (id == 0) return nullptr;
    const auto call = std::make_shared<call_state>(std::static_pointer_cast<client_connection>(shared_from_this()), ends);
    call->know(id);
    session().attach(id, call.get());
    submitted(ends);
    return call;
  }
  void done(stream_id id) {
    session().release(id);
    submitted(true);
    changed_();
  }

  void on_time(time_point now) override {
    connection::on_time(now);
    if (is_ended()) return;
    changed_();  // SETTINGS may have raised the number of streams
    if (session().streams() == 0) return;
    if (transport().bytes_received() != seen_) {
      seen_ = transport().bytes_received();
      liveness_.received(now);
    }
    if (const auto dead = liveness_.check(now)) return give_up(dead);
    if (now < liveness_.heartbeat_due()) return;
    session().ping({});
    liveness_.heartbeat_sent(now);
    submitted(true);
  }

 private:
  void begin_watch() {
    liveness_ = stream::liveness(limits_, std::chrono::steady_clock::now());
    seen_ = transport().bytes_received();
  }
  [[nodiscard]] std::shared_ptr<call_state> of(stream_id id) const {
    void* const user = session().user(id);
    return user == nullptr ? nullptr : std::static_pointer_cast<call_state>(static_cast<call_state*>(user)->shared_from_this());
  }
  void on_event(const event& one) override {
    if (one.what == event::kind::goaway) has_goaway_ = true;
    if (one.what == event::kind::goaway || one.what == event::kind::ended) {
      if (one.what == event::kind::ended) {
        fail_all(one.code == errc::no_error ? error_code(boost::asio::error::connection_aborted) : make_error_code(one.code));
      }
      return changed_();
    }
    const auto call = of(one.stream);
    if (!call) return;
    switch (one.what) {
      case event::kind::message:
        return call->on_response(one);
      case event::kind::data:
        call->on_data(one.data);
        if (one.end_stream) call->on_input_end();
        return;
      case event::kind::trailers:
        return call->on_trailers(*one.message);
      case event::kind::reset:
        return call->fail_unless_whole(make_error_code(one.code));
      case event::kind::room:
        return call->on_room();
      default:
        return;
    }
  }
  void on_end(error_code why) override {
    fail_all(why);
    changed_();
  }
  void fail_all(error_code why) {
    std::vector<std::shared_ptr<exchange_state>> all;
    session().each_user([&all](void* user) { all.push_back(static_cast<call_state*>(user)->shared_from_this()); });
    for (const auto& one : all) one->fail_unless_whole(why);
  }
  [[nodiscard]] bool is_at_rest() const noexcept override { return true; }

  std::function<void()> changed_;
  boost::asio::ip::tcp::endpoint remote_;
  boost::asio::ip::tcp::endpoint local_;
  connection_times times_;
  stream::liveness_limits limits_;
  stream::liveness liveness_;
  std::uint64_t seen_ = 0;
  std::size_t first_streams_ = 100;
  bool has_goaway_ = false;
};

inline call_state::executor_type call_state::get_executor() const noexcept { return of_->executor(); }
inline boost::asio::ip::tcp::endpoint call_state::remote_endpoint() const { return of_->remote_endpoint(); }
inline void call_state::on_response(const event& one) {
  of_->session().take_message(id_, request_);
  facts_ = *one.facts;
  has_response_ = true;
  if (one.end_stream) on_input_end();
  if (heading_) heading_.complete(error_code());
}
inline std::size_t call_state::submit_body(byte_span bytes, bool ends) {
  const std::size_t taken = of_->session().submit_data(id_, bytes, ends);
  of_->submitted(ends && taken == bytes.size());
  return taken;
}
inline void call_state::submit_trailers(const fields& trailers) {
  of_->session().submit_trailers(id_, trailers);
  of_->submitted(true);
}
inline void call_state::submit_reset(errc code) {
  of_->session().reset(id_, code);
  of_->submitted(true);
}
inline void call_state::consumed(std::size_t bytes) {
  of_->session().consume(id_, bytes);
  of_->submitted(false);
}
inline void call_state::release() { of_->done(id_); }

}  // namespace uncork::http2::detail
