#pragma once
// The span of the past that a verb was asked about.

#include <cstdint>
#include <optional>
#include <string>

#include "core/result.hpp"
#include "sink/store/reader.hpp"

namespace uncork::cli {

/// As `--since`, `--until` and `--at` said it, in ns since 1970.
struct AskedSpan {
  std::optional<std::int64_t> since;
  std::optional<std::int64_t> until;
  std::optional<std::int64_t> at;  ///< its minute

  /// Whether any was given.
  [[nodiscard]] bool asked() const { return since || until || at; }
};

/// The ten minutes before `until` where nothing says when it begins; the store rounds it to whole minutes.
[[nodiscard]] core::Result<sink::Span> span_of(const AskedSpan& asked);

/// The end of a sentence that says that nothing was found: `; there are polls from 2026-11-27 14:00 to 14:10`.
[[nodiscard]] core::Result<std::string> polls_there_are(sink::Reader& reader);

}  // namespace uncork::cli
