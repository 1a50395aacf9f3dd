#pragma once
// From a host's name to a connected transport: addresses in turn and beside each other (RFC 8305), then TLS with ALPN.

#include <openssl/ssl.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "uncork/http2/client_options.hpp"
#include "uncork/http2/connection_times.hpp"
#include "uncork/http2/detail/connection_set.hpp"
#include "uncork/http2/detail/transport.hpp"
#include "uncork/http2/url.hpp"

namespace uncork::http2::detail {

/// One attempt at an origin. Calls `done` once, with an error or the transport and what came behind the handshake. Held by its
/// set until then, from which it has its time.
class dial final : public member, public std::enable_shared_from_this<dial> {
  using tcp = boost::asio::ip::tcp;

 public:
  using error_code = boost::system::error_code;
  using callback = std::function<void(error_code, std::optional<transport>)>;

  dial(origin where, const client_options& how, std::shared_ptr<connection_set> all, callback done)
      : where_(std::move(where)),
        how_(how),
        set_(std::move(all)),
        done_(std::move(done)),
        resolver_(set_->executor()),
        next_attempt_(set_->executor()) {}

  void start() {
    set_->add(shared_from_this());
    error_code no_address;
    const auto address = boost::asio::ip::make_address(where_.host, no_address);
    if (!no_address) {
      addresses_.emplace_back(address, where_.port);
      times_.resolved = times_.begun;
      return attempt();
    }
    resolver_.async_resolve(where_.host, std::to_string(where_.port), tcp::resolver::numeric_service,
                            [self = shared_from_this()](const error_code& error, const tcp::resolver::results_type& found) {
                              if (self->is_over()) return;
                              if (error) return self->end(error);
                              self->times_.resolved = std::chrono::steady_clock::now();
                              self->order(found);
                              self->attempt();
                            });
  }
  void on_time(time_point now) override {
    if (now - times_.begun >= how_.connect_timeout) end(boost::asio::error::timed_out);
  }
  void shut_down() override { end(boost::asio::error::operation_aborted); }
  void abort() override { end(boost::asio::error::operation_aborted); }

 private:
  [[nodiscard]] bool is_over() const noexcept { return !done_; }

  /// Families by turns, the resolver's first one first (RFC 8305 4).
  void order(const tcp::resolver::results_type& found) {
    std::vector<tcp::endpoint> first;
    std::vector<tcp::endpoint> second;
    for (const auto& one : found) {
      const bool is_first = first.empty() || one.endpoint().protocol() == first.front().protocol();
      (is_first ? first : second).push_back(one.endpoint());
    }
    for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
      if (i < first.size()) addresses_.push_back(first[i]);
      if (i < second.size()) addresses_.push_back(second[i]);
    }
  }
  void attempt() {
    if (is_over() || bytes_ || attempts_.size() == addresses_.size()) return;
    const auto socket = std::make_shared<tcp::socket>(set_->executor());
    const tcp::endpoint at = addresses_[attempts_.size()];
    attempts_.push_back(socket);
    socket->async_connect(at, [self = shared_from_this(), socket](const error_code& error) { self->on_connect(error, *socket); });
    next_attempt_.expires_after(how_.attempt_delay);
    next_attempt_.async_wait([self = shared_from_this()](const error_code& error) {
      if (!error) self->attempt();
    });
  }
  void on_connect(const error_code& error, tcp::socket& socket) {
    if (is_over() || bytes_) return;
    if (error) {
      if (++failed_ == addresses_.size()) return end(error);
      if (failed_ == attempts_.size()) attempt();  // nothing is under way: the next need not wait
      return;
    }
    times_.connected = std::chrono::steady_clock::now();
    bytes_.emplace(std::move(socket), where_.tls ? how_.tls->native_handle() : nullptr, false, how_.transport.no_delay);
    give_up_others();
    if (!bytes_->tls()) return end({});
    begin_tls();
  }
  void begin_tls() {
    SSL* const ssl = bytes_->tls()->native_handle();
    error_code no_address;
    static_cast<void>(boost::asio::ip::make_address(where_.host, no_address));
    if (no_address) {
      // SSL_set_tlsext_host_name, without its old-style cast; an address is no name (RFC 6066 3).
      SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, where_.host.data());
      SSL_set1_host(ssl, where_.host.c_str());
    } else {
      X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), where_.host.c_str());
    }
    static constexpr unsigned char kHttp2[] = {2, 'h', '2'};
    SSL_set_alpn_protos(ssl, kHttp2, sizeof kHttp2);
    const error_code error = bytes_->tls()->begin_handshake();
    go_on(error);
  }
  void go_on(error_code error) {
    error_code unsent;
    static_cast<void>(bytes_->send({}, false, unsent));
    if (unsent == boost::asio::error::would_block) unsent = {};  // some hundred bytes: they go with the next
    if (error || unsent) return end(error ? error : unsent);
    auto& tls = *bytes_->tls();
    if (tls.is_handshake_done()) {
      return end(tls.protocol() == "h2" ? error_code() : error_code(boost::asio::error::no_protocol_option));
    }
    bytes_->socket().async_wait(tcp::socket::wait_read, [self = shared_from_this()](const error_code& failed) {
      if (self->is_over()) return;
      if (failed) return self->end(failed);
      bool is_full = false;
      error_code read = self->bytes_->receive(
          [&self](std::span<const std::byte> plain) { self->early_.insert(self->early_.end(), plain.begin(), plain.end()); },
          is_full);
      if (read == boost::asio::error::would_block) read = {};
      self->go_on(read);
    });
  }
  void give_up_others() {
    error_code ignored;
    next_attempt_.cancel();
    for (const auto& one : attempts_) one->close(ignored);
    attempts_.clear();
  }
  void end(error_code error) {
    if (is_over()) return;
    const auto kept = shared_from_this();
    const auto done = std::exchange(done_, nullptr);
    resolver_.cancel();
    give_up_others();
    set_->remove(*this);
    times_.ready = bytes_ && !bytes_->tls() ? times_.connected : std::chrono::steady_clock::now();
    if (error && bytes_) bytes_->close();
    done(error, error ? std::nullopt : std::exchange(bytes_, std::nullopt));
  }

 public:
  /// What the server sent behind the handshake, for the connection.
  [[nodiscard]] std::span<const std::byte> early() const noexcept { return early_; }
  [[nodiscard]] const connection_times& times() const noexcept { return times_; }

 private:
  origin where_;
  client_options how_;
  std::shared_ptr<connection_set> set_;
  callback done_;
  tcp::resolver resolver_;
  boost::asio::steady_timer next_attempt_;
  std::vector<tcp::endpoint> addresses_;
  std::vector<std::shared_ptr<tcp::socket>> attempts_;
  std::size_t failed_ = 0;
  std::optional<transport> bytes_;
  std::vector<std::byte> early_;
  connection_times times_{.begun = std::chrono::steady_clock::now()};
};

}  // namespace uncork::http2::detail
