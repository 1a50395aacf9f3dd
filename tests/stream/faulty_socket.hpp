#pragma once
// A TCP socket one of whose calls fails: the n-th, whichever that is. And one that takes only a few bytes at a time.

#include <algorithm>
#include <boost/asio/append.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <limits>
#include <string>
#include <utility>

namespace uncork::stream::testing {

/// What a test sets and looks at; outlives the socket.
struct FaultPlan {
  int fails_at = -1;  ///< the call with this number, from 0
  std::size_t most_at_once = std::numeric_limits<std::size_t>::max();
  int fails_at_write = -1;      ///< or the write with this number
  bool refuses_writes = false;  ///< as a full send buffer does
  int calls = 0;
  int writes = 0;
  std::string failed;  ///< the name of the call that did

  bool strikes(const char* call) {
    if (calls++ != fails_at) return false;
    failed = call;
    return true;
  }
};

class FaultySocket {
 public:
  using error_code = boost::system::error_code;
  using tcp = boost::asio::ip::tcp;
  using executor_type = tcp::socket::executor_type;
  using lowest_layer_type = tcp::socket::lowest_layer_type;

  FaultySocket(tcp::socket socket, FaultPlan& plan) : socket_(std::move(socket)), plan_(&plan) {}

  executor_type get_executor() noexcept { return socket_.get_executor(); }
  lowest_layer_type& lowest_layer() noexcept { return socket_.lowest_layer(); }
  int native_handle() { return plan_->strikes("native_handle") ? -1 : socket_.native_handle(); }

  template <typename Option>
  void set_option(const Option& option, error_code& error) {
    if (!struck("set_option", error)) socket_.set_option(option, error);
  }
  void non_blocking(bool mode, error_code& error) {
    if (!struck("non_blocking", error)) socket_.non_blocking(mode, error);
  }
  void shutdown(tcp::socket::shutdown_type what, error_code& error) {
    if (!struck("shutdown", error)) socket_.shutdown(what, error);
  }
  /// Closes all the same, as the kernel does.
  void close(error_code& error) {
    socket_.close(error);
    struck("close", error);
  }
  void cancel(error_code& error) {
    if (!struck("cancel", error)) socket_.cancel(error);
  }

  template <typename Buffers>
  std::size_t write_some(const Buffers& buffers, error_code& error) {
    const bool struck_write = plan_->writes++ == plan_->fails_at_write;
    if (struck_write) plan_->failed = "write_some";
    if (struck_write || plan_->strikes("write_some")) {
      error = boost::asio::error::no_buffer_space;
      return 0;
    }
    if (plan_->refuses_writes) {
      error = boost::asio::error::would_block;
      return 0;
    }
    std::string bytes(std::min(boost::asio::buffer_size(buffers), plan_->most_at_once), '\0');
    boost::asio::buffer_copy(boost::asio::buffer(bytes), buffers);
    return socket_.write_some(boost::asio::buffer(bytes), error);
  }
  template <typename Buffers>
  std::size_t read_some(const Buffers& buffers, error_code& error) {
    return struck("read_some", error) ? 0 : socket_.read_some(buffers, error);
  }
  template <typename Handler>
  void async_wait(tcp::socket::wait_type what, Handler handler) {
    error_code error;
    if (!struck("async_wait", error)) return socket_.async_wait(what, std::move(handler));
    boost::asio::post(socket_.get_executor(), boost::asio::append(std::move(handler), error));
  }

 private:
  bool struck(const char* call, error_code& error) {
    if (!plan_->strikes(call)) return false;
    error = boost::asio::error::no_buffer_space;  // an error that nothing else here gives
    return true;
  }

  tcp::socket socket_;
  FaultPlan* plan_;
};

}  // namespace uncork::stream::testing
