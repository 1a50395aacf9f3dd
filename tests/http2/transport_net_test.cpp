// What sends a connection's bytes, on real sockets.

#include "uncork/http2/detail/transport.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <csignal>

namespace uncork::http2::detail {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

volatile std::sig_atomic_t raised = 0;

/// SIGPIPE is counted instead of ending the process, as a program would be that says nothing of it.
class CountedSigpipe {
 public:
  CountedSigpipe() {
    raised = 0;
    struct sigaction count{};
    count.sa_handler = [](int) { raised = raised + 1; };
    ::sigaction(SIGPIPE, &count, &before_);
  }
  CountedSigpipe(const CountedSigpipe&) = delete;
  CountedSigpipe& operator=(const CountedSigpipe&) = delete;
  ~CountedSigpipe() { ::sigaction(SIGPIPE, &before_, nullptr); }

 private:
  struct sigaction before_{};
};

TEST(Transport, raises_no_sigpipe_when_a_file_is_sent_to_a_client_that_left) {
  const CountedSigpipe counted;
  asio::io_context loop;
  tcp::acceptor listener(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  tcp::socket client(loop);
  client.connect(listener.local_endpoint());
  transport server(listener.accept(), nullptr, true, true);
  client.set_option(tcp::socket::linger(true, 0));
  client.close();  // by RST, which the server has when this returns

  const int file = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(file, 0);
  sent_file sent(file, 0);
  boost::system::error_code error;
  for (int i = 0; i < 3; ++i) {  // the first call takes the socket's error away; what follows it is EPIPE
    EXPECT_EQ(server.send_file(sent, 4096, error), 0U);
  }
  EXPECT_EQ(error, asio::error::broken_pipe);
  EXPECT_EQ(raised, 0);
}

}  // namespace
}  // namespace uncork::http2::detail
