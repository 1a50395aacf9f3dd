#pragma once
// Bytes of a client in any pieces, lines out.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace uncork::zino {

/// Splits at LF, drops all CR before it (`VERSION\r\r\r\n` is `VERSION`), decodes. A value; not thread-safe.
class LineSplitter {
 public:
  /// The longest line, its line end included, that is answered.
  static constexpr std::size_t kLongestLine = 64 * 1024;

  void feed(std::string_view bytes) { buffer_.append(bytes); }

  /// The next complete line; nothing if there is none, or it is too long.
  std::optional<std::string> next();
  /// The bytes before the next LF are more than a line may have; nothing will come any more.
  [[nodiscard]] bool too_long() const { return too_long_; }
  /// Bytes that no line has taken yet.
  [[nodiscard]] std::size_t buffered() const { return buffer_.size() - begin_; }

 private:
  void compact();

  std::string buffer_;
  std::size_t begin_ = 0;    // of what no line has taken
  std::size_t scanned_ = 0;  // no LF before here
  bool too_long_ = false;
};

}  // namespace uncork::zino
