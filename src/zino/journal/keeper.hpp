#pragma once
// The state on disk: the state file and the journal beside it. Driver over the codec; plain file calls, no event loop.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/fd.hpp"
#include "core/result.hpp"
#include "zino/journal/journal_codec.hpp"
#include "zino/state/store.hpp"

namespace uncork::zino {

/// What was found at start.
struct Recovered {
  State state;              ///< with the journal's changes applied
  std::size_t changes = 0;  ///< replayed from the journal
  std::vector<std::string> warnings;
};

/// Owns FILE, FILE.journal, FILE.journal.new, FILE.tmp and FILE.lock. What append() said yes to survives any stop of the process,
/// and of the machine as far as its disk keeps what fdatasync promised. Of a journal that the disk has damaged in its middle
/// every whole record is kept, and the file itself as FILE.journal.damaged. Calls block; one thread at a time, any thread.
///
/// fold() is safe at every point: the new journal names the new state file (by its SHA-1) before that file takes its place by
/// rename, so at start exactly one of the two journals goes on from the state file that is there.
class Keeper {
 public:
  /// A state file that is not there is an empty state. A damaged one, or a journal that goes on from another state file, is an
  /// error, and nothing is written.
  static core::Result<std::pair<Keeper, Recovered>> open(const std::string& state_file, Timestamp now);

  /// Makes the changes durable, all or none: one write, one fdatasync. After an error the journal is as before.
  [[nodiscard]] core::Status append(const std::vector<Change>& changes);
  /// Writes the state file anew and begins a new journal. `state` holds all changes that were appended.
  [[nodiscard]] core::Status fold(const State& state);

  [[nodiscard]] std::uint64_t journal_bytes() const { return journal_bytes_; }

 private:
  explicit Keeper(std::string file) : file_(std::move(file)) {}
  [[nodiscard]] core::Status lock();
  [[nodiscard]] core::Status recover(Recovered& recovered, Timestamp now);
  [[nodiscard]] core::Status set_damaged_aside(const std::string& path, const std::string& bytes, const DecodedJournal& journal,
                                               Recovered& recovered);
  [[nodiscard]] core::Status begin_journal(const std::string& name, const std::string& base);
  [[nodiscard]] core::Status place_journal();

  std::string file_;
  core::Fd lock_;
  core::Fd journal_;
  std::uint64_t journal_bytes_ = 0;
  bool broken_ = false;    // the journal's end is not known; only a fold mends it
  bool unplaced_ = false;  // the journal is still called FILE.journal.new
};

/// Writes `text` to `path` through `path`.tmp, fsync and rename; directories above it are made. Also for archived cases.
[[nodiscard]] core::Status write_file_durably(const std::string& path, std::string_view text,
                                              std::optional<unsigned> mode = std::nullopt);

}  // namespace uncork::zino
