#pragma once
// Whether a reply is the one that a command asks for.

#include <string>
#include <string_view>

#include "core/result.hpp"
#include "zino/client/reply_parser.hpp"

namespace uncork::zino {

/// `reply` is what `command` (as it was sent, in capitals) is answered with when it is done: 303 for GETATTRS, 302 for ADDHIST.
/// Errors: a 500 is invalid_argument with the server's words, but if the fault is the server's own, refused; anything else is no
/// answer to this command, refused, and quotes it.
[[nodiscard]] core::Status check_reply(std::string_view command, const Reply& reply);
/// The same for the answer to a body.
[[nodiscard]] core::Status check_body_reply(std::string_view command, const Reply& reply);

/// `event "34" does not exist`, to a question about case 34, or the like about planned maintenance: the only refusal that means
/// that there is nothing (any more). `command` ends with the id.
[[nodiscard]] bool is_gone(std::string_view command, const Reply& reply);

/// `reply` is no answer to `command`.
[[nodiscard]] core::Error misanswered(std::string_view command, std::string_view reply);

/// The text in quotation marks, safe to print and not long.
[[nodiscard]] std::string quoted_answer(std::string_view text);

}  // namespace uncork::zino
