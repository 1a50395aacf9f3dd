#pragma once
// An HTTP server on Asio, whose answers leave together.

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/detail/socket_option.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "uncork/http2/detail/admission.hpp"
#include "uncork/http2/detail/server_loop.hpp"
#include "uncork/http2/exchange.hpp"
#include "uncork/http2/server_options.hpp"
#include "uncork/http2/tls.hpp"

namespace uncork::http2 {

/// Serves HTTP/2 (RFC 9113), by prior knowledge or over TLS, and HTTP/1.1 on the same ports. An event loop a thread, each with a
/// listening socket of its own, among which the kernel spreads the clients (SO_REUSEPORT); a connection stays with its loop, and
/// its handlers run there, one at a time.
///
/// Construct, listen() on each address, then run(). stop() may be called from anywhere, everything else from one thread.
class server {
  using tcp = boost::asio::ip::tcp;
  using local_acceptor = boost::asio::local::stream_protocol::acceptor;

 public:
  server(handler handle, server_options options) : options_(std::make_shared<const server_options>(std::move(options))) {
    const auto shared_handle = std::make_shared<const handler>(std::move(handle));
    for (unsigned i = 0; i < std::max(1U, options_->threads); ++i) {
      workers_.push_back(std::make_unique<worker>(options_, shared_handle, counts_));
    }
  }

  /// Listens, from now on; where it does, with the port that the kernel chose for port 0.
  [[nodiscard]] tcp::endpoint listen(tcp::endpoint at, boost::system::error_code& error) {
    for (const auto& one : workers_) {
      at = one->listen(at, error);
      if (error) return at;
    }
    return at;
  }

  /// The same on a Unix socket of stream type that is bound already; owns `descriptor`. TLS is for the others: who may open this
  /// one is a matter of its file. One loop alone serves it.
  void listen_local(int descriptor, boost::system::error_code& error) { workers_.front()->listen_local(descriptor, error); }

  /// Runs the loops, the first in this thread, until stop(), or until none of them has anything to do.
  void run() {
    std::vector<std::thread> others;
    for (std::size_t i = 1; i < workers_.size(); ++i) {
      others.emplace_back([one = workers_[i].get()] { one->run(); });
    }
    workers_.front()->run();
    for (std::thread& one : others) one.join();
  }

  /// No connection and no request is taken any more (GOAWAY, RFC 9113 6.8); what is under way is finished within `grace`, or cut
  /// off then.
  void stop(std::chrono::milliseconds grace) {
    for (const auto& one : workers_) one->stop(grace);
  }

  [[nodiscard]] const server_counters& counts() const noexcept { return *counts_; }

 private:
  class worker {
   public:
    worker(const std::shared_ptr<const server_options>& options, const std::shared_ptr<const handler>& handle,
           const std::shared_ptr<server_counters>& counts)
        : loop_(std::make_shared<detail::server_loop>()), grace_(context_) {
      loop_->options = options;
      loop_->handle = handle;
      loop_->counts = counts;
      loop_->connections = std::make_shared<detail::connection_set>(context_.get_executor());
    }
    worker(const worker&) = delete;
    worker& operator=(const worker&) = delete;
    ~worker() { loop_->connections->abort(); }

