#include "web/get/get.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <chrono>
#include <exception>
#include <memory>

#include "uncork/http2/client.hpp"
#include "web/asio_endpoint.hpp"

namespace uncork::web {

namespace asio = boost::asio;

namespace {

using boost::system::error_code;
using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTick{100};

core::Micros between(http2::time_point from, http2::time_point to) { return std::chrono::duration_cast<core::Micros>(to - from); }

/// What an error means for the one who asked.
std::string explain(const error_code& error) {
  if (error == asio::error::no_protocol_option) return "the server does not speak HTTP/2";
  if (error == asio::error::eof || error == asio::error::connection_aborted) return "the server closed the connection";
  if (error == asio::error::timed_out) return "no answer in time";
  if (error.category() == asio::error::get_ssl_category()) {
    return fmt::format("TLS: {} (--insecure takes any certificate, --ca FILE one of your own)", error.message());
  }
  if (error.category() == http2::category()) return fmt::format("the stream was reset: {}", error.message());
  return error.message();
}

/// All that is under way, in one thread.
class Getter {
 public:
  Getter(const GetOptions& options, const GetObserver& observer, asio::ssl::context& tls, std::vector<http2::url> urls)
      : options_(options),
        observer_(observer),
        urls_(std::move(urls)),
        fetched_(urls_.size()),
        client_(std::in_place, loop_.get_executor(), client_options(options, tls)),
        tick_(loop_) {}

  std::vector<Fetched> run() {
    const std::size_t workers = std::min<std::size_t>(options_.parallel, urls_.size());
    for (working_ = 0; working_ < workers; ++working_) asio::co_spawn(loop_, work(*this), asio::detached);
    tick();
    loop_.run();
    if (failed_) std::rethrow_exception(failed_);
    return std::move(fetched_);
  }

 private:
  /// One request, from its beginning to its end.
  struct Request {
    explicit Request(std::size_t number) : index(number) {}
    std::size_t index;
    http2::time_point begun = SteadyClock::now();
    http2::time_point moved = begun;  // when something last came of it
    asio::cancellation_signal cancel;
    bool is_late = false;
  };

  static http2::client_options client_options(const GetOptions& options, asio::ssl::context& tls) {
    http2::client_options how;
    how.tls = &tls;
    how.connect_timeout = std::min(how.connect_timeout, std::chrono::ceil<std::chrono::milliseconds>(options.timeout));
    return how;
  }

  static asio::awaitable<void> work(Getter& all) {
    while (!all.is_stopped_ && all.next_ < all.urls_.size()) {
      Request one(all.next_++);
      all.under_way_.push_back(&one);
      error_code error;
      try {
        co_await fetch(all, one, error);
      } catch (const boost::system::system_error& failed) {
        error = failed.code();
      }
      std::erase(all.under_way_, &one);
      all.finish(one, error);
    }
    if (--all.working_ == 0) all.end();
  }

  /// Optional only since what is spawned must have a default.
  static asio::awaitable<std::optional<http2::call>> open(Getter& all, const http2::url& where) {
    co_return co_await all.client_->open(where.origin, request_for(where, all.options_.request),
                                         all.options_.request.body.empty());
  }
  static asio::awaitable<void> fetch(Getter& all, Request& one, error_code& error) {
    const http2::url& where = all.urls_[one.index];
    Fetched& out = all.fetched_[one.index];
    const std::string& body = all.options_.request.body;
    // Spawned, so that it can be given up: a server may allow no stream for ever.
    auto opened_call = co_await asio::co_spawn(all.loop_, open(all, where),
                                               asio::bind_cancellation_slot(one.cancel.slot(), asio::use_awaitable));
    http2::call& call = *opened_call;
    const http2::time_point opened = SteadyClock::now();
    all.note_connection(call, one, opened);
    const auto slot = [&] {
      return asio::redirect_error(asio::bind_cancellation_slot(one.cancel.slot(), asio::use_awaitable), error);
    };
    if (!body.empty()) call.send_body(body);
    one.moved = opened;
    if (one.is_late) error = asio::error::timed_out;
    if (!error) co_await call.async_wait_response(slot());
    const http2::time_point headed = one.moved = SteadyClock::now();
    out.answer = between(opened, headed);
    if (error) co_return;
    out.status = call.status();
    out.content_type = call.response().find("content-type").value_or("");
    const auto buffer = std::make_unique<std::array<std::byte, 65536>>();
    while (!error) {
      const std::size_t got = co_await call.async_read_some(asio::buffer(*buffer), slot());
      one.moved = SteadyClock::now();
      out.bytes += got;
      all.bytes_ += got;
      if (got != 0 && !all.keep(one.index, std::span(*buffer).first(got))) error = asio::error::no_buffer_space;
    }
    if (error == asio::error::eof) error = {};
    out.body = between(headed, SteadyClock::now());
  }

