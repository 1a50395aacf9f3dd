// The client of HTTP/2 for those who test clients: against servers that nobody here wrote.
//
// usage: http_client [--post FILE | --head] [--parallel N] [--insecure | --roots FILE] URL...; asks for each URL N times at once,
// one URL after the other, and prints a line of JSON for each response: url, status, bytes and sha256 of the body, allow (the
// field), connections (how many there are now), error. Ends with 0 whatever the responses were.

#include <openssl/evp.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/system/system_error.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "uncork/http2/client.hpp"

namespace asio = boost::asio;
namespace http2 = uncork::http2;

namespace {

struct Wanted {
  std::string method = "GET";
  std::string body;
  int parallel = 1;
  std::vector<std::string> urls;
};

std::string sha256_of(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    hex += kDigits[digest[i] / 16];
    hex += kDigits[digest[i] % 16];
  }
  return hex;
}

void print(const http2::client& client, const std::string& url, const http2::response& got, const std::string& error) {
  const std::string allow(got.head.find("allow").value_or(""));
  std::printf(R"({"url": "%s", "status": %u, "bytes": %zu, "sha256": "%s", "allow": "%s", "connections": %zu, "error": "%s"})"
              "\n",
              url.c_str(), got.status, got.body.size(), sha256_of(got.body).c_str(), allow.c_str(), client.connections(),
              error.c_str());
}

asio::awaitable<void> ask(http2::client& client, const Wanted& wanted, std::string url) {
  http2::response got;
  std::string failed;
  try {
    got = co_await client.fetch(url, wanted.method, wanted.body);
  } catch (const boost::system::system_error& error) {
    failed = error.code().message();
  }
  print(client, url, got, failed);
}

void run(http2::client& client, asio::io_context& loop, const Wanted& wanted) {
  for (const std::string& url : wanted.urls) {
    int left = wanted.parallel;
    for (int i = 0; i < wanted.parallel; ++i) {
      asio::co_spawn(loop, ask(client, wanted, url), [&left](const std::exception_ptr& thrown) {
        if (thrown) std::rethrow_exception(thrown);
        --left;
      });
    }
    while (left != 0) loop.run_one();
  }
}

}  // namespace

int main(int count, char** arguments) {
  asio::ssl::context tls(asio::ssl::context::tls_client);
  http2::set_up_client_tls(tls);
  tls.set_default_verify_paths();
  tls.set_verify_mode(asio::ssl::verify_peer);
  Wanted wanted;
  for (int i = 1; i < count; ++i) {
    const std::string_view word = arguments[i];
    if (word == "--post" && i + 1 < count) {
      std::ifstream file(arguments[++i], std::ios::binary);
      wanted.body.assign(std::istreambuf_iterator<char>(file), {});
      wanted.method = "POST";
    } else if (word == "--head") {
      wanted.method = "HEAD";
    } else if (word == "--parallel" && i + 1 < count) {
      wanted.parallel = std::atoi(arguments[++i]);
    } else if (word == "--insecure") {
      tls.set_verify_mode(asio::ssl::verify_none);
    } else if (word == "--roots" && i + 1 < count) {
      tls.load_verify_file(arguments[++i]);
    } else {
      wanted.urls.emplace_back(word);
    }
  }
  http2::client_options options;
  options.tls = &tls;
  asio::io_context loop;
  http2::client client(loop.get_executor(), options);
  run(client, loop, wanted);
  client.shut_down();
  loop.run();
  return 0;
}
