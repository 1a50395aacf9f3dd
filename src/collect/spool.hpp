#pragma once
// The spool: parcels that wait on disk, first in, first out.

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "collect/spool_segment.hpp"
#include "collect/tally.hpp"
#include "core/fd.hpp"
#include "core/result.hpp"
#include "sink/outlet/parcel.hpp"

namespace uncork::collect {

struct SpoolOptions {
  std::string folder = {};
  std::uint64_t most_bytes = 256'000'000;   ///< of all its files; when more would come, the oldest file goes
  std::uint64_t segment_bytes = 4'000'000;  ///< of one file, and at most a sixteenth of all; a larger parcel has one alone
};

/// What the spool could not keep. Counts of this process.
struct SpoolLosses {
  Tally by_limit;                      ///< the oldest, to make room
  std::uint64_t torn_tails = 0;        ///< files that a crash had left with a part of a parcel at the end
  std::uint64_t torn_bytes = 0;        ///< of those parts
  std::uint64_t damaged_bytes = 0;     ///< that are no parcels any more, though others follow them
  std::uint64_t unreadable_files = 0;  ///< at the start; they stay where they are
};

/// Owns a folder: files of parcels called NUMBER.spool, `position` (which was taken out last), and `lock`. What push() said yes
/// to survives the end of the process at any moment, and a stop of the machine from sync() on. A parcel that was taken out by
/// pop() does not come again, unless the machine has stopped since: then it may.
///
/// Calls block for the disk. One thread at a time, any thread. Not for network file systems: there the lock means little.
class Spool {
 public:
  /// Makes the folder, if need be, and reads what is there. Errors: the folder cannot be used; another process uses it
  /// (is_in_use).
  [[nodiscard]] static core::Result<Spool> open(SpoolOptions options);
  [[nodiscard]] static bool is_in_use(const core::Error& error);

  /// Appends a parcel. After an error it is not in the spool, and what was there still is. May drop the oldest file to keep the
  /// limit: losses() tells.
  [[nodiscard]] core::Status push(const sink::Parcel& parcel);

  /// The oldest parcel; nothing if there is none. What cannot be read any more is skipped: losses() tells.
  [[nodiscard]] std::optional<sink::Parcel> front();
  /// Takes out the parcel that front() gave last. It is out in any case; an error says what it may come to when the program is
  /// started again.
  [[nodiscard]] core::Status pop();

  [[nodiscard]] const Tally& waiting() const { return waiting_; }
  [[nodiscard]] const SpoolLosses& losses() const { return losses_; }
  [[nodiscard]] std::uint64_t bytes_on_disk() const { return bytes_on_disk_; }

  /// To the disk itself.
  [[nodiscard]] core::Status sync();

 private:
  struct Segment {
    std::uint64_t number = 0;
    std::uint64_t bytes = 0;
    Tally waiting;
  };

  explicit Spool(SpoolOptions options) : options_(std::move(options)) {}
  [[nodiscard]] core::Status lock();
  [[nodiscard]] core::Status recover();
  void recover_segment(std::uint64_t number, std::uint64_t taken_bytes);
  [[nodiscard]] core::Status begin_segment();
  void drop_oldest();
  void remove_oldest();
  void load_oldest();
  [[nodiscard]] std::string path_of(std::uint64_t number) const;

  SpoolOptions options_;
  core::Fd lock_;
  core::Fd position_;
  core::Fd active_;  // the last of segments_, while more is written to it
  std::deque<Segment> segments_;
  std::uint64_t next_number_ = 1;
  std::uint64_t bytes_on_disk_ = 0;
  Tally waiting_;
  SpoolLosses losses_;
  core::Status removed_;  // what came of it the last time that a file had to go
  // The first of segments_, when it has been read.
  bool is_loaded_ = false;
  std::string loaded_bytes_;
  DecodedSegment loaded_;
  std::size_t next_record_ = 0;  // of the first of segments_, loaded or not
};

}  // namespace uncork::collect
