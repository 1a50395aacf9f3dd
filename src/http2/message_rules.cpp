#include "http2/message_rules.hpp"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <limits>

#include "http2/field_syntax.hpp"

namespace uncork::http2 {
namespace {

using enum known_field;

constexpr std::uint32_t bits_of(std::initializer_list<known_field> tokens) noexcept {
  std::uint32_t bits = 0;
  for (const known_field token : tokens) bits |= bit_of(token);
  return bits;
}

constexpr std::uint32_t kRequestPseudo = bits_of({method, scheme, authority, path, protocol});
constexpr std::uint32_t kResponsePseudo = bit_of(status);
constexpr std::uint32_t kPseudo = kRequestPseudo | kResponsePseudo | bit_of(unknown_pseudo);
/// RFC 9113 8.2.2: they speak of a connection, which HTTP/2 does itself.
constexpr std::uint32_t kConnectionSpecific = bits_of({connection, keep_alive, proxy_connection, transfer_encoding, upgrade});
/// Fields that a message has once at most; of host and content-length RFC 9110 says so.
constexpr std::uint32_t kOnce = kPseudo | bits_of({host, content_length});

bool is_http(std::string_view text) noexcept { return text == "http" || text == "https"; }

/// A keyword of RFC 9110 10.1.4, in which case means nothing.
bool is_trailers(std::string_view text) noexcept {
  return std::ranges::equal(text, std::string_view("trailers"), {}, [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
}

/// What holds for every message. `pseudo` are the pseudo-fields it may have.
std::string_view trouble_of(const fields& message, std::uint32_t pseudo, MessageFacts& facts) noexcept {
  const std::uint32_t tokens = message.tokens();
  if ((tokens & kPseudo & ~pseudo) != 0) return "a pseudo-field that it may not have";
  if (message.has_late_pseudo()) return "a pseudo-field behind other fields";
  if ((tokens & kConnectionSpecific) != 0) return "a field that is specific to a connection";
  if ((message.repeated_tokens() & kOnce) != 0) return "a field twice that may come once";
  if (message.has(content_length)) {
    facts.content_length = content_length_of(message.value_or_empty(content_length));
    if (!facts.content_length) return "content-length is no number";
  }
  if (message.has(te)) {
    const bool is_good = std::ranges::all_of(message, [](const field& one) { return one.token != te || is_trailers(one.value); });
    if (!is_good) return "TE is not trailers";
  }
  return {};
}

/// RFC 9113 8.3.1 and 8.5, RFC 8441 4.
std::string_view trouble_of_request(const fields& message, const MessageFacts& facts, ExtendedConnect extended) noexcept {
  if (!message.has(method)) return "no :method";
  const std::string_view where = message.value_or_empty(authority);
  if (message.has(host)) {
    const std::string_view named = message.value_or_empty(host);
    if (!is_authority(named)) return "a Host that is none";
    if (message.has(authority) && where != named) return "Host and :authority differ";
  }
  if (facts.is_extended) {
    if (extended == ExtendedConnect::refused) return ":protocol was not allowed";
    if (!facts.is_connect) return ":protocol without CONNECT";
    if (message.value_or_empty(protocol).empty()) return ":protocol is empty";
    if (where.empty()) return "CONNECT without :authority";
  } else if (facts.is_connect) {
    if (message.has(scheme) || message.has(path)) return "CONNECT with :scheme or :path";
    if (where.empty()) return "CONNECT without :authority";
    return {};
  }
  if (!message.has(scheme)) return "no :scheme";
  if (!message.has(path)) return "no :path";
  if (!is_http(message.value_or_empty(scheme))) return {};
  // RFC 9110 4.2.1: a host that is empty makes no http URI.
  if (message.has(authority) && where.empty()) return "an :authority that is empty";
  const std::string_view target = message.value_or_empty(path);
  if (!target.starts_with('/') && !(target == "*" && message.value_or_empty(method) == "OPTIONS")) {
    return "a :path that does not begin with /";
  }
  return {};
}

std::optional<std::uint16_t> number_of_status(std::string_view text) noexcept {
  constexpr std::uint16_t kSwitchingProtocols = 101;  // HTTP/2 has no such thing (RFC 9113 8.6)
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.size() != 3 || error != std::errc{} || end != text.data() + 3) return std::nullopt;
  if (number < 100 || number == kSwitchingProtocols) return std::nullopt;
  return number;
}

}  // namespace

std::optional<std::uint64_t> content_length_of(std::string_view value) noexcept {
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
  const bool is_number = !value.empty() && error == std::errc{} && end == value.data() + value.size();
  if (!is_number || length > std::numeric_limits<std::int64_t>::max()) return std::nullopt;
  return length;
}

std::optional<MessageFacts> judge_request(const fields& message, ExtendedConnect extended, std::string_view& why) {
  MessageFacts facts;
  why = trouble_of(message, kRequestPseudo, facts);
  if (!why.empty()) return std::nullopt;
  const std::string_view verb = message.value_or_empty(method);
  facts.is_connect = verb == "CONNECT";
  facts.is_extended = message.has(protocol);
  facts.is_head = verb == "HEAD";
  why = trouble_of_request(message, facts, extended);
  if (!why.empty()) return std::nullopt;
  return facts;
}

std::optional<MessageFacts> judge_response(const fields& message, std::string_view& why) {
  MessageFacts facts;
  why = trouble_of(message, kResponsePseudo, facts);
  if (!why.empty()) return std::nullopt;
  const auto number = number_of_status(message.value_or_empty(status));
  if (!number) {
    why = "no valid :status";
    return std::nullopt;
  }
  facts.status = *number;
  return facts;
}

bool judge_trailers(const fields& message, std::string_view& why) {
  MessageFacts facts;
  why = trouble_of(message, 0, facts);
  return why.empty();
}

}  // namespace uncork::http2
