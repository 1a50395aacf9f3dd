#pragma once
// How a file that was sent or received is shown: one closing line, or one JSON document.

#include <string>

#include "core/json.hpp"
#include "lab/transmit/file_receiver.hpp"
#include "lab/transmit/file_sender.hpp"

namespace uncork::lab {

/// `sent 4476 bytes in 412 us: 4 segments, the fewest possible at 1448 bytes each`. Without a newline, like all of these.
[[nodiscard]] std::string sent_line(const SendSummary& summary);
[[nodiscard]] core::Json sent_json(const SendSummary& summary);
[[nodiscard]] std::string received_line(const ReceiveSummary& summary);
[[nodiscard]] core::Json received_json(const ReceiveSummary& summary);

/// A bar, the share, bytes and their rate in at most `width` columns; without a known end (0) only bytes and rate.
[[nodiscard]] std::string progress_bar(std::uint64_t done, std::uint64_t expected, core::Micros took, int width);

}  // namespace uncork::lab
