#pragma once
// The bytes of a journal: a header that names the state file it goes on from, then one record a change.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "zino/state/change.hpp"

namespace uncork::zino {

/// `base` is the SHA-1 (40 hex digits) of the state file that the journal's changes come after. So a journal whose changes have
/// been folded into the state file is told from one that has yet to be replayed, at whichever moment the machine stopped.
[[nodiscard]] std::string journal_header(std::string_view base);

/// Length and CRC-32C of length and text, each in four bytes with the lowest first, then the text.
[[nodiscard]] std::string journal_record(const Change& change);

struct DecodedJournal {
  std::string base;
  std::vector<Change> changes;
  std::size_t good_bytes = 0;     ///< up to the end of the last whole record, without what is damaged before it
  std::size_t torn_bytes = 0;     ///< behind them: the record that was being written when the machine stopped
  std::size_t damaged_bytes = 0;  ///< before them, between whole records: these were promised, and are lost
  std::size_t damaged_at = 0;     ///< where the first of these stands
};

/// A record that is not whole is skipped up to the next that is; what no whole record follows is torn, not damaged. A header that
/// is none, and a whole record that is no change, are errors that name the byte.
[[nodiscard]] core::Result<DecodedJournal> decode_journal(std::string_view bytes);

}  // namespace uncork::zino
