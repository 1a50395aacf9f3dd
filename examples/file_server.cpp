// Serves the files of one folder over HTTP/1.1, with ranges: Beast reads the requests, async_transmit_file sends header and file
// from the page cache, in full segments and without a pause between the two.
//
//   file_server PORT FOLDER      listens on 127.0.0.1; port 0 picks a free one, which is printed
//
//   curl http://127.0.0.1:PORT/NAME; curl --range 10-19 http://127.0.0.1:PORT/NAME
//
//   g++ -std=c++20 file_server.cpp -o file_server $(pkg-config --cflags --libs uncork)

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <cstdint>
#include <exception>
#include <iostream>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <uncork/stream/transmit_file.hpp>
#include <utility>

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;

namespace {

// Errors come as values where they are a normal end of the conversation.
constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);

template <typename Number>
std::optional<Number> number_in(std::string_view text) {
  Number number = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (wrong != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// What goes back: a header, and bytes of a file that is closed with it.
struct answer {
  answer() = default;
  answer(answer&& other) noexcept
      : head(std::move(other.head)), file(std::exchange(other.file, -1)), offset(other.offset), length(other.length) {}
  answer& operator=(answer&&) = delete;
  ~answer() {
    if (file >= 0) close(file);
  }

  std::string head;
  int file = -1;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

/// The file of that name: no folder, no link, nothing hidden, nothing but a regular file. -1: there is none.
int open_file(int folder, std::string_view target, struct stat& about) {
  const std::string name(target.substr(1));
  if (name.empty() || name.front() == '.' || name.find('/') != std::string::npos) return -1;
  const int file = openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (file >= 0 && fstat(file, &about) == 0 && S_ISREG(about.st_mode)) return file;
  if (file >= 0) close(file);
  return -1;
}

/// "bytes=FROM-TO" or "bytes=FROM-" of a file; whatever else is asked for is the whole file, as RFC 9110 14.2 allows.
void choose_range(std::string_view wanted, answer& found) {
  const std::size_t dash = wanted.find('-');
  if (!wanted.starts_with("bytes=") || dash == std::string_view::npos) return;
  const auto from = number_in<std::uint64_t>(wanted.substr(6, dash - 6));
  const auto to = dash + 1 == wanted.size() ? found.length - 1 : number_in<std::uint64_t>(wanted.substr(dash + 1));
  if (!from || !to || *from > *to || *from >= found.length) return;
  found.offset = *from;
  found.length = std::min(*to, found.length - 1) - *from + 1;
}

answer answer_to(const http::request<http::empty_body>& request, int folder) {
  answer found;
  struct stat about = {};
  http::response<http::empty_body> response(http::status::ok, request.version());
  response.keep_alive(request.keep_alive());
  if (request.method() != http::verb::get) {
    response.result(http::status::method_not_allowed);
  } else if (found.file = open_file(folder, request.target(), about); found.file < 0) {
    response.result(http::status::not_found);
  } else {
    const auto size = static_cast<std::uint64_t>(about.st_size);
    found.length = size;
    choose_range(request[http::field::range], found);
    if (found.length < size) {
      response.result(http::status::partial_content);
      response.set(http::field::content_range, "bytes " + std::to_string(found.offset) + "-" +
                                                   std::to_string(found.offset + found.length - 1) + "/" + std::to_string(size));
    }
  }
  response.content_length(found.length);
  std::ostringstream text;
  text << response.base();
  found.head = text.str();
  return found;
}

asio::awaitable<void> converse(tcp::socket peer, int folder) {
  boost::beast::flat_buffer received;
  for (bool more = true; more;) {
    http::request<http::empty_body> request;
    const auto [error, size] = co_await http::async_read(peer, received, request, kAsTuple);
    if (error) break;
    more = request.keep_alive();
    const answer found = answer_to(request, folder);
    uncork::stream::transmit_options options;
    options.head = std::as_bytes(std::span(found.head));
    options.offset = found.offset;
    options.length = found.length;
    const int file = found.length > 0 ? found.file : -1;  // a length of 0 would mean all that there is
    const auto [failed, result] = co_await uncork::stream::async_transmit_file(peer, file, std::move(options), kAsTuple);
    if (failed) {  // closing is what tells the client that the length it was promised will not come
      std::cerr << request.target() << ": " << result.sent << " of " << result.expected << " bytes: " << failed.message() << '\n';
      co_return;
    }
  }
  boost::system::error_code gone;
  peer.shutdown(tcp::socket::shutdown_send, gone);
}

asio::awaitable<void> serve(tcp::acceptor acceptor, int folder) {
  for (;;) {
    tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
    // A peer that goes away ends its own conversation only.
    asio::co_spawn(acceptor.get_executor(), converse(std::move(socket), folder), asio::detached);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto port = argc == 3 ? number_in<std::uint16_t>(argv[1]) : std::nullopt;
  if (!port) {
    std::cerr << "usage: file_server PORT FOLDER      such as: file_server 0 .\n";
    return 2;
  }
  const int folder = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) {
    std::cerr << "file_server: '" << argv[2] << "' is not a folder that can be opened\n";
    return 1;
  }
  try {
    asio::io_context context(1);
    tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), *port});
    std::cout << "listening on " << acceptor.local_endpoint() << std::endl;
    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait([&context](boost::system::error_code, int) { context.stop(); });
    asio::co_spawn(context, serve(std::move(acceptor), folder), [](std::exception_ptr failed) {
      if (failed) std::rethrow_exception(failed);
    });
    context.run();
  } catch (const boost::system::system_error& error) {
    std::cerr << "file_server: listen on port " << argv[1] << ": " << error.code().message() << '\n';
    return 1;
  }
}
