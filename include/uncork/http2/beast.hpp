#pragma once
// Messages of Boost.Beast from and to fields and bodies of HTTP/2, for handlers that were written for Beast's.

#include <algorithm>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "uncork/http2/error.hpp"
#include "uncork/http2/fields.hpp"
#include "uncork/http2/url.hpp"

namespace uncork::http2 {

using beast_request = boost::beast::http::request<boost::beast::http::string_body>;
using beast_response = boost::beast::http::response<boost::beast::http::string_body>;

namespace detail {

using beast_fields = boost::beast::http::fields;

inline std::string_view plain(boost::beast::string_view text) noexcept { return {text.data(), text.size()}; }
inline boost::beast::string_view beasts(std::string_view text) noexcept { return {text.data(), text.size()}; }

inline bool is_token(std::string_view text) noexcept {  // RFC 9110 5.6.2
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  const auto is_one = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kMarks.find(c) != std::string_view::npos;
  };
  return !text.empty() && std::ranges::all_of(text, is_one);
}
/// RFC 9110 5.5, without the blanks at either end that RFC 9113 8.2.1 refuses.
inline bool is_value(std::string_view text) noexcept {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  if (!text.empty() && (is_blank(text.front()) || is_blank(text.back()))) return false;
  return std::ranges::all_of(text, [](char c) { return c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != '\x7f'); });
}
/// What stands in a request line between blanks.
inline bool is_target(std::string_view text) noexcept {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}
/// host[:port] without user information (RFC 9113 8.3.1).
inline bool is_authority(std::string_view text) noexcept {
  return is_target(text) && text.find_first_of("/?#@\\,") == std::string_view::npos;
}
inline std::string lower(std::string_view text) {
  std::string made(text);
  for (char& c : made) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return made;
}
/// Whether a list between commas has this word, of lower case; what stands behind a semicolon does not matter.
inline bool has_word(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    std::string_view one = list.substr(0, list.find(','));
    list.remove_prefix(std::min(one.size() + 1, list.size()));
    one = one.substr(0, one.find(';'));
    one.remove_prefix(std::min(one.find_first_not_of(" \t"), one.size()));
    one = one.substr(0, one.find_last_not_of(" \t") + 1);
    if (lower(one) == word) return true;
  }
  return false;
}
inline bool is_connection_specific(known_field token) noexcept {  // RFC 9113 8.2.2
  constexpr std::uint32_t kAll = bit_of(known_field::connection) | bit_of(known_field::keep_alive) |
                                 bit_of(known_field::proxy_connection) | bit_of(known_field::transfer_encoding) |
                                 bit_of(known_field::upgrade);
  return (kAll & bit_of(token)) != 0;
}
inline bool has_only(const fields& head, std::uint32_t pseudo_fields) noexcept {
  constexpr std::uint32_t kAllPseudo = (bit_of(known_field::unknown_pseudo) << 1U) - bit_of(known_field::method);
  return (head.tokens() & kAllPseudo & ~pseudo_fields) == 0 && (head.repeated_tokens() & kAllPseudo) == 0 &&
         !head.has_late_pseudo();
}

/// The fields that are no pseudo-fields, Host aside. False if one may not be.
inline bool add_fields(const fields& from, beast_fields& to) {
  std::string cookie;
  for (const field one : from) {
    if (is_pseudo(one.token) || one.token == known_field::host || is_connection_specific(one.token)) continue;
    if (!is_token(one.name) || !is_value(one.value)) return false;
    if (one.token != known_field::cookie) {
      to.insert(beasts(one.name), beasts(one.value));
      continue;
    }
    if (!cookie.empty()) cookie += "; ";
    cookie += one.value;
  }
  if (!cookie.empty()) to.set(boost::beast::http::field::cookie, cookie);
  return true;
}
/// Whether the message may go with this body: no content-length says otherwise. `may_lack`: to HEAD, and with 304, a response has
/// the length of a body that it does not have (RFC 9110 8.6).
inline bool is_length_of(std::string_view value, std::size_t size, bool may_lack) {
  return value == std::to_string(size) ||
         (may_lack && size == 0 && value.find_first_not_of("0123456789") == std::string_view::npos);
}

