#include "zino/client/reply_parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/count.hpp"
#include "zino/client/expected_reply.hpp"
#include "zino/protocol/reply_line.hpp"
#include "zino/protocol/text.hpp"

namespace uncork::zino {
namespace {

constexpr std::size_t kCompactFrom = 64 * 1024;

/// The lines of HELP have one more.
void without_space(std::string& text) {
  if (text.starts_with(' ')) text.erase(0, 1);
}

std::string text_of(std::string_view line) { return std::string(line.substr(std::min<std::size_t>(4, line.size()))); }

}  // namespace

std::optional<std::string> ReplyParser::take_line() {
  const std::size_t end = buffer_.find('\n', scanned_);
  if (end == std::string::npos) {
    scanned_ = buffer_.size();
    return std::nullopt;
  }
  std::string_view line = std::string_view(buffer_).substr(begin_, end - begin_);
  while (line.ends_with('\r')) line.remove_suffix(1);
  std::string text = decode_line(line);
  size_ += end + 1 - begin_;
  begin_ = scanned_ = end + 1;
  if (begin_ >= kCompactFrom) {
    consumed_ += begin_;
    buffer_.erase(0, begin_);
    begin_ = scanned_ = 0;
  }
  return text;
}

std::optional<Reply> ReplyParser::finish() {
  size_ = 0;
  return std::exchange(reply_, std::nullopt);
}

std::optional<Reply> ReplyParser::begin(const std::string& line) {
  const auto start = reply_start(line);
  if (!start) {
    stray_ = line;
    return std::nullopt;
  }
  reply_ = Reply{start->code, text_of(line), {}};
  if (start->continued) {
    without_space(reply_->text);
    shape_ = Shape::continued;
    reply_->lines.push_back(std::exchange(reply_->text, {}));
    return std::nullopt;
  }
  shape_ = Shape::list;
  if (is_list(start->code)) return std::nullopt;
  return finish();
}

std::optional<Reply> ReplyParser::go_on(std::string line) {
  if (shape_ == Shape::continued) {
    const auto start = reply_start(line);
    if (!start || start->code != reply_->code) {
      stray_ = std::move(line);
      return std::nullopt;
    }
    std::string text = text_of(line);
    without_space(text);
    if (start->continued) {
      reply_->lines.push_back(std::move(text));
      return std::nullopt;
    }
    reply_->text = std::move(text);
    return finish();
  }
  if (line == ".") return finish();
  if (line == kFailedHalfWay) {
    reply_ = Reply{500, "internal error", {}};
    return finish();
  }
  reply_->lines.push_back(std::move(line));
  return std::nullopt;
}

core::Status ReplyParser::refuse(const std::string& why) {
  failed_ = core::Error{core::ErrorCode::system, 0, fmt::format("reply of the server, byte {}: {}", consumed_ + begin_, why)};
  return core::fail(*failed_);
}

std::string ReplyParser::unfinished() const {
  if (!reply_) return quoted_answer(std::string_view(buffer_).substr(begin_));
  return quoted_answer(fmt::format("{} {}", reply_->code, reply_->text)) + " and " + core::count_of(reply_->lines.size(), "line");
}

core::Status ReplyParser::check() {
  if (stray_) return refuse(fmt::format("{} belongs to no answer of a Zino server", quoted_answer(*stray_)));
  if (buffer_.size() - begin_ > kLongestLine) return refuse(fmt::format("a line of more than {} bytes", kLongestLine));
  if (size_ + (buffer_.size() - begin_) > kLongestReply) return refuse(fmt::format("more than {} bytes", kLongestReply));
  if (!ended_) return {};
  if (reply_)
    return refuse(
        fmt::format("the connection ended inside a list, after {} of it", core::count_of(reply_->lines.size(), "line")));
  if (begin_ < buffer_.size()) return refuse("the connection ended inside a line");
  return {};
}

core::Result<std::optional<Reply>> ReplyParser::next() {
  if (failed_) return core::fail(*failed_);
  while (auto line = take_line()) {
    auto reply = reply_ ? go_on(std::move(*line)) : begin(*line);
    if (reply) return reply;
    if (size_ > kLongestReply || stray_) break;
  }
  if (auto good = check(); !good) return core::fail(good.error());
  return std::optional<Reply>();
}

}  // namespace uncork::zino
