#pragma once
// One client behind the front, without its connections: what it asks passes through, but a listing is answered ahead.

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "core/clock.hpp"
#include "zino/front/answers_ahead.hpp"
#include "zino/front/reply_tail.hpp"

namespace uncork::zino {

/// Strictly one command of the client after the other, each passed on byte for byte and its reply passed back as it comes. After
/// CASEIDS, GETATTRS and (once the client asks for such) GETHIST and GETLOG are asked ahead, at most `ahead` at a time; an
/// answer so fetched is given to the client when it asks, once, within AnswersAhead::kGoodFor. It is not given if the client has
/// sent any other command since, or a notification has named the case since it was asked for. While anything asked ahead is under
/// way nothing else is sent, because Zino 2 answers some errors out of order (measured: an unknown command before what was sent
/// ahead of it). A failed answer is not given either: the client's own request then goes to the server.
/// Sans-I/O; not thread-safe. Feed bytes, then take what is to be sent to each side, as one send.
class FrontSession {
 public:
  static constexpr std::size_t kLongestLine = 64 * 1024;
  /// A client that was silent for so long is not in the middle of a listing any more: what it asks then passes through.
  static constexpr core::Micros kForgets{30'000'000};

  explicit FrontSession(std::size_t ahead) : most_in_flight_(ahead) {}

  void from_client(std::string_view bytes, core::Time now);
  void from_server(std::string_view bytes, core::Time now);
  /// The client has sent all it will; what it has asked is still answered.
  void client_ended() { client_ended_ = true; }
  /// A notification has named this case: what is known of it is old.
  void case_changed(CaseId id);
  /// Lets go of what has expired, and of the listing of a client that has long been silent. Call it about once a second.
  void sweep(core::Time now);

  [[nodiscard]] std::string take_for_client() { return std::exchange(for_client_, {}); }
  [[nodiscard]] std::string take_for_server() { return std::exchange(for_server_, {}); }

  /// False: do not read from the client for now, it has sent much that is waiting its turn.
  [[nodiscard]] bool wants_client() const { return from_client_.size() < kLongestLine; }
  /// The end: the client has sent all it will and was answered, or sent a line that is longer than kLongestLine,
  /// or the server an answer that is longer than AnswersAhead::kMostBytes.
  [[nodiscard]] bool finished() const;

  [[nodiscard]] const AheadCounts& counts() const { return answers_.counts(); }
  [[nodiscard]] std::uint64_t passed_through() const { return passed_through_; }

 private:
  /// What the server's next reply belongs to, besides what was asked ahead.
  enum class Passing { nothing, reply, listing, body };
  struct Asked {
    CaseRequest request;
    bool stale = false;  // a notification came meanwhile
    std::string answer;
  };

  void pump(core::Time now);
  bool step(core::Time now);
  bool answer_ahead(const CaseRequest& request, core::Time now);
  void pass(std::string_view line);
  void pass_body(std::string_view line);
  void ask(const CaseRequest& request);
  void take_ahead(std::string_view piece, core::Time now);
  void take_passed(std::string_view piece);
  void end_of_passed();
  [[nodiscard]] bool under_way(const CaseRequest& request) const;

  std::size_t most_in_flight_;
  std::string from_client_;
  std::string for_client_;
  std::string for_server_;
  Passing passing_ = Passing::reply;  // the greeting
  ReplyTail tail_;
  std::string listing_;
  std::deque<Asked> in_flight_;
  AnswersAhead answers_;
  std::set<CaseRequest> refused_;  // by the server, when asked ahead: the client is to hear it itself
  std::uint64_t passed_through_ = 0;
  core::Time heard_{};  // when the client has sent something last
  bool client_ended_ = false;
  bool too_long_ = false;
};

}  // namespace uncork::zino
