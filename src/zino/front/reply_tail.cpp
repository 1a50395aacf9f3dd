#include "zino/front/reply_tail.hpp"

#include <algorithm>

#include "zino/protocol/reply_line.hpp"

namespace uncork::zino {
namespace {

constexpr std::size_t kTelling = 64;  // longer than every line that is looked for

}  // namespace

ReplyTail::End ReplyTail::take(std::string_view piece) {
  const bool whole = piece.ends_with('\n');
  if (whole) piece.remove_suffix(1);
  line_.append(piece.substr(0, kTelling - std::min(kTelling, line_.size())));
  if (!whole) return End::not_yet;
  while (line_.ends_with('\r')) line_.pop_back();
  const End end = line_ended();
  line_.clear();
  return end;
}

ReplyTail::End ReplyTail::line_ended() {
  if (state_ == State::list) {
    if (line_ != "." && line_ != kFailedHalfWay) return End::not_yet;
    state_ = State::start;
    return line_ == "." ? End::ended : End::failed_half_way;
  }
  const auto start = reply_start(line_);
  if (!start || (state_ == State::continued && start->code != code_)) return End::not_yet;  // a stray line
  code_ = start->code;
  if (start->continued) {
    state_ = State::continued;
    return End::not_yet;
  }
  state_ = state_ == State::start && is_list(code_) ? State::list : State::start;
  return state_ == State::list ? End::not_yet : End::ended;
}

}  // namespace uncork::zino
