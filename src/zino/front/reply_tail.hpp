#pragma once
// Where the replies of a server end in its bytes, whatever pieces these come in.

#include <cstddef>
#include <string>
#include <string_view>

namespace uncork::zino {

/// Follows one reply after the other; keeps no more of a line than tells what it is. Sans-I/O; not thread-safe.
class ReplyTail {
 public:
  enum class End { not_yet, ended, failed_half_way };

  /// Takes the bytes of at most one line, up to and with its LF if it is there; tells whether a reply ended with it.
  End take(std::string_view piece);

  /// Of the reply that ended last: its code.
  [[nodiscard]] int code() const { return code_; }
  /// Nothing of the next reply has come.
  [[nodiscard]] bool between() const { return state_ == State::start && line_.empty(); }

 private:
  enum class State { start, continued, list };
  End line_ended();

  State state_ = State::start;
  std::string line_;  // its first bytes
  int code_ = 0;
};

}  // namespace uncork::zino
