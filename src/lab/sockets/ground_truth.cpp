#include "lab/sockets/ground_truth.hpp"

#include <fmt/format.h>

namespace uncork::lab {
namespace {

constexpr std::size_t kExamples = 3;  // of each kind
/// How long a closed socket is remembered: its last row comes with the next look, and what waits in TIME_WAIT does so for a
/// minute.
constexpr std::int64_t kRemembered = 90'000'000'000;

std::string text(const SocketAddress& at) { return fmt::format("{}:{}", at.address, at.port); }

std::string text(const SeenRow& row) {
  return fmt::format("{} cookie {} in '{}' ({}), {} to {}, state {}", row.is_socket ? "socket" : "last row", row.cookie,
                     row.netns, row.inode, text(row.local), text(row.peer), row.state);
}

}  // namespace

GroundTruth::SpaceId GroundTruth::add_space(const std::string& name, std::uint64_t inode, Lasting lasting) {
  const SpaceId id = next_space_++;
  spaces_[id] = {.name = name, .inode = inode, .lasting = lasting};
  if (lasting == Lasting::yes) lasting_inodes_[inode] = id;
  return id;
}

void GroundTruth::opened(SpaceId space, const OwnSocket& socket, std::int64_t at) {
  sockets_[socket.cookie] = {.space = space, .socket = socket, .opened = at};
  ++spaces_.at(space).sockets;
  ++standing_;
}

void GroundTruth::closing(std::uint64_t cookie, std::int64_t at) {
  sockets_.at(cookie).closing = at;
  --standing_;
}

void GroundTruth::closed(std::uint64_t cookie, std::int64_t at) { sockets_.at(cookie).closed = at; }

void GroundTruth::abandon(SpaceId space) { spaces_.at(space).abandoned = true; }

void GroundTruth::fault(std::uint64_t& count, const SeenRow& row, const std::string& what) {
  ++count;
  if (count <= kExamples) tally_.examples.push_back(fmt::format("look {}: {}: {}", tally_.looks, what, text(row)));
}

std::uint64_t GroundTruth::faults() const {
  return tally_.missing + tally_.duplicates + tally_.misnamed + tally_.misplaced + tally_.ghosts + tally_.strangers;
}

void GroundTruth::judge(const SeenLook& look) {
  ++tally_.looks;
  if (!look.whole) {
    ++tally_.incomplete_looks;
    if (tally_.incompleteness.size() < kExamples) tally_.incompleteness.push_back(look.coverage);
  }
  tally_.ends_missed += look.ends_missed;
  tally_.close_events_lost += look.close_events_lost;
  const std::uint64_t before = faults();
  for (const SeenRow& row : look.rows) judge_row(row, look);
  for (const auto& [cookie, entry] : sockets_) {
    if (entry.opened > look.begun || entry.closing < look.arrived) continue;
    ++tally_.expected;
    if (entry.seen_in == tally_.looks) continue;
    const Space& space = spaces_.at(entry.space);
    fault(tally_.missing, {space.name, space.inode, cookie, true, 0, entry.socket.local, entry.socket.peer}, "no row");
  }
  if (faults() == before) ++tally_.equal_looks;
  forget(look.begun - kRemembered);
}

void GroundTruth::judge_row(const SeenRow& row, const SeenLook& look) {
  const auto known = sockets_.find(row.cookie);
  if (known == sockets_.end()) return judge_stranger(row);
  Entry& entry = known->second;
  ++tally_.rows;
  judge_place(row, entry);
  if (!row.is_socket) return judge_end(row, look, entry);
  if (row.is(SocketState::time_wait) && entry.closing <= look.arrived) return;  // what is left of it
  if (entry.seen_in == tally_.looks) fault(tally_.duplicates, row, "a second row");
  entry.seen_in = tally_.looks;
  // In other states it may be the kernel that still holds it, to see its end through.
  const bool is_held = row.is(SocketState::established) || row.is(SocketState::close_wait) || row.is(SocketState::listening);
  if (is_held && entry.closed < look.begun) fault(tally_.ghosts, row, "closed before");
}

void GroundTruth::judge_place(const SeenRow& row, const Entry& entry) {
  const Space& space = spaces_.at(entry.space);
  const bool has_no_name = row.inode == 0 && row.netns.empty();
  if (!row.is_socket && has_no_name) {
    ++tally_.nameless_ends;
  } else if (row.inode != space.inode || (row.netns != space.name && row.netns != nameless(space.inode))) {
    fault(tally_.misnamed, row, fmt::format("of '{}' ({})", space.name, space.inode));
  }
  const bool is_connected = entry.socket.peer.port != 0;
  if (row.local != entry.socket.local || (is_connected && row.peer != entry.socket.peer)) {
    fault(tally_.misplaced, row, fmt::format("is {} to {}", text(entry.socket.local), text(entry.socket.peer)));
  }
}

void GroundTruth::judge_end(const SeenRow& row, const SeenLook& look, Entry& entry) {
  if (entry.closing > look.arrived) fault(tally_.early_ends, row, "a last row, and it stands");
  if (++entry.ends > 1) fault(tally_.repeated_ends, row, "a second last row");
}

// An inode is free again when its namespace is gone: only those that last are known to be ours.
void GroundTruth::judge_stranger(const SeenRow& row) {
  const bool is_being_made = row.is(SocketState::syn_received) || row.is(SocketState::new_syn_received);
  if (!row.is_socket || is_being_made || row.is(SocketState::time_wait) || !lasting_inodes_.contains(row.inode)) return;
  fault(tally_.strangers, row, "nobody made it");
}

void GroundTruth::forget(std::int64_t before) {
  std::erase_if(sockets_, [&](const auto& one) {
    const Entry& entry = one.second;
    if (entry.closed >= before) return false;
    ++tally_.ended;
    if (entry.ends == 0) count_unended(entry);
    --spaces_.at(entry.space).sockets;
    return true;
  });
  std::erase_if(spaces_, [](const auto& one) { return one.second.abandoned && one.second.sockets == 0; });
}

void GroundTruth::count_unended(const Entry& entry) {
  if (entry.is_wiped && entry.seen_in == 0) {
    ++tally_.untold;
    return;
  }
  ++tally_.unended;
  if (tally_.unended_examples.size() >= kExamples) return;
  const Space& space = spaces_.at(entry.space);
  const std::int64_t stood = (entry.closing - entry.opened) / 1'000'000;
  const std::int64_t took = (entry.closed - entry.closing) / 1'000'000;
  tally_.unended_examples.push_back(fmt::format(
      "no last row: cookie {}, {} to {} in '{}', last seen by look {}; it stood {} ms, its end took {} ms", entry.socket.cookie,
      text(entry.socket.local), text(entry.socket.peer), space.name, entry.seen_in, stood, took));
}

void GroundTruth::wiped(std::uint64_t cookie) { sockets_.at(cookie).is_wiped = true; }

void GroundTruth::settle(std::int64_t before) { forget(before); }

}  // namespace uncork::lab
