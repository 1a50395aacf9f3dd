#pragma once
// gRPC as it goes over HTTP/2 (its PROTOCOL-HTTP2.md): messages with a prefix of five bytes, a status in the trailers, deadlines.
// For both sides: `Stream` is a server's http2::exchange or a client's http2::call.

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>
#include <string>
#include <string_view>
#include <system_error>
#include <uncork/http2/client.hpp>
#include <uncork/http2/exchange.hpp>
#include <utility>

namespace grpc_wire {

namespace asio = boost::asio;
namespace http2 = uncork::http2;

// ---- status ---------------------------------------------------------------------------------------------------------

enum class code : unsigned {
  ok = 0,
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  permission_denied = 7,
  resource_exhausted = 8,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  unauthenticated = 16
};

/// How a call ended.
struct status {
  status() = default;
  explicit status(code which, std::string why = {}) : what(which), message(std::move(why)) {}
  code what = code::ok;
  std::string message;
};

/// Ends a call from within.
class failure : public std::exception {
 public:
  explicit failure(status how) : how_(std::move(how)) {}
  [[nodiscard]] const status& how() const noexcept { return how_; }
  [[nodiscard]] const char* what() const noexcept override { return how_.message.c_str(); }

 private:
  status how_;
};

/// grpc-message is percent-encoded UTF-8.
inline std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string made;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte <= 0x7e && c != '%') {
      made += c;
    } else {
      made += {'%', kDigits[byte / 16], kDigits[byte % 16]};
    }
  }
  return made;
}
/// What is no encoding stays as it is: the message is there to be read by people.
inline std::string percent_decoded(std::string_view text) {
  std::string made;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    const char* const begin = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() && std::from_chars(begin, begin + 2, byte, 16).ptr == begin + 2) {
      made += static_cast<char>(byte);
      i += 2;
    } else {
      made += text[i];
    }
  }
  return made;
}

inline void add_status(http2::fields& to, const status& how) {
  to.add("grpc-status", std::to_string(static_cast<unsigned>(how.what)));
  if (!how.message.empty()) to.add("grpc-message", percent_encoded(how.message));
}

// ---- deadlines ------------------------------------------------------------------------------------------------------

/// The value of grpc-timeout: eight digits at most, and a unit.
inline std::optional<std::chrono::nanoseconds> timeout_of(std::string_view text) {
  using namespace std::chrono;
  if (text.size() < 2 || text.size() > 9) return std::nullopt;
  std::uint32_t count = 0;
  const char* const end = text.data() + text.size() - 1;
  if (std::from_chars(text.data(), end, count).ptr != end) return std::nullopt;
  switch (text.back()) {
    case 'H':
      return hours(count) > hours(24 * 365) ? hours(24 * 365) : hours(count);
    case 'M':
      return minutes(count);
    case 'S':
      return seconds(count);
    case 'm':
      return milliseconds(count);
    case 'u':
      return microseconds(count);
    case 'n':
      return nanoseconds(count);
    default:
      return std::nullopt;
  }
}

/// The work's status, or deadline_exceeded: then what the work waited for is cancelled.
inline asio::awaitable<status> within(std::optional<std::chrono::nanoseconds> limit, asio::awaitable<status> work) {
  using namespace asio::experimental::awaitable_operators;
  if (!limit) co_return co_await std::move(work);
  asio::steady_timer timer(co_await asio::this_coro::executor, *limit);
  auto first = co_await (std::move(work) || timer.async_wait(asio::use_awaitable));
  if (first.index() == 0) co_return std::get<0>(std::move(first));
  co_return status(code::deadline_exceeded, "not done within the deadline");
}

// ---- messages -------------------------------------------------------------------------------------------------------

inline constexpr std::size_t kMostBytes = std::size_t{4} * 1024 * 1024;  // of a message: what other implementations take too

/// The next message; nothing at the end. Throws failure, and what the stream ends with.
template <typename Stream>
asio::awaitable<std::optional<std::string>> read_message(Stream& from) {
  std::array<unsigned char, 5> prefix{};
  const auto [error, got] = co_await asio::async_read(from, asio::buffer(prefix), asio::as_tuple(asio::use_awaitable));
  if (error == asio::error::eof && got == 0) co_return std::nullopt;
  if (error == asio::error::eof) throw failure(status(code::internal, "ends within a message"));
  if (error) throw boost::system::system_error(error);
  if (prefix[0] != 0) throw failure(status(code::unimplemented, "compressed messages are not taken"));
  const std::size_t size =
      std::size_t{prefix[1]} << 24U | std::size_t{prefix[2]} << 16U | std::size_t{prefix[3]} << 8U | prefix[4];
  if (size > kMostBytes) throw failure(status(code::resource_exhausted, "a message of " + std::to_string(size) + " bytes"));
  std::string message(size, '\0');
  const auto [cut, taken] = co_await asio::async_read(from, asio::buffer(message), asio::as_tuple(asio::use_awaitable));
  if (cut == asio::error::eof && taken < size) throw failure(status(code::internal, "ends within a message"));
  if (cut && cut != asio::error::eof) throw boost::system::system_error(cut);
  co_return message;
}

