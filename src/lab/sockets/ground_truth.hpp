#pragma once
// Every socket that a soak has made, and what each look at them must say.

#include <cstdint>
#include <limits>
#include <string>
#include <unordered_map>
#include <vector>

#include "lab/sockets/own_socket.hpp"
#include "lab/sockets/seen_look.hpp"

namespace uncork::lab {

/// What the looks said, added up. A value.
struct Tally {
  std::uint64_t looks = 0;
  std::uint64_t equal_looks = 0;       ///< in which every socket that had to be there was there, once, and none that was not
  std::uint64_t incomplete_looks = 0;  ///< that said of themselves that they were not whole
  std::uint64_t rows = 0;              ///< of our sockets
  std::uint64_t expected = 0;          ///< rows that had to be there: of sockets that stood from before a look until it was here
  std::uint64_t missing = 0;           ///< of those
  std::uint64_t duplicates = 0;
  std::uint64_t misnamed = 0;   ///< under another namespace's inode or name
  std::uint64_t misplaced = 0;  ///< with another address or port
  std::uint64_t ghosts = 0;     ///< of sockets closed before the look, as if they were open
  std::uint64_t strangers = 0;  ///< in lasting namespaces, of sockets that nobody made there
  std::uint64_t ended = 0;      ///< sockets closed long enough ago to have had their last row
  std::uint64_t unended = 0;    ///< of those without one
  /// Without one, but aborted by their own side before any look: the kernel's message about their end has no address any more.
  std::uint64_t untold = 0;
  std::uint64_t nameless_ends = 0;  ///< last rows that name no namespace
  std::uint64_t ends_missed = 0;    ///< that looks said they had missed: as many last rows may be missing or nameless
  /// Times that a look said it had lost close events, each time nobody knows how many: then nothing bounds what may be missing.
  std::uint64_t close_events_lost = 0;
  std::uint64_t repeated_ends = 0;
  std::uint64_t early_ends = 0;             ///< last rows of sockets that stood
  std::vector<std::string> examples;        ///< the first faults, a sentence each
  std::vector<std::string> incompleteness;  ///< what the first looks that were not whole said
  std::vector<std::string> unended_examples;
};

enum class Lasting : bool { no, yes };

/// The truth, told by whoever makes sockets and namespaces, and the judge of looks. Times are ns of CLOCK_REALTIME, as in looks:
/// a socket that was opened or closed while a look was made may be in it or not. Not thread-safe.
class GroundTruth {
 public:
  using SpaceId = std::uint32_t;

  SpaceId add_space(const std::string& name, std::uint64_t inode, Lasting lasting);
  /// Exists completely since `at`.
  void opened(SpaceId space, const OwnSocket& socket, std::int64_t at);
  /// About to be closed; called before.
  void closing(std::uint64_t cookie, std::int64_t at);
  /// Closed completely.
  void closed(std::uint64_t cookie, std::int64_t at);
  /// Is closed by an abort of its own side; called before closed().
  void wiped(std::uint64_t cookie);
  /// No more sockets will be opened there; it is forgotten with its last one.
  void abandon(SpaceId space);

  void judge(const SeenLook& look);
  /// At the end: what was closed before `before` has had its time.
  void settle(std::int64_t before);

  [[nodiscard]] const Tally& tally() const { return tally_; }
  [[nodiscard]] std::size_t standing() const { return standing_; }

 private:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
  struct Space {
    std::string name;
    std::uint64_t inode = 0;
    Lasting lasting = Lasting::no;
    bool abandoned = false;
    std::size_t sockets = 0;
  };
  struct Entry {
    SpaceId space = 0;
    OwnSocket socket;
    std::int64_t opened = 0;
    std::int64_t closing = kNever;
    std::int64_t closed = kNever;
    std::uint64_t seen_in = 0;  // the look that had it last, by our own count
    std::uint32_t ends = 0;
    bool is_wiped = false;
  };

  void judge_row(const SeenRow& row, const SeenLook& look);
  void judge_place(const SeenRow& row, const Entry& entry);
  void judge_end(const SeenRow& row, const SeenLook& look, Entry& entry);
  void judge_stranger(const SeenRow& row);
  void fault(std::uint64_t& count, const SeenRow& row, const std::string& what);
  void count_unended(const Entry& entry);
  void forget(std::int64_t before);
  [[nodiscard]] std::uint64_t faults() const;

  std::unordered_map<SpaceId, Space> spaces_;
  std::unordered_map<std::uint64_t, SpaceId> lasting_inodes_;
  std::unordered_map<std::uint64_t, Entry> sockets_;  // by cookie
  SpaceId next_space_ = 0;
  std::size_t standing_ = 0;
  Tally tally_;
};

}  // namespace uncork::lab
