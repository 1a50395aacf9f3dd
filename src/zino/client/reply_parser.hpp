#pragma once
// Bytes of a Zino server in any pieces, replies out.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace uncork::zino {

/// One reply, UTF-8 (a line that was not is taken for latin-1, as the server takes ours).
struct Reply {
  int code = 0;
  std::string text;                ///< of its first line (of HELP: its last)
  std::vector<std::string> lines;  ///< of a list, without the `.`; of HELP, all but the last

  /// The server asks for a body (ADDHIST, PM ADDLOG).
  [[nodiscard]] bool prompts() const { return code == 302; }
  bool operator==(const Reply&) const = default;
};

/// Sans-I/O; not thread-safe. Where Zino servers are known to err: lines ended by LF alone and codes without text are taken;
/// `500 internal error` in place of an entry of a list is the end of that reply, which then is that error (Zino 2 fails half-way
/// through a list so, without a `.`). A line that begins with no code, where a reply should begin, is an error: what it was part
/// of came short (Zino 2 sends line breaks inside a value as they are, and a `.` among them ends the list), and what follows is
/// not to be trusted.
class ReplyParser {
 public:
  static constexpr std::size_t kLongestLine = 2 * 1024 * 1024;  ///< Zino 2 sends a line of a megabyte back whole
  static constexpr std::size_t kLongestReply = 64 * 1024 * 1024;

  void feed(std::string_view bytes) { buffer_.append(bytes); }
  /// The connection has ended: a reply that has begun is an error now, never a short list.
  void end_of_input() { ended_ = true; }
  /// The next whole reply; nothing: feed more. An error (with the byte where it stands in all that was fed) is final.
  core::Result<std::optional<Reply>> next();

  /// Nothing was fed that has not been given back as a reply.
  [[nodiscard]] bool empty() const { return begin_ == buffer_.size() && !reply_; }
  /// What has come of a reply that has not ended, for a person: `'303 simple attributes follow' and 2 lines`.
  [[nodiscard]] std::string unfinished() const;

 private:
  enum class Shape { continued, list };

  std::optional<std::string> take_line();
  std::optional<Reply> begin(const std::string& line);
  std::optional<Reply> go_on(std::string line);
  std::optional<Reply> finish();
  core::Status check();
  core::Status refuse(const std::string& why);

  std::string buffer_;
  std::size_t begin_ = 0;     // of what no line has taken
  std::size_t scanned_ = 0;   // no LF before here
  std::size_t consumed_ = 0;  // bytes that have left the buffer
  std::size_t size_ = 0;      // of the reply under way
  std::optional<Reply> reply_;
  Shape shape_ = Shape::list;
  std::optional<std::string> stray_;  // a line that belongs to no reply
  bool ended_ = false;
  std::optional<core::Error> failed_;
};

}  // namespace uncork::zino