    tcp::endpoint listen(const tcp::endpoint& at, boost::system::error_code& error) {
      auto one = std::make_unique<tcp::acceptor>(context_);
      using reuse_port = boost::asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
      if (one->open(at.protocol(), error); error) return at;
      if (one->set_option(tcp::acceptor::reuse_address(true), error); error) return at;
      if (loop_->options->threads > 1 && (one->set_option(reuse_port(true), error), error)) return at;
      if (one->bind(at, error); error) return at;
      if (one->listen(tcp::acceptor::max_listen_connections, error); error) return at;
      const auto bound = one->local_endpoint(error);
      accept(*one);
      acceptors_.push_back(std::move(one));
      return bound;
    }
    void listen_local(int descriptor, boost::system::error_code& error) {
      auto one = std::make_unique<local_acceptor>(context_);
      if (one->assign(boost::asio::local::stream_protocol(), descriptor, error); error) {
        ::close(descriptor);
        return;
      }
      if (one->listen(local_acceptor::max_listen_connections, error); error) return;
      if (one->non_blocking(true, error); error) return;
      accept(*one);
      local_acceptors_.push_back(std::move(one));
    }
    void run() { context_.run(); }
    void stop(std::chrono::milliseconds grace) {
      boost::asio::post(context_, [this, grace] {
        for (const auto& one : acceptors_) {
          boost::system::error_code ignored;
          one->close(ignored);
        }
        for (const auto& one : local_acceptors_) {
          boost::system::error_code ignored;
          one->close(ignored);
        }
        loop_->connections->shut_down();
        poll_end(std::chrono::steady_clock::now() + grace);
      });
    }

   private:
    static constexpr std::chrono::milliseconds kPoll{20};
    static constexpr std::chrono::milliseconds kPause{100};

    void poll_end(time_point last) {
      if (loop_->connections->size() == 0) return;
      if (std::chrono::steady_clock::now() >= last) return loop_->connections->abort();
      grace_.expires_after(kPoll);
      grace_.async_wait([this, last](const boost::system::error_code& error) {
        if (!error) poll_end(last);
      });
    }

    void accept(tcp::acceptor& from) {
      from.async_accept([this, &from](const boost::system::error_code& error, tcp::socket socket) {
        if (error == boost::asio::error::operation_aborted || !from.is_open()) return;
        if (error) return pause(from);
        admit(std::move(socket), loop_->options->tls);
        accept(from);
      });
    }
    /// What it accepts is served as TCP's are: the kernel's calls are the same.
    void accept(local_acceptor& from) {
      from.async_wait(local_acceptor::wait_read, [this, &from](const boost::system::error_code& error) {
        if (error == boost::asio::error::operation_aborted || !from.is_open()) return;
        if (error) return pause(from);
        const int descriptor = ::accept4(from.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (descriptor < 0 && errno != EAGAIN && errno != ECONNABORTED && errno != EINTR) return pause(from);
        if (descriptor >= 0) {
          tcp::socket socket(context_);
          boost::system::error_code unfit;
          socket.assign(tcp::v4(), descriptor, unfit);
          if (unfit) {
            ::close(descriptor);
          } else {
            admit(std::move(socket), nullptr);
          }
        }
        accept(from);
      });
    }
    /// Out of descriptors: some may be free again in a while.
    template <typename Acceptor>
    void pause(Acceptor& from) {
      const auto timer = std::make_shared<boost::asio::steady_timer>(context_, kPause);
      timer->async_wait([this, &from, timer](const boost::system::error_code& error) {
        if (!error && from.is_open()) accept(from);
      });
    }
    void admit(tcp::socket socket, boost::asio::ssl::context* tls) {
      auto& counts = *loop_->counts;
      counts.connections.fetch_add(1, std::memory_order_relaxed);
      if (counts.open_connections.fetch_add(1, std::memory_order_relaxed) >= loop_->options->connections) {
        counts.open_connections.fetch_sub(1, std::memory_order_relaxed);
        counts.refused_connections.fetch_add(1, std::memory_order_relaxed);
        return;
      }
      detail::transport bytes(std::move(socket), tls == nullptr ? nullptr : tls->native_handle(), true,
                              loop_->options->transport.no_delay);
      std::make_shared<detail::admission>(std::move(bytes), loop_)->start();
    }

    boost::asio::io_context context_{1};
    std::shared_ptr<detail::server_loop> loop_;
    boost::asio::steady_timer grace_;
    std::vector<std::unique_ptr<tcp::acceptor>> acceptors_;
    std::vector<std::unique_ptr<local_acceptor>> local_acceptors_;
  };

  std::shared_ptr<const server_options> options_;
  std::shared_ptr<server_counters> counts_ = std::make_shared<server_counters>();
  std::vector<std::unique_ptr<worker>> workers_;
};

}  // namespace uncork::http2
