#include "http2/message_rules.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "http2/field_syntax.hpp"

namespace uncork::http2 {
namespace {

constexpr std::uint32_t bit(known_field token) noexcept { return 1U << static_cast<unsigned>(token); }

constexpr std::uint32_t kRequestPseudo = bit(known_field::method) | bit(known_field::scheme) | bit(known_field::authority) |
                                         bit(known_field::path) | bit(known_field::protocol);
constexpr std::uint32_t kResponsePseudo = bit(known_field::status);
/// RFC 9113 8.2.2: they speak of a connection, which HTTP/2 does itself.
constexpr std::uint32_t kConnectionSpecific = bit(known_field::connection) | bit(known_field::keep_alive) |
                                              bit(known_field::proxy_connection) | bit(known_field::transfer_encoding) |
                                              bit(known_field::upgrade);
/// Fields that a message has once at most; of host and content-length RFC 9110 says so.
constexpr std::uint32_t kOnce = kRequestPseudo | kResponsePseudo | bit(known_field::host) | bit(known_field::content_length);
/// Fields whose value is looked at.
constexpr std::uint32_t kOfInterest = kOnce | kConnectionSpecific | bit(known_field::te);

constexpr bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

constexpr std::array<bool, 256> letters_digits_and(std::string_view marks) noexcept {
  std::array<bool, 256> is{};
  for (unsigned c = 0; c < 128; ++c) is[c] = is_letter(static_cast<char>(c)) || (c >= '0' && c <= '9');
  for (const char c : marks) is[static_cast<unsigned char>(c)] = true;
  return is;
}

/// RFC 3986 3.1.
bool is_scheme(std::string_view text) noexcept {
  static constexpr auto kAllowed = letters_digits_and("+-.");
  return !text.empty() && is_letter(text.front()) &&
         std::ranges::all_of(text, [](char c) { return kAllowed[static_cast<unsigned char>(c)]; });
}

/// A token of RFC 9110 5.6.2, in which upper case counts.
bool is_method(std::string_view text) noexcept {
  static constexpr auto kAllowed = letters_digits_and("!#$%&'*+-.^_`|~");
  return !text.empty() && std::ranges::all_of(text, [](char c) { return kAllowed[static_cast<unsigned char>(c)]; });
}

bool is_visible(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7F; });
}

/// The characters of host[:port] (RFC 3986 3.2.2), without user information (RFC 9113 8.3.1).
bool is_authority(std::string_view text) noexcept {
  static constexpr auto kAllowed = letters_digits_and("-._~!$&'()*+,;=:[]%");
  return std::ranges::all_of(text, [](char c) { return kAllowed[static_cast<unsigned char>(c)]; });
}

/// What one pass over the fields gathers.
struct Seen {
  std::uint32_t tokens = 0;
  std::string_view method;
  std::string_view scheme;
  std::string_view authority;
  std::string_view path;
  std::string_view protocol;
  std::string_view status;
  std::string_view host;
  MessageFacts facts;
  std::string_view why;

  [[nodiscard]] bool has(known_field token) const noexcept { return (tokens & bit(token)) != 0; }
};

void keep(Seen& seen, const field& one) noexcept {
  switch (one.token) {
    case known_field::method:
      seen.method = one.value;
      break;
    case known_field::scheme:
      seen.scheme = one.value;
      break;
    case known_field::authority:
      seen.authority = one.value;
      break;
    case known_field::path:
      seen.path = one.value;
      break;
    case known_field::protocol:
      seen.protocol = one.value;
      break;
    case known_field::status:
      seen.status = one.value;
      break;
    case known_field::host:
      seen.host = one.value;
      break;
    case known_field::content_length:
      seen.facts.content_length = content_length_of(one.value);
      if (!seen.facts.content_length) seen.why = "content-length is no number";
      break;
    case known_field::te:
      if (one.value != "trailers") seen.why = "TE is not trailers";
      break;
    default:
      seen.why = "a field that is specific to a connection";
  }
}

