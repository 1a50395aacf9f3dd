// What a live looker hears of connections that end, and which namespace they were in.

#include <algorithm>
#include <tuple>
#include <utility>

#include "probe/look/live_looker.hpp"
#include "probe/namespaces.hpp"

namespace uncork::probe {

void LiveLooker::start_endings() {
  if (!pass_) return;
  auto endings = SocketEndings::attach(texts_);
  if (!endings) {
    why_no_endings_ = endings.error().message;
    return;
  }
  endings_ = std::move(*endings);
  assembler_->set_book(&endings_->book());
}

void LiveLooker::take_closes() {
  take_news();
  if (closes_) {
    const std::uint64_t losses =
        closes_->take([&](std::uint64_t inode, std::span<const std::byte> datagram) { take_close(inode, datagram); });
    for (std::uint64_t i = 0; i < losses; ++i) assembler_->lost_close_events();
  }
  take_endings();
  if (!watch_) return;
  for (const std::uint32_t number : watch_->numbers_taken_back()) forget_number(number);  // all that was its is heard
}

void LiveLooker::take_close(std::uint64_t inode, std::span<const std::byte> datagram) {
  const auto known = chosen_space(inode);
  if (!known) return;
  const SpaceIdentity& identity = *known;
  note({.kind = CaptureNote::Kind::closes, .inode = identity.inode, .name = identity.name, .cookie = identity.cookie});
  record(datagram, CaptureWriter::Direction::received);
  if (endings_) std::ignore = endings_->consume();  // limits tell; what it says of these came before them
  if (!assembler_->closed(datagram, identity, base_)) assembler_->lost_close_events();
}

// What the others still have to say is heard first.
void LiveLooker::hear_only(std::span<const FoundNamespace> spaces) {
  const std::uint64_t losses =
      closes_->keep_only(spaces, [&](std::uint64_t inode, std::span<const std::byte> datagram) { take_close(inode, datagram); });
  for (std::uint64_t i = 0; i < losses; ++i) assembler_->lost_close_events();
}

void LiveLooker::leave_spaces() {
  if (!closes_) return;
  std::vector<std::uint64_t> left;
  std::vector<FoundNamespace> heard = spaces_;
  heard.insert(heard.end(), doubtful_.begin(), doubtful_.end());
  for (const auto& [inode, identity] : past_) {
    if (std::ranges::find(doubtful_, inode, &FoundNamespace::inode) != doubtful_.end()) continue;
    const bool was_numbered = closes_->hears_numbered() && identity.nsid;  // then its ends are still heard
    if (!was_numbered && space_of(inode) == nullptr) left.push_back(inode);
  }
  hear_only(heard);
  if (!passed_) return;  // only the pass sees what a socket alone still holds
  for (const std::uint64_t inode : left) assembler_->left(inode);
}

// Under no name where it is not sure which it was.
std::optional<SpaceIdentity> LiveLooker::space_of(const record::Row& ended) const {
  if (!ended.knows(record::Block::netns_cookie)) return chosen_space(ended.netns_inode);
  if (const SpaceIdentity* known = known_.find(ended.netns_cookie)) return *known;
  if (options_.namespaces.kind != WhichNamespaces::Kind::all) return std::nullopt;
  return SpaceIdentity{.inode = ended.netns_inode, .name = anonymous_name(ended.netns_inode)};
}

/// Whose sockets are to be told of: under the name that it has, or had until now. nullopt: it was not chosen.
std::optional<SpaceIdentity> LiveLooker::chosen_space(std::uint64_t inode) const {
  if (const FoundNamespace* const space = space_of(inode)) return identity_of(*space);
  if (const auto past = past_.find(inode); past != past_.end()) return past->second;
  if (options_.namespaces.kind != WhichNamespaces::Kind::all) return std::nullopt;
  SpaceIdentity unknown;
  unknown.inode = inode;
  if (inode != 0) unknown.name = anonymous_name(inode);
  return unknown;
}

// They are told of every namespace, also of those that were not chosen.
void LiveLooker::take_endings() {
  if (!endings_) return;
  std::ignore = endings_->consume();  // limits tell
  assembler_->lost_endings(endings_->lost() - endings_lost_);
  endings_lost_ = endings_->lost();
  ending_rows_.clear();
  endings_->collect([&](std::uint64_t cookie) { return assembler_->begin_last_row(cookie, base_); }, ending_rows_);
  for (record::Row& row : ending_rows_) {
    const auto space = space_of(row);
    if (!space) continue;
    if (row.netns.view().empty()) assembler_->name(row, *space);  // else as the look before knew it
    assembler_->take_last_row(row);
  }
}

bool LiveLooker::is_held(std::uint64_t inode) {
  if (!holders_) holders_ = find_socket_holders().value_or(SocketHolders{});
  return holders_->first(inode) != nullptr;
}

}  // namespace uncork::probe
