#pragma once
// Waits for a pipe, a socket or a device that belongs to the caller, without touching its flags.

#include <sys/epoll.h>
#include <unistd.h>

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cerrno>
#include <utility>

namespace uncork::stream::detail {

/// Asio makes a descriptor that it waits for non-blocking, and that flag belongs to the open file, which a shell's standard input
/// shares with others. So the descriptor is put into an epoll set of its own, and Asio waits for the set.
template <typename Executor>
class readable_source {
 public:
  explicit readable_source(const Executor& executor) : set_(executor) {}

  boost::system::error_code watch(int descriptor) {
    const int made = ::epoll_create1(EPOLL_CLOEXEC);
    if (made < 0) return last_error();
    boost::system::error_code error;
    set_.assign(made, error);
    if (error) {
      ::close(made);
      return error;
    }
    epoll_event readable{EPOLLIN, {}};
    return ::epoll_ctl(made, EPOLL_CTL_ADD, descriptor, &readable) == 0 ? boost::system::error_code() : last_error();
  }

  template <typename Handler>
  void async_wait(Handler&& handler) {
    set_.async_wait(boost::asio::posix::descriptor_base::wait_read, std::forward<Handler>(handler));
  }

 private:
  static boost::system::error_code last_error() { return {errno, boost::system::system_category()}; }

  boost::asio::posix::basic_stream_descriptor<Executor> set_;
};

}  // namespace uncork::stream::detail