/// Looks at every field; false, with the reason, at the first that must not be there. `pseudo` are the pseudo-fields it may have.
bool look(const fields& message, std::uint32_t pseudo, Seen& seen) noexcept {
  bool is_past_pseudo = false;
  for (const field one : message) {
    const std::uint32_t token = bit(one.token);
    if (is_pseudo(one.token)) {
      if ((token & pseudo) == 0) return seen.why = "a pseudo-field that it may not have", false;
      if (is_past_pseudo) return seen.why = "a pseudo-field behind other fields", false;
    } else {
      if (one.name.starts_with(':')) return seen.why = "an unknown pseudo-field", false;
      is_past_pseudo = true;
      if ((token & kOfInterest) == 0) continue;
    }
    if ((token & kOnce & seen.tokens) != 0) return seen.why = "a field twice that may come once", false;
    seen.tokens |= token;
    keep(seen, one);
    if (!seen.why.empty()) return false;
  }
  return true;
}

bool is_http(std::string_view scheme) noexcept { return scheme == "http" || scheme == "https"; }

/// RFC 9113 8.3.1 and 8.5, RFC 8441 4.
std::string_view trouble_of_request(const Seen& seen, ExtendedConnect extended) noexcept {
  if (!is_method(seen.method)) return "no valid :method";
  if (!is_authority(seen.authority)) return "an :authority that is none";
  if (seen.has(known_field::host) && !is_authority(seen.host)) return "a Host that is none";
  if (seen.has(known_field::authority) && seen.has(known_field::host) && seen.authority != seen.host) {
    return "Host and :authority differ";
  }
  if (seen.facts.is_extended) {
    if (extended == ExtendedConnect::refused) return ":protocol was not allowed";
    if (!seen.facts.is_connect) return ":protocol without CONNECT";
    if (seen.protocol.empty()) return ":protocol is empty";
    if (seen.authority.empty()) return "CONNECT without :authority";
  } else if (seen.facts.is_connect) {
    if (seen.has(known_field::scheme) || seen.has(known_field::path)) return "CONNECT with :scheme or :path";
    if (seen.authority.empty()) return "CONNECT without :authority";
    return {};
  }
  if (!is_scheme(seen.scheme)) return "no valid :scheme";
  if (seen.path.empty() || !is_visible(seen.path)) return "no valid :path";
  // RFC 9110 4.2.1: a host that is empty makes no http URI.
  if (is_http(seen.scheme) && seen.has(known_field::authority) && seen.authority.empty()) return "an :authority that is empty";
  if (is_http(seen.scheme) && seen.path.front() != '/' && !(seen.path == "*" && seen.method == "OPTIONS")) {
    return "a :path that does not begin with /";
  }
  return {};
}

std::optional<std::uint16_t> status_of(std::string_view text) noexcept {
  constexpr std::uint16_t kSwitchingProtocols = 101;  // HTTP/2 has no such thing (RFC 9113 8.6)
  std::uint16_t status = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), status);
  if (text.size() != 3 || error != std::errc{} || end != text.data() + 3) return std::nullopt;
  if (status < 100 || status == kSwitchingProtocols) return std::nullopt;
  return status;
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
  Seen seen;
  if (look(message, kRequestPseudo, seen)) {
    seen.facts.is_connect = seen.method == "CONNECT";
    seen.facts.is_extended = seen.has(known_field::protocol);
    seen.facts.is_head = seen.method == "HEAD";
    seen.why = trouble_of_request(seen, extended);
  }
  why = seen.why;
  if (!why.empty()) return std::nullopt;
  return seen.facts;
}

std::optional<MessageFacts> judge_response(const fields& message, std::string_view& why) {
  Seen seen;
  if (look(message, kResponsePseudo, seen)) {
    const auto status = status_of(seen.status);
    if (status) {
      seen.facts.status = *status;
    } else {
      seen.why = "no valid :status";
    }
  }
  why = seen.why;
  if (!why.empty()) return std::nullopt;
  return seen.facts;
}

bool judge_trailers(const fields& message, std::string_view& why) {
  Seen seen;
  const bool good = look(message, 0, seen);
  why = seen.why;
  return good;
}

}  // namespace uncork::http2
