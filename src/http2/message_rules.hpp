#pragma once
// What makes the fields of a message well-formed (RFC 9113 8.2 and 8.3).

#include <cstdint>
#include <optional>
#include <string_view>

#include "uncork/http2/fields.hpp"
#include "uncork/http2/session.hpp"

namespace uncork::http2 {

using MessageFacts = message_facts;

/// Whether the peer may send `:protocol`: this end has announced SETTINGS_ENABLE_CONNECT_PROTOCOL (RFC 8441 3).
enum class ExtendedConnect : bool { refused, allowed };

/// Each is nothing where the message is malformed. That each name and value, by itself, is one that may be is the decoder's
/// part; see DecodedBlock. `why` gets a short reason for the log of an error.
[[nodiscard]] std::optional<MessageFacts> judge_request(const fields& message, ExtendedConnect extended, std::string_view& why);
[[nodiscard]] std::optional<MessageFacts> judge_response(const fields& message, std::string_view& why);
[[nodiscard]] bool judge_trailers(const fields& message, std::string_view& why);

/// The value of content-length: digits and nothing else, within 63 bits.
[[nodiscard]] std::optional<std::uint64_t> content_length_of(std::string_view value) noexcept;

}  // namespace uncork::http2
