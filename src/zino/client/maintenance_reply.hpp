#pragma once
// What the replies about planned maintenance hold.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "zino/client/reply_parser.hpp"

namespace uncork::zino {

struct Maintenance {
  std::int64_t id = 0;
  std::int64_t from = 0;  ///< Unix seconds
  std::int64_t to = 0;
  std::string type;        ///< device, portstate
  std::string match_type;  ///< regexp, str, exact, intf-regexp
  std::string device;      ///< of intf-regexp, else empty
  std::string expression;  ///< whatever follows: it may have blanks if it came by the state file

  bool operator==(const Maintenance&) const = default;
};

/// The text of a reply to PM DETAILS; nothing if it is not of that form.
[[nodiscard]] std::optional<Maintenance> maintenance_of(std::string_view text);
/// A reply to PM DETAILS of `id`. Errors: another reply, a text that is not of that form, or about another.
[[nodiscard]] core::Result<Maintenance> maintenance_of(const Reply& reply, std::int64_t id);

/// The lines of a reply to PM MATCHING of `id`, each of which names it.
[[nodiscard]] core::Result<std::vector<std::string>> matching_of(const Reply& reply, std::int64_t id);

/// The id in a reply to PM ADD: `PM id 3 successfully added`.
[[nodiscard]] core::Result<std::int64_t> added_maintenance(const Reply& reply);

}  // namespace uncork::zino
