#pragma once
// The rows of a file, which may be compressed.

#include <cstdint>
#include <optional>
#include <string>

#include "core/result.hpp"
#include "sink/verify/row_scanner.hpp"

namespace uncork::sink {

/// How the file ended.
struct RowFileEnd {
  std::uint64_t bytes = 0;  ///< as they are in the file
  bool is_compressed = false;
  /// What is cut off at its end: a row, an envelope, or a zstd frame, of which then nothing may be readable.
  std::optional<RowScanner::Tail> tail;
};

/// Reads all of it, with memory for a row or an envelope. Offsets are those of the contents if the file is compressed with zstd
/// (which its first bytes tell, not its name). Errors name the file, and the byte where there is one.
[[nodiscard]] core::Result<RowFileEnd> read_row_file(const std::string& path, const RowScanner::OnRow& on_row);

}  // namespace uncork::sink
