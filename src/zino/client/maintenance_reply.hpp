#pragma once
// What the replies about planned maintenance hold.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

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

}  // namespace uncork::zino
