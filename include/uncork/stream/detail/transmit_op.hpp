#pragma once
// Drives a file_transmission over an Asio socket.

#include <boost/asio/compose.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <utility>

#include "uncork/stream/detail/file_transmission.hpp"
#include "uncork/stream/detail/transmit_waits.hpp"

namespace uncork::stream::detail {

template <typename Executor>
class transmit_op {
 public:
  using socket_type = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;

  transmit_op(socket_type& socket, int file, transmit_options options, const transmit_system& system)
      : socket_(&socket), file_(file), options_(std::move(options)), system_(&system) {}

  template <typename Self>
  void operator()(Self& self, boost::system::error_code error = {}) {
    switch (std::exchange(state_, state::under_way)) {
      case state::initiating:
        // Only now: a deferred operation is made before it begins.
        transmission_ = std::make_unique<file_transmission>(socket_->native_handle(), file_, options_, *system_);
        waits_ = std::make_unique<transmit_waits<Executor>>(socket_->get_executor());
        self.reset_cancellation_state(boost::asio::enable_partial_cancellation());
        if (!socket_->native_non_blocking()) socket_->native_non_blocking(true, error);
        if (error) return complete_later(self, error);
        return go_on(self, turn(), true);
      case state::under_way:
        if (!error && (self.cancelled() != boost::asio::cancellation_type::none || !socket_->is_open())) {
          error = boost::asio::error::operation_aborted;  // closed between two turns: its number may be another's by now
        }
        if (error) return complete(self, error);
        return go_on(self, turn(), false);
      case state::completing:
        return complete(self, error_);
    }
  }

 private:
  using need = file_transmission::need;
  enum class state { initiating, under_way, completing };

  need turn() {
    const need next = transmission_->turn();
    if (options_.progress) options_.progress(transmission_->result());
    return next;
  }

  template <typename Self>
  void go_on(Self& self, need next, bool initiating) {
    switch (next) {
      case need::nothing:
        return initiating ? complete_later(self, transmission_->error()) : complete(self, transmission_->error());
      case need::turn:
        return boost::asio::post(std::move(self));
      case need::writable:
        return socket_->async_wait(socket_type::wait_write, std::move(self));
      case need::source:
        if (const auto error = waits_->until_readable(transmission_->file(), self)) {
          return initiating ? complete_later(self, error) : complete(self, error);
        }
        return;
      case need::page_in:
        if (waits_->until_read_in(transmission_->cold(), self)) return;
        return go_on(self, turn(), initiating);  // then the loop itself waits for the disk
    }
  }

  /// A handler may not run inside the initiating function.
  template <typename Self>
  void complete_later(Self& self, boost::system::error_code error) {
    state_ = state::completing;
    error_ = error;
    boost::asio::post(std::move(self));
  }

  template <typename Self>
  void complete(Self& self, boost::system::error_code error) {
    const transmit_result result = transmission_->result();
    waits_.reset();  // as Asio does: what the operation owned is gone before the handler runs
    transmission_.reset();
    options_ = {};
    self.complete(error, result);
  }

  socket_type* socket_;
  int file_;
  transmit_options options_;
  const transmit_system* system_;
  std::unique_ptr<file_transmission> transmission_;
  std::unique_ptr<transmit_waits<Executor>> waits_;
  state state_ = state::initiating;
  boost::system::error_code error_;
};

/// async_transmit_file with the system calls of `system`, which must outlive it.
template <typename Executor, typename CompletionToken>
auto async_transmit_file_by(const transmit_system& system,
                            boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>& socket, int file,
                            transmit_options options, CompletionToken&& token) {
  return boost::asio::async_compose<CompletionToken, void(boost::system::error_code, transmit_result)>(
      transmit_op<Executor>(socket, file, std::move(options), system), token, socket);
}

}  // namespace uncork::stream::detail
