#pragma once
// What a file is called after its turn: names that sort by time, however the clock was set meanwhile.

#include <cstdint>
#include <string>

namespace uncork::sink {

/// `/var/log/rows.jsonl.zst` is renamed to `/var/log/rows-20261127T204933.123456Z.jsonl.zst`, which sorts before the file itself.
/// Not thread-safe.
class RotatedNames {
 public:
  /// Looks for the newest of the names that are there; a folder that cannot be read has none.
  explicit RotatedNames(const std::string& path);

  /// A name later than all before: of `now_us` (since 1970), or 1 us after the last one if the clock was set back.
  [[nodiscard]] std::string next(std::int64_t now_us);

 private:
  std::string folder_;  // with its slash
  std::string stem_;
  std::string suffix_;
  std::int64_t last_us_ = 0;
};

}  // namespace uncork::sink
