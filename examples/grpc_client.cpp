// A client of gRPC: calls the service Lines of lines.proto. Prints each reply as it comes, and at the end the status.
//
//   grpc_client PORT [--within MS] greet TEXT | repeat TEXT COUNT | join TEXT... | chat TEXT... | wait | fail TEXT CODE | missing
//
// chat says the next text when it has heard the answer to the one before.
//
//   g++ -std=c++20 grpc_client.cpp -o grpc_client $(pkg-config --cflags --libs uncork openssl)

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <uncork/http2/client.hpp>
#include <utility>
#include <vector>

#include "grpc_wire.hpp"

namespace asio = boost::asio;
namespace http2 = uncork::http2;
namespace grpc = grpc_wire;
using grpc::line;

namespace {

struct wanted {
  std::uint16_t port = 0;
  std::optional<std::chrono::milliseconds> limit;
  std::string method;  // as it is called: Greet
  std::vector<line> lines;
};

void print(const std::string& message) {
  const line heard = line::read(message);
  std::cout << heard.count << ' ' << heard.text << std::endl;
}

asio::awaitable<void> say_all(http2::call& one, const std::vector<line>& lines) {
  for (const line& next : lines) {
    if (!co_await grpc::write_message(one, next.written())) co_return;
  }
  one.finish();
}

asio::awaitable<void> say_by_turns(http2::call& one, const std::vector<line>& lines) {
  for (const line& next : lines) {
    if (!co_await grpc::write_message(one, next.written())) co_return;
    const auto heard = co_await grpc::read_message(one);
    if (!heard) co_return;
    print(*heard);
  }
  one.finish();
}

/// Let go of before its end, at its deadline, the call is cancelled.
asio::awaitable<grpc::status> called(http2::client& client, const wanted& what) {
  const std::string authority = "127.0.0.1:" + std::to_string(what.port);
  const auto head = grpc::request_head(authority, "/uncork.example.Lines/" + what.method, what.limit);
  try {
    http2::call one = co_await client.open(http2::origin(false, "127.0.0.1", what.port), head, false);
    if (what.method == "Chat") {
      co_await say_by_turns(one, what.lines);
    } else {
      co_await say_all(one, what.lines);
    }
    while (const auto heard = co_await grpc::read_message(one)) print(*heard);
    co_return grpc::status_of(one);
  } catch (const grpc::failure& failed) {
    co_return failed.how();
  } catch (const boost::system::system_error& ended) {
    co_return grpc::status(grpc::meaning_of(ended.code()), ended.code().message());
  }
}

template <typename Number>
bool is_number(std::string_view text, Number& into) {
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), into);
  return wrong == std::errc() && end == text.data() + text.size();
}

std::optional<wanted> read_arguments(std::vector<std::string> words) {
  wanted made;
  if (words.size() < 2 || !is_number(words[0], made.port)) return std::nullopt;
  words.erase(words.begin());
  if (words[0] == "--within") {
    std::uint32_t limit = 0;
    if (words.size() < 3 || !is_number(words[1], limit)) return std::nullopt;
    made.limit = std::chrono::milliseconds(limit);
    words.erase(words.begin(), words.begin() + 2);
  }
  const std::string method = words[0];
  words.erase(words.begin());
  if ((method == "repeat" || method == "fail") && words.size() == 2) {
    std::uint32_t number = 0;
    if (!is_number(words[1], number)) return std::nullopt;
    made.lines.emplace_back(words[0], number);
  } else if (method == "greet" && words.size() == 1) {
    made.lines.emplace_back(words[0]);
  } else if (method == "join" || method == "chat") {
    for (std::string& text : words) made.lines.emplace_back(std::move(text));
  } else if ((method == "wait" || method == "missing") && words.empty()) {
    made.lines.emplace_back();
  } else {
    return std::nullopt;
  }
  made.method = method;
  made.method[0] = static_cast<char>(made.method[0] - 'a' + 'A');
  return made;
}

}  // namespace

int main(int count, char** arguments) {
  const auto what = read_arguments(std::vector<std::string>(arguments + 1, arguments + count));
  if (!what) {
    std::cerr << "usage: grpc_client PORT [--within MS] METHOD TEXT...\n";
    return 2;
  }
  asio::io_context loop;
  http2::client client(loop.get_executor());
  grpc::status how;
  asio::co_spawn(loop, grpc::within(what->limit, called(client, *what)),
                 [&](const std::exception_ptr& thrown, grpc::status ended) {
                   if (thrown) std::rethrow_exception(thrown);
                   how = std::move(ended);
                   client.shut_down();
                 });
  loop.run();
  std::cout << "status " << static_cast<unsigned>(how.what) << (how.message.empty() ? "" : " ") << how.message << '\n';
  return 0;
}
