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

/// The ids in a reply to CASEIDS, or PM LIST; what is no number, or another reply, is an error.
[[nodiscard]] core::Result<std::vector<CaseId>> listed_ids(std::string_view command, const Reply& reply);
[[nodiscard]] inline core::Result<std::vector<CaseId>> case_ids(const Reply& reply) { return listed_ids("CASEIDS", reply); }

/// The attributes in a reply to GETATTRS by their names on the wire, in the server's order; what the server left out is not in
/// it.
using Attributes = std::vector<std::pair<std::string, std::string>>;

/// Errors: a line without a colon, no `id`, or that of another case; and a reply that is not to GETATTRS.
[[nodiscard]] core::Result<Attributes> attributes_of(const Reply& reply, CaseId id);
/// Empty if there is none of that name.
[[nodiscard]] std::string value_of(const Attributes& attributes, std::string_view name);

/// One entry of a history or a log.
struct Entry {
  std::int64_t at = 0;  ///< Unix seconds
  std::string text;     ///< lines, each but the last ended by LF

  bool operator==(const Entry&) const = default;
};

/// The entries in a reply to `command`, which is GETHIST, GETLOG or PM LOG: `SECONDS TEXT`, more lines of it after a blank each.
/// Errors: a line that is neither, which is quoted; and a reply that is not to this command.
[[nodiscard]] core::Result<std::vector<Entry>> entries_of(std::string_view command, const Reply& reply);

/// What the case is about, by its type: `ge-0/0/1 down (customer)`, `peer 198.51.100.2 AS 65001 idle`.
[[nodiscard]] std::string case_summary(const Attributes& attributes);

}  // namespace uncork::zino
