#pragma once
// One connection to the command port, without the connection: bytes in, replies and changes out, strictly in order.

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "zino/protocol/command.hpp"
#include "zino/protocol/line_splitter.hpp"
#include "zino/protocol/secrets.hpp"
#include "zino/server/notification_hub.hpp"
#include "zino/state/change.hpp"
#include "zino/state/polldevs.hpp"
#include "zino/state/store.hpp"

namespace uncork::zino {

/// What a session asks of the server around it.
class SessionHost {
 public:
  virtual ~SessionHost() = default;
  [[nodiscard]] virtual const Store& store() const = 0;
  [[nodiscard]] virtual const Routers& routers() const = 0;
  /// The secrets file, read anew.
  [[nodiscard]] virtual core::Result<Secrets> secrets() = 0;
  virtual bool tie(std::string_view nonce, SessionId session) = 0;
  /// False: this client's address has failed too often lately.
  virtual bool login_allowed(SessionId session) = 0;
  virtual void login_failed(SessionId session) = 0;
  /// Polls a router, or one port of it; what to answer.
  virtual std::string poll(const Router& router, std::optional<std::int64_t> ifindex) = 0;
};

/// Sans-I/O; not thread-safe. The driver feeds bytes, then calls next() until it is told to wait:
///   Reply   send these bytes, as one send or line by line, and call next() again once there is room for more;
///   Commit  make the change durable and applied, then finish() with the answer, and go on;
///   Wait    feed more bytes;
///   End     what was given is the end: send it, close.
class Session {
 public:
  struct Reply {
    std::string bytes;  ///< whole lines, CR LF after each, LF nowhere else
  };
  struct Commit {
    Change change;
  };
  struct Wait {};
  struct End {};
  using Step = std::variant<Reply, Commit, Wait, End>;

  /// A body of ADDHIST or PM ADDLOG may have this many bytes; beyond them 500 is answered and the connection ends.
  static constexpr std::size_t kLongestBody = 1024 * 1024;

  /// `host` outlives the session; `challenge` is fresh from make_challenge().
  Session(SessionHost& host, SessionId id, std::string challenge);

  /// What the client is told before it says anything.
  [[nodiscard]] std::string greeting() const;

  void feed(std::string_view bytes) { lines_.feed(bytes); }
  /// The client has sent all it will: complete lines are still answered.
  void end_of_input() { input_ended_ = true; }
  Step next(Timestamp now);
  /// The answer to the last Commit, without line end.
  void finish(std::string reply);

  /// Whole lines that the client has sent so far.
  [[nodiscard]] std::uint64_t lines() const { return lines_taken_; }
  [[nodiscard]] bool authenticated() const { return !user_.empty(); }
  [[nodiscard]] const std::string& user() const { return user_; }

 private:
  struct Body {
    bool of_maintenance;
    CaseId id;
    std::vector<std::string> lines;
    std::size_t bytes = 0;
  };

  std::optional<Step> take_line(const std::string& line, Timestamp now);
  std::optional<Step> take_body_line(const std::string& line, Timestamp now);
  Step run(const ParsedCommand& command, Timestamp now);
  Step run_case(CommandId command, const std::vector<std::string>& arguments, Timestamp now);
  Step run_maintenance(CommandId command, const std::vector<std::string>& arguments, Timestamp now);
  Step run_router(CommandId command, const std::vector<std::string>& arguments, Timestamp now);
  Step log_in(const std::string& user, const std::string& response);
  Step list_cases() const;
  Step list_maintenances() const;
  Step list_matches(CaseId id, const Record& maintenance) const;
  Step propose(Timestamp now, decltype(Change::what) what);

  SessionHost& host_;
  SessionId id_;
  std::string challenge_;
  std::string user_;
  LineSplitter lines_;
  std::uint64_t lines_taken_ = 0;
  std::optional<Body> body_;
  std::optional<std::string> answer_;  // of a commit that has ended
  bool committing_ = false;
  bool input_ended_ = false;
  bool ended_ = false;
};

}  // namespace uncork::zino
