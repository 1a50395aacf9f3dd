// The least that a user of the library can write: a core without Asio, and an error of ours through Boost's error_code.
#include <iostream>
#include <uncork/stream/coalescer.hpp>
#include <uncork/stream/error.hpp>

int main() {
  uncork::stream::coalescer coalescer;
  const std::byte letters[] = {std::byte{'o'}, std::byte{'k'}};
  coalescer.append(std::span(letters, 1));
  coalescer.append(std::span(letters + 1, 1));
  const auto batch = coalescer.batch();
  std::cout.write(static_cast<const char*>(batch[0].iov_base), static_cast<std::streamsize>(batch[0].iov_len)) << '\n';
  const boost::system::error_code error = uncork::stream::errc::truncated;
  std::cout << error.category().name() << '\n';
}
