#include "zino/protocol/line_splitter.hpp"

#include <algorithm>

#include "zino/protocol/text.hpp"

namespace uncork::zino {

std::optional<std::string> LineSplitter::next() {
  if (too_long_) return std::nullopt;
  const std::size_t end = buffer_.find('\n', std::max(begin_, scanned_));
  const std::size_t length = (end == std::string::npos ? buffer_.size() : end + 1) - begin_;
  if (length > kLongestLine) {
    too_long_ = true;
    buffer_ = {};
    begin_ = scanned_ = 0;
    return std::nullopt;
  }
  if (end == std::string::npos) {
    compact();
    return std::nullopt;
  }
  std::string_view line(buffer_.data() + begin_, end - begin_);
  while (line.ends_with('\r')) line.remove_suffix(1);
  std::string decoded = decode_line(line);
  begin_ = scanned_ = end + 1;
  return decoded;
}

void LineSplitter::compact() {
  buffer_.erase(0, begin_);
  begin_ = 0;
  scanned_ = buffer_.size();
  if (buffer_.empty()) buffer_ = {};  // an idle client costs no buffer
}

}  // namespace uncork::zino