  /// What the observer throws leaves by run(), when all has ended.
  bool keep(std::size_t index, std::span<const std::byte> bytes) {
    try {
      return observer_.on_body(index, bytes);
    } catch (...) {
      failed_ = std::current_exception();
      stop();
      return false;
    }
  }

  void note_connection(const http2::call& call, const Request& one, http2::time_point opened) {
    Fetched& out = fetched_[one.index];
    out.waited = between(one.begun, opened);
    out.local = from_asio(call.local_endpoint());
    out.remote = from_asio(call.remote_endpoint());
    const http2::connection_times times = call.connection();
    if (times.ready < one.begun) return;
    out.made = ConnectionSteps{.name = between(times.begun, times.resolved),
                               .tcp = between(times.resolved, times.connected),
                               .tls = between(times.connected, times.ready)};
  }
  void finish(const Request& one, error_code error) {
    Fetched& out = fetched_[one.index];
    out.index = one.index;
    if (one.is_late && error == asio::error::operation_aborted) error = asio::error::timed_out;
    if (error == asio::error::no_buffer_space) {
      out.error = "its body cannot be kept";
    } else if (error && is_stopped_) {
      out.error = "stopped";
    } else if (error) {
      out.error = explain(error);
    }
    if (out.local == core::Endpoint{}) out.waited = between(one.begun, SteadyClock::now());
    ++done_;
    try {
      if (observer_.on_done) observer_.on_done(out);
    } catch (...) {
      failed_ = std::current_exception();
      stop();
    }
  }
  void tick() {
    tick_.expires_after(kTick);
    tick_.async_wait([this](const error_code& error) {
      if (error) return;
      if (observer_.on_progress && !observer_.on_progress(bytes_, done_)) return stop();
      const auto now = SteadyClock::now();
      for (Request* const one : std::vector(under_way_)) {
        if (now - one->moved < options_.timeout) continue;
        one->is_late = true;
        one->cancel.emit(asio::cancellation_type::terminal);
      }
      tick();
    });
  }
  /// Ends what is under way.
  void stop() {
    is_stopped_ = true;
    client_.reset();
    tick_.cancel();
  }
  /// Nothing is under way any more.
  void end() {
    tick_.cancel();
    if (client_) client_->shut_down();
  }

  const GetOptions& options_;
  const GetObserver& observer_;
  std::vector<http2::url> urls_;
  std::vector<Fetched> fetched_;
  asio::io_context loop_{1};
  std::optional<http2::client> client_;
  asio::steady_timer tick_;
  std::vector<Request*> under_way_;
  std::size_t next_ = 0;
  std::size_t done_ = 0;
  std::size_t working_ = 0;
  std::uint64_t bytes_ = 0;
  bool is_stopped_ = false;
  std::exception_ptr failed_;
};

core::Status set_up_tls(asio::ssl::context& tls, const GetOptions& options) {
  http2::set_up_client_tls(tls);
  if (options.insecure) return {};
  error_code error;
  tls.set_verify_mode(asio::ssl::verify_peer, error);
  if (options.authorities.empty()) {
    tls.set_default_verify_paths(error);
  } else {
    tls.load_verify_file(options.authorities, error);
  }
  if (!error) return {};
  return core::fail(core::invalid_argument(
      fmt::format("roots to trust{}{}: {}", options.authorities.empty() ? "" : " of ", options.authorities, error.message())));
}

}  // namespace

core::Result<std::vector<Fetched>> get(const GetOptions& options, const GetObserver& observer) {
  std::vector<http2::url> urls;
  for (const std::string& text : options.urls) {
    auto where = parse_address(text);
    if (!where) return core::fail(where.error());
    urls.push_back(std::move(*where));
  }
  asio::ssl::context tls(asio::ssl::context::tls_client);
  if (const auto ready = set_up_tls(tls, options); !ready) return core::fail(ready.error());
  Getter all(options, observer, tls, std::move(urls));
  return all.run();
}

}  // namespace uncork::web
