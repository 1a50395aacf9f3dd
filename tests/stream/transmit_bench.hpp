#pragma once
// Net tests of file transmission: files of known bytes, a connected pair, and a peer that reads on a thread of its own.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <boost/asio.hpp>
#include <chrono>
#include <cstdint>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace uncork::stream::testing_transmit {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Socket = asio::basic_stream_socket<tcp, asio::io_context::executor_type>;
using Acceptor = asio::basic_socket_acceptor<tcp, asio::io_context::executor_type>;

inline constexpr auto kPatience = std::chrono::seconds(60);  // hundreds of times what a loaded machine needs

inline std::string pattern(std::size_t count, std::uint64_t seed = 1) {
  std::string bytes(count, '\0');
  for (char& byte : bytes) {
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    byte = static_cast<char>(seed >> 56);
  }
  return bytes;
}

/// A file without a name; gone with the test.
class ScratchFile {
 public:
  explicit ScratchFile(const std::string& bytes = "")
      : fd_(::open(::testing::TempDir().c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)) {
    if (fd_ < 0) throw std::runtime_error("cannot make a file in " + ::testing::TempDir());
    write_at(0, bytes);
  }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;
  ~ScratchFile() { ::close(fd_); }

  [[nodiscard]] int fd() const { return fd_; }
  void write_at(std::uint64_t at, const std::string& bytes) const {
    EXPECT_EQ(::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(at)), static_cast<ssize_t>(bytes.size()));
  }
  void resize(std::uint64_t size) const { EXPECT_EQ(::ftruncate(fd_, static_cast<off_t>(size)), 0); }

 private:
  int fd_;
};

inline std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

/// Reads `socket` to its end on a thread.
template <typename AnySocket>
std::future<std::string> read_to_end(AnySocket& socket) {
  return std::async(std::launch::async, [&socket] {
    std::string all;
    error_code error;
    asio::read(socket, asio::dynamic_buffer(all), error);
    return all;
  });
}

inline bool is_corked(Socket& socket) {
  int corked = -1;
  socklen_t size = sizeof corked;
  EXPECT_EQ(::getsockopt(socket.native_handle(), IPPROTO_TCP, TCP_CORK, &corked, &size), 0);
  return corked != 0;
}

class ConnectedPair : public ::testing::Test {
 protected:
  ConnectedPair() : near(context.get_executor()), far(far_context.get_executor()) {
    asio::basic_socket_acceptor<tcp, asio::io_context::executor_type> acceptor(far_context.get_executor(),
                                                                               {asio::ip::address_v4::loopback(), 0});
    near.connect(acceptor.local_endpoint());
    acceptor.accept(far);
  }
  void run() {
    context.restart();
    context.run_for(kPatience);
    EXPECT_TRUE(context.stopped()) << "still waiting after a minute";
  }

  asio::io_context context;
  asio::io_context far_context;
  Socket near;
  Socket far;
};

}  // namespace uncork::stream::testing_transmit