/// What goes into HTTP/2 of the fields of HTTP/1.1, all but Host. False if one may not be.
inline bool add_fields(const beast_fields& from, fields& to) {
  const auto connection = from.equal_range(boost::beast::http::field::connection);
  const auto is_named = [&](const std::string& name) {  // by Connection: it is of that connection too (RFC 9110 7.6.1)
    return std::any_of(connection.first, connection.second, [&](const auto& one) { return has_word(plain(one.value()), name); });
  };
  const bool is_chunked = from.count(boost::beast::http::field::transfer_encoding) != 0;
  for (const auto& one : from) {
    const std::string name = lower(plain(one.name_string()));
    const std::string_view value = plain(one.value());
    const known_field token = known_field_of(name);
    if (!is_token(name) || !is_value(value)) return false;
    if (token == known_field::host || is_connection_specific(token) || name == "http2-settings") continue;
    if (token == known_field::content_length && is_chunked) continue;  // it would not count (RFC 9112 6.3)
    if (token == known_field::te) {
      if (has_word(value, "trailers")) to.add("te", "trailers");
      continue;
    }
    if (is_named(name)) continue;
    to.append(token, name, value);
  }
  return true;
}
inline bool add_length(std::size_t size, bool may_lack, fields& to) {
  if ((to.repeated_tokens() & bit_of(known_field::content_length)) != 0) return false;
  if (const auto length = to.find(known_field::content_length)) return is_length_of(*length, size, may_lack);
  if (size != 0) to.add("content-length", std::to_string(size));
  return true;
}

}  // namespace detail

/// Makes Beast's request of the fields and the whole body of one of HTTP/2: HTTP/1.1, :path as the target (:authority for
/// CONNECT), :authority as Host, crumbs of a cookie joined (RFC 9113 8.2.3), what is of a connection left out (8.2.2), and
/// Content-Length where there is a body. What the fields do not allow gives errc::protocol_error, and `into` is of no use then:
/// pseudo-fields that lack, repeat or contradict Host, bytes that would end a line, a length that is not the body's, and
/// :protocol (RFC 8441), which Beast's requests have no place for.
inline void to_beast(const fields& head, std::string body, beast_request& into, boost::system::error_code& error) {
  namespace http = boost::beast::http;
  error = make_error_code(errc::protocol_error);
  into = {};
  into.version(11);
  const std::string_view method = head.value_or_empty(known_field::method);
  const std::string_view path = head.value_or_empty(known_field::path);
  const auto authority = head.find(known_field::authority);
  const auto host = head.find(known_field::host);
  constexpr std::uint32_t kOfConnect = bit_of(known_field::method) | bit_of(known_field::authority);
  constexpr std::uint32_t kOfOthers = kOfConnect | bit_of(known_field::scheme) | bit_of(known_field::path);
  const bool is_connect = method == "CONNECT";
  if (!detail::has_only(head, is_connect ? kOfConnect : kOfOthers) || !detail::is_token(method)) return;
  if (is_connect ? !authority : !head.has(known_field::scheme) || !detail::is_target(path)) return;
  if (!is_connect && path.front() != '/' && !(path == "*" && method == "OPTIONS")) return;
  if ((head.repeated_tokens() & (bit_of(known_field::host) | bit_of(known_field::content_length))) != 0) return;
  if (authority && !detail::is_authority(*authority)) return;
  if (host && (authority ? *host != *authority : !host->empty() && !detail::is_authority(*host))) return;

  into.method_string(detail::beasts(method));
  into.target(detail::beasts(is_connect ? *authority : path));
  into.set(http::field::host, detail::beasts(authority ? *authority : host.value_or("")));  // empty: RFC 9112 3.2
  if (!detail::add_fields(head, into)) return;
  const auto length = head.find(known_field::content_length);
  if (length && !detail::is_length_of(*length, body.size(), false)) return;
  if (!length && !body.empty()) into.content_length(body.size());
  into.body() = std::move(body);
  error = {};
}

