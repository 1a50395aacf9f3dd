#pragma once
// What the replies about cases hold.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.hpp"
#include "zino/client/reply_parser.hpp"
#include "zino/protocol/case_id.hpp"

namespace uncork::zino {

/// The ids in a reply to CASEIDS; what is no number is an error.
[[nodiscard]] core::Result<std::vector<CaseId>> case_ids(const Reply& reply);

/// The attributes in a reply to GETATTRS by their names on the wire, in the server's order; what the server left out is not in
/// it.
using Attributes = std::vector<std::pair<std::string, std::string>>;

/// Lines without a colon are skipped: a server may know more than we.
[[nodiscard]] Attributes attributes_of(const Reply& reply);
/// Empty if there is none of that name.
[[nodiscard]] std::string value_of(const Attributes& attributes, std::string_view name);

/// One entry of a history or a log.
struct Entry {
  std::int64_t at = 0;  ///< Unix seconds
  std::string text;     ///< lines, each but the last ended by LF

  bool operator==(const Entry&) const = default;
};

/// The entries in a reply to GETHIST, GETLOG or PM LOG: `SECONDS TEXT`, more lines of it after a blank each. A line that is
/// neither goes on with the entry before it, or is skipped if there is none; so nothing is lost of servers that break texts at
/// odd places.
[[nodiscard]] std::vector<Entry> entries_of(const Reply& reply);

/// What the case is about, by its type: `ge-0/0/1 down (customer)`, `peer 198.51.100.2 AS 65001 idle`.
[[nodiscard]] std::string case_summary(const Attributes& attributes);

}  // namespace uncork::zino
