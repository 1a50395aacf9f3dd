#pragma once
// What has been asked, or is to be asked, before the client does; and what has been answered and not been used.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "zino/protocol/case_id.hpp"

namespace uncork::zino {

/// What a client asks of every case of a listing.
enum class CaseQuestion { attributes, history, log };

struct CaseRequest {
  CaseId id;
  CaseQuestion question;

  auto operator<=>(const CaseRequest&) const = default;
};

/// What became of the answers fetched ahead.
struct AheadCounts {
  std::uint64_t used = 0;
  std::uint64_t expired = 0;
  std::uint64_t dropped = 0;  ///< by a write of the client or a notification

  AheadCounts& operator+=(const AheadCounts& other);
};

/// Decides what to ask ahead, from the ids of the last listing and the questions that this client has asked since. At first that
/// is the attributes of each case; the first GETHIST adds histories from that case on, and so does GETLOG; at the next listing
/// the questions asked since the last one are asked from the beginning. Sans-I/O; not thread-safe.
class AnswersAhead {
 public:
  /// An answer is good for so long after it came.
  static constexpr core::Micros kGoodFor{2'000'000};
  /// Unused answers, and bytes of them, beyond which nothing more is asked ahead.
  static constexpr std::size_t kMostUnused = 512;
  static constexpr std::size_t kMostBytes = 16 * 1024 * 1024;

  /// A new listing: `ids` in the order in which they were listed.
  void listed(const std::vector<CaseId>& ids);
  /// As if nothing had been listed; which questions this client asks is still known.
  void forget_listing();
  [[nodiscard]] bool is_listed(CaseId id) const { return position_.contains(id); }
  /// The client has asked; so it may ask the same of the cases behind.
  void asked(const CaseRequest& request);

  /// What to ask next, if anything; `in_flight` requests are under way.
  std::optional<CaseRequest> next(std::size_t in_flight);

  void keep(const CaseRequest& request, std::string answer, core::Time now);
  /// The answer if there is one that is still good; it is used up.
  std::optional<std::string> take(const CaseRequest& request, core::Time now);
  void drop(CaseId id);
  void drop_all();
  void expire(core::Time now);

  [[nodiscard]] const AheadCounts& counts() const { return counts_; }
  [[nodiscard]] std::size_t unused() const { return kept_.size(); }

 private:
  struct Answer {
    std::string bytes;
    core::Time came;
  };
  struct Cursor {
    bool wanted = false;   // since the last listing
    std::size_t next = 0;  // position of the first case that has not been asked about
  };

  void forget(std::map<CaseRequest, Answer>::iterator answer);
  Cursor& cursor(CaseQuestion question) { return cursors_[static_cast<std::size_t>(question)]; }

  std::vector<CaseId> ids_;
  std::map<CaseId, std::size_t> position_;
  std::array<Cursor, 3> cursors_;
  std::map<CaseRequest, Answer> kept_;
  std::size_t bytes_ = 0;
  AheadCounts counts_;
};

}  // namespace uncork::zino