/// The same for a response. 101, which HTTP/2 does not have (RFC 9113 8.6), is refused, and so is a body where the status has
/// none. Without a body there is no Content-Length but that of the fields: for HEAD it is another's.
inline void to_beast(const fields& head, std::string body, beast_response& into, boost::system::error_code& error) {
  error = make_error_code(errc::protocol_error);
  into = {};
  into.version(11);
  const std::string_view status = head.value_or_empty(known_field::status);
  if (!detail::has_only(head, bit_of(known_field::status)) || status.size() != 3) return;
  if (status.find_first_not_of("0123456789") != std::string_view::npos || status.front() == '0' || status == "101") return;
  const bool has_no_body = status.front() == '1' || status == "204" || status == "304";
  if (has_no_body && !body.empty()) return;
  if ((head.repeated_tokens() & bit_of(known_field::content_length)) != 0) return;

  into.result(static_cast<unsigned>((status[0] - '0') * 100 + (status[1] - '0') * 10 + (status[2] - '0')));
  if (!detail::add_fields(head, into)) return;
  const auto length = head.find(known_field::content_length);
  if (length && !detail::is_length_of(*length, body.size(), true)) return;
  if (!length && !body.empty()) into.content_length(body.size());
  into.body() = std::move(body);
  error = {};
}

/// The fields of HTTP/2 for Beast's request, whose body goes beside them as it is. `scheme` is that of the connection; a target
/// in absolute form has its own. Names become lower case, Host becomes :authority, what is of a connection or named by Connection
/// is left out (RFC 9113 8.2.2, RFC 9110 7.6.1), and of TE all but `trailers`. What cannot be a request of HTTP/2 gives
/// errc::protocol_error and no fields: two Hosts, a target that is none, bytes that no field may have, a Content-Length that is
/// not the body's.
[[nodiscard]] inline fields from_beast(const beast_request& message, std::string_view scheme, boost::system::error_code& error) {
  namespace http = boost::beast::http;
  error = make_error_code(errc::protocol_error);
  const std::string_view method = detail::plain(message.method_string());
  const std::string_view target = detail::plain(message.target());
  if (!detail::is_token(method) || !detail::is_target(target) || message.count(http::field::host) > 1) return {};
  std::string authority(detail::plain(message[http::field::host]));
  std::string path(target);
  const bool is_connect = method == "CONNECT";
  if (is_connect) {
    authority = target;
    path.clear();
  } else if (const auto whole = parse_url(target)) {  // absolute form: Host does not count (RFC 9112 3.2.2)
    authority = whole->authority;
    path = whole->path;
    scheme = whole->origin.tls ? "https" : "http";
  } else if (target.front() != '/' && !(target == "*" && method == "OPTIONS")) {
    return {};
  }
  if (!authority.empty() && !detail::is_authority(authority)) return {};

  fields head;
  head.append(known_field::method, ":method", method);
  if (!is_connect) head.append(known_field::scheme, ":scheme", scheme);
  if (!authority.empty()) head.append(known_field::authority, ":authority", authority);
  if (!is_connect) head.append(known_field::path, ":path", path);
  if (!detail::add_fields(message, head) || !detail::add_length(message.body().size(), false, head)) return {};
  error = {};
  return head;
}

/// The same for a response; 101 is refused.
[[nodiscard]] inline fields from_beast(const beast_response& message, boost::system::error_code& error) {
  error = make_error_code(errc::protocol_error);
  const unsigned status = message.result_int();
  if (status < 100 || status > 999 || status == 101) return {};
  const bool has_no_body = status < 200 || status == 204 || status == 304;
  if (has_no_body && !message.body().empty()) return {};
  fields head;
  head.append(known_field::status, ":status", std::to_string(status));
  if (!detail::add_fields(message, head) || !detail::add_length(message.body().size(), true, head)) return {};
  error = {};
  return head;
}

}  // namespace uncork::http2