/// The only message.
template <typename Stream>
asio::awaitable<std::string> read_one(Stream& from) {
  auto one = co_await read_message(from);
  if (!one) throw failure(status(code::internal, "no message"));
  if (co_await read_message(from)) throw failure(status(code::internal, "more than one message"));
  co_return std::move(*one);
}

/// False if the other side takes nothing more: it has given the call up, or has ended it, which reading tells.
template <typename Stream>
asio::awaitable<bool> write_message(Stream& to, std::string message) {
  const auto size = static_cast<std::uint32_t>(message.size());
  const std::array<unsigned char, 5> prefix{0, static_cast<unsigned char>(size >> 24U), static_cast<unsigned char>(size >> 16U),
                                            static_cast<unsigned char>(size >> 8U), static_cast<unsigned char>(size)};
  message.insert(message.begin(), prefix.begin(), prefix.end());
  const auto [error, sent] = co_await asio::async_write(to, asio::buffer(message), asio::as_tuple(asio::use_awaitable));
  co_return !error && sent == message.size();
}

// ---- the server's side ----------------------------------------------------------------------------------------------

inline http2::fields response_head() {
  http2::fields head;
  head.add(":status", "200");
  head.add("content-type", "application/grpc");
  return head;
}
/// A message of the response, after its head.
inline asio::awaitable<bool> reply(http2::exchange& to, std::string message) {
  if (!to.has_responded()) to.send_head(response_head());
  return write_message(to, std::move(message));
}
/// Ends the call; without a message before, all of the answer is one block of fields.
inline void finish(http2::exchange& one, const status& how) {
  http2::fields fields = one.has_responded() ? http2::fields() : response_head();
  add_status(fields, how);
  if (one.has_responded()) {
    one.finish(fields);
  } else {
    one.respond(fields);
  }
}

// ---- the client's side ----------------------------------------------------------------------------------------------

/// The head of a call to `/package.Service/Method`.
inline http2::fields request_head(std::string_view authority, std::string_view path,
                                  std::optional<std::chrono::milliseconds> limit = std::nullopt) {
  http2::fields head;
  head.add(":method", "POST");
  head.add(":scheme", "http");
  head.add(":authority", authority);
  head.add(":path", path);
  head.add("te", "trailers");
  head.add("content-type", "application/grpc");
  if (limit) head.add("grpc-timeout", std::to_string(std::min<std::int64_t>(limit->count(), 99'999'999)) + 'm');
  return head;
}

/// What an answer that is none of gRPC means, by its status of HTTP (http-grpc-status-mapping.md).
inline code meaning_of_http(unsigned http_status) {
  if (http_status == 400) return code::internal;
  if (http_status == 401) return code::unauthenticated;
  if (http_status == 403) return code::permission_denied;
  if (http_status == 404) return code::unimplemented;
  if (http_status == 429 || (http_status >= 502 && http_status <= 504)) return code::unavailable;
  return code::unknown;
}
/// What a reset means, or a connection that ends.
inline code meaning_of(const boost::system::error_code& error) {
  if (error.category() != http2::category()) return code::unavailable;
  if (error == make_error_code(http2::errc::cancel)) return code::cancelled;
  if (error == make_error_code(http2::errc::refused_stream)) return code::unavailable;
  if (error == make_error_code(http2::errc::enhance_your_calm)) return code::resource_exhausted;
  if (error == make_error_code(http2::errc::inadequate_security)) return code::permission_denied;
  return code::internal;
}

/// Once the response has been read to its end.
inline status status_of(const http2::call& one) {
  const bool is_brief = !one.trailers().find("grpc-status");  // all of it is one block of fields
  const http2::fields& from = is_brief ? one.response() : one.trailers();
  const auto number = from.find("grpc-status");
  if (!number) return status(meaning_of_http(one.status()), "HTTP status " + std::to_string(one.status()));
  unsigned read = 0;
  if (std::from_chars(number->data(), number->data() + number->size(), read).ec != std::errc()) return status(code::unknown);
  return status(static_cast<code>(read), percent_decoded(from.find("grpc-message").value_or("")));
}

// ---- the message of lines.proto -------------------------------------------------------------------------------------

struct line {
  line() = default;
  explicit line(std::string what, std::uint32_t number = 0) : text(std::move(what)), count(number) {}
  std::string text;
  std::uint32_t count = 0;

  [[nodiscard]] std::string written() const {
    std::string made;
    protozero::pbf_writer to(made);
    if (!text.empty()) to.add_string(1, text);
    if (count != 0) to.add_uint32(2, count);
    return made;
  }
  static line read(const std::string& message) {
    line made;
    try {
      for (protozero::pbf_reader from(message); from.next();) {
        if (from.tag() == 1 && from.wire_type() == protozero::pbf_wire_type::length_delimited) {
          made.text = from.get_string();
        } else if (from.tag() == 2 && from.wire_type() == protozero::pbf_wire_type::varint) {
          made.count = from.get_uint32();
        } else {
          from.skip();
        }
      }
    } catch (const protozero::exception&) {
      throw failure(status(code::internal, "no message of protobuf"));
    }
    return made;
  }
};

}  // namespace grpc_wire
