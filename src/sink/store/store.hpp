#pragma once
// The embedded store: what each poll saw, kept in one file, and asked while it is written.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "record/row.hpp"
#include "sink/store/grouping.hpp"
#include "sink/store/retention.hpp"
#include "stall/service.hpp"

namespace uncork::sink {

/// What a service, or another group of connections, gained since the poll before (Increments makes it of the kernel's sums), and
/// where it runs.
struct ServiceGain {
  stall::Service gain;
  std::string container;  ///< empty: in none, or in several
  Grouping by = Grouping::service;
};

/// One poll. What it views must live during the call that takes it.
struct Poll {
  std::string_view boot_id;    ///< /proc/sys/kernel/random/boot_id
  std::uint64_t sequence = 0;  ///< of the poll since that boot: each number is stored once
  std::int64_t began_ns = 0;   ///< since 1970
  core::Micros interval{0};    ///< the time that its gains stand for, by a clock that nobody sets
  std::span<const record::Row> rows;
  std::span<const ServiceGain> services;  ///< each once; those that gained nothing may be among them
  stall::Confidence confidence = stall::Confidence::witnessed;
};

struct StoreOptions {
  std::string path;
  Retention retention;
};

/// The one writer of a file. A poll is a transaction: after kill -9, or when the power goes, each is there whole or not at all
/// (what the power took may be the last few). Readers never wait for it, nor it for them. One thread at a time; each call writes
/// to disk and takes milliseconds, or two seconds at most where another program holds a lock.
///
/// What fails leaves all that was stored as it was, and may be tried again with the same poll: the disk is full (ENOSPC), the
/// file or its folder cannot be written to, somebody else's transaction holds the file (EBUSY).
class Store {
 public:
  /// Makes the file (not its folder) or brings an older one forward. A damaged one is moved aside, and a new one made: see
  /// take_notice. Errors: another uncork writes into it (EBUSY); it is something else's file; there is no folder.
  [[nodiscard]] static core::Result<std::unique_ptr<Store>> open(StoreOptions options);
  virtual ~Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  enum class Added : std::uint8_t {
    now,
    before  ///< boot and sequence are known: nothing was changed
  };
  /// Stores the poll, then forgets what is due. A file that turns out to be damaged is moved aside, and the poll goes into a new
  /// one.
  [[nodiscard]] virtual core::Result<Added> add(const Poll& poll) = 0;

  /// The largest number that is stored of that boot: a new series goes on behind it. 0: none.
  [[nodiscard]] virtual core::Result<std::uint64_t> last_sequence(std::string_view boot_id) = 0;
  [[nodiscard]] virtual core::Result<PrunedCounts> pruned() = 0;

  /// What a person should know and no call failed for, as a sentence, once: that a damaged file was moved aside, and where to.
  [[nodiscard]] virtual std::optional<std::string> take_notice() = 0;

 protected:
  Store() = default;
};

}  // namespace uncork::sink
