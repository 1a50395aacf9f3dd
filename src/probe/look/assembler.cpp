#include "probe/look/assembler.hpp"

#include <linux/inet_diag.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "probe/diag/close_reason.hpp"

namespace uncork::probe {
namespace {

using record::Block;
using record::CloseReason;
using record::Row;
using record::RowKind;

std::int64_t realtime_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

StateSet states_of(SocketKind kind, const Row& row) {
  return kind == SocketKind::request ? kRequestSockets : row.inet_diag_msg_state < 32 ? 1U << row.inet_diag_msg_state : 0;
}

/// Neither end: what an abort leaves of the addresses, and what a socket has that was never connected.
bool has_no_peer(const Row& row) { return row.inet_diag_msg_socket_destination_port == 0; }

/// A connection is wiped by whoever aborts it; one that was being made, also by a connect() that failed for whatever reason.
CloseReason reason_of_wiped(const Row& before) {
  const bool was_asking = before.inet_diag_msg_state == static_cast<std::uint32_t>(TcpState::syn_sent);
  return was_asking ? CloseReason::unknown : CloseReason::aborted;
}

}  // namespace

LookAssembler::LookAssembler(const Options& options, KernelVersion kernel, record::Texts& texts)
    : options_(options), texts_(texts), decoder_(options.attributes, kernel, texts) {}

void LookAssembler::set_kernel(KernelVersion kernel) { decoder_ = RowDecoder(options_.attributes, kernel, texts_); }

void LookAssembler::name(Row& row, const SpaceIdentity& space) {
  row.netns = texts_.keep(space.name);
  row.container_id = texts_.keep(space.container.id);
  row.container_runtime = texts_.keep(space.container.runtime);
  row.netns_inode = space.inode;
  if (space.inode != 0) row.blocks |= Block::netns;
  if (space.nsid) {
    row.nsid = *space.nsid;
    row.blocks |= Block::nsid;
  }
  if (space.cookie) {
    row.netns_cookie = *space.cookie;
    row.blocks |= Block::netns_cookie;
  }
}

void LookAssembler::begin(Look& into, const Row& base) {
  look_ = &into;
  base_ = base;
  into.sequence = base.sequence;
  into.timestamp_ns = base.timestamp_ns;
  into.rows.clear();
  into.limits.clear();
  into.coverage = {};
  now_.clear();
  passed_.clear();
  left_.clear();
  hidden_.clear();
  listed_spaces_.clear();
}

void LookAssembler::take_pass() {
  std::uint32_t number = 0;
  std::erase_if(look_->rows, [&](const Row& row) {
    if ((options_.states & states_of(SocketKind::full, row)) == 0) return true;
    if (!now_.insert(row.inet_diag_msg_socket_cookie, number)) {
      ++look_->coverage.duplicate_cookies;
      return true;
    }
    ++number;
    ++passed_.number(row.netns_inode);
    return false;
  });
}

std::uint64_t LookAssembler::pass_rows_of(std::uint64_t inode) const { return passed_.find(inode).value_or(0); }

void LookAssembler::begin_space(const SpaceIdentity& space) {
  space_ = {};
  space_.inode = space.inode;
  space_.name = space.name;
  space_.rows = pass_rows_of(space.inode);
  blank_ = base_;
  name(blank_, space);
  interrupted_ = is_listed_ = false;
  listed_.clear();
}

void LookAssembler::pass_over(std::uint64_t inode) { look_->coverage.rows += pass_rows_of(inode); }

bool LookAssembler::accept(SocketKind kind, const Row& row) {
  if (kind == SocketKind::other_family || (options_.states & states_of(kind, row)) == 0) return false;
  const std::uint64_t cookie = row.inet_diag_msg_socket_cookie;
  if (!listed_.insert(cookie, 0)) {
    ++look_->coverage.duplicate_cookies;
    return false;
  }
  // There already: seen by the pass, or by a list that is now taken once more.
  if (!now_.insert(cookie, static_cast<std::uint32_t>(look_->rows.size() - 1))) return false;
  ++space_.rows;
  if (kind == SocketKind::request) ++space_.requests;
  look_->coverage.unknown_attributes += row.unknown_attributes;
  return true;
}

core::Result<Reply> LookAssembler::feed(std::span<const std::byte> datagram, std::uint32_t sequence) {
  std::vector<Row>& rows = look_->rows;
  std::uint64_t index = 0;
  is_listed_ = true;
  return read_dump_reply(datagram, sequence, interrupted_, [&](const NetlinkMessage& message) -> core::Status {
    Row& row = rows.emplace_back(blank_);
    row.record_counter = index++;
    const auto kind = decoder_.decode(message, row);
    if (!kind || !accept(*kind, row)) rows.pop_back();
    if (!kind) return core::fail(kind.error());
    return {};
  });
}

void LookAssembler::end_space(std::optional<std::uint64_t> least, std::string trouble) {
  space_.counted = least;
  space_.complete = trouble.empty();
  space_.trouble = std::move(trouble);
  if (!space_.complete || interrupted_) ++look_->coverage.dump_gaps;
  if (space_.complete && interrupted_) space_.trouble = "sockets changed while they were listed";
  if (least && space_rows() < *least && space_.trouble.empty()) {
    space_.trouble = std::to_string(space_rows()) + " of the " + std::to_string(*least) + " sockets that the kernel counts";
  }
  if (is_listed_ && space_.complete) listed_spaces_.push_back(space_.inode);
  look_->coverage.rows += space_.rows;
  look_->coverage.counted += least.value_or(0);
  look_->coverage.namespaces.push_back(space_);
}

core::Status LookAssembler::closed(std::span<const std::byte> datagram, const SpaceIdentity& space, const Row& base) {
  Row named = base;
  named.timestamp_ns = realtime_ns();
  name(named, space);
  NetlinkMessages messages(datagram);
  NetlinkMessage message;
  for (;;) {
    const auto more = messages.next(message);
    if (!more) return core::fail(more.error());
    if (!*more) return {};
    if (message.header.nlmsg_type != SOCK_DIAG_BY_FAMILY || message.payload.size() < sizeof(inet_diag_msg)) continue;
    add_last_row(message, named);
  }
}

const Row* LookAssembler::row_before(std::uint64_t cookie) const {
  const auto place = look_ != nullptr ? now_.find(cookie) : std::nullopt;
  if (place && is_full_socket(look_->rows[*place])) return &look_->rows[*place];
  return history_.row_of(cookie);
}

// What the kernel says last of a socket has no owner, no cgroup and no congestion control; after an abort it has nothing at all.
// The look before knows.
void LookAssembler::add_last_row(const NetlinkMessage& message, const Row& named) {
  Row row = named;
  const auto kind = decoder_.decode(message, row);
  if (!kind || *kind == SocketKind::other_family) return;
  const std::uint64_t cookie = row.inet_diag_msg_socket_cookie;
  const auto freed = book_ != nullptr ? book_->freed(cookie) : std::nullopt;
  ++closes_;
  if (freed && freed->has_row) return;
  if (freed ? history_.was_freed(cookie) : history_.has_ended(cookie)) return;
  history_.note_ended(cookie, SocketHistory::LastRow::at_free);
  const Row* before = row_before(cookie);
  if (before == nullptr && has_no_peer(row)) {
    ++nameless_;  // never connected, or aborted: nothing is known of it
    return;
  }
  const bool was_wiped = before != nullptr && has_no_peer(row) && !has_no_peer(*before);
  if (before != nullptr) {
    Row last = *before;
    if (!was_wiped && !decoder_.decode(message, last)) return;  // it was read before
    last.inet_diag_msg_uid = before->inet_diag_msg_uid;
    last.inet_diag_msg_inode = before->inet_diag_msg_inode;
    last.timestamp_ns = named.timestamp_ns;
    last.sequence = named.sequence;
    row = last;
  }
  const bool never =
      freed && freed->ending.reason != CloseReason::unknown ? freed->ending.never_connected : never_connected(row, before);
  row.row_kind = never ? RowKind::never_connected : RowKind::closed;
  row.close_reason = was_wiped ? reason_of_wiped(*before) : close_reason_of(row, before);
  row.blocks |= Block::close;
  row.last_row = true;
  if (freed && freed->ending.reason != CloseReason::unknown) fill_ending(freed->ending, row);
  ended_rows_.push_back(row);
}

Row LookAssembler::begin_last_row(std::uint64_t cookie, const Row& base) const {
  const Row* before = row_before(cookie);
  if (before == nullptr) return base;
  Row row = *before;
  row.sequence = base.sequence;
  return row;
}

void LookAssembler::take_last_row(const Row& row) {
  if (row.inet_diag_msg_socket_cookie != 0) {
    history_.note_ended(row.inet_diag_msg_socket_cookie, SocketHistory::LastRow::at_end);
  }
  ended_rows_.push_back(row);
}

// What waits in TIME_WAIT may have the cookie of the socket that it is left of, whose end that was.
CookieMap LookAssembler::full_sockets() const {
  CookieMap cookies;
  for (const Row& row : look_->rows) {
    if (is_full_socket(row)) cookies.insert(row.inet_diag_msg_socket_cookie, 0);
  }
  return cookies;
}

// Close events were lost, and this look lists all that is left: what was there before and is not now has ended.
void LookAssembler::end_what_is_gone() {
  for (const Row& row : history_.gone(full_sockets())) end_at_last(row);
}

// Nobody tells any more how what was there has ended.
void LookAssembler::end_what_was_left() {
  if (left_.size() == 0) return;
  for (const Row& row : history_.gone(full_sockets())) {
    if (left_.has(row.netns_inode) && !hidden_.has(row.inet_diag_msg_socket_cookie)) end_at_last(row);
  }
}

void LookAssembler::end_at_last(Row row) {
  const auto freed = book_ != nullptr ? book_->claim(row.inet_diag_msg_socket_cookie) : std::nullopt;
  if (freed && freed->has_row) return;
  if (book_ != nullptr && !freed) book_->give(row.inet_diag_msg_socket_cookie);
  if (book_ == nullptr && is_held_ && is_held_(row.inet_diag_msg_inode)) return;  // it is not freed yet
  history_.note_ended(row.inet_diag_msg_socket_cookie, SocketHistory::LastRow::at_free);
  row.row_kind = never_connected(row, &row) ? RowKind::never_connected : RowKind::closed;
  row.timestamp_ns = base_.timestamp_ns;
  row.sequence = base_.sequence;
  row.last_row = true;
  if (freed) fill_ending(freed->ending, row);
  ended_rows_.push_back(row);
}

void LookAssembler::tell_never_connected() {
  const auto came_to_something = [&](const Row& request) {
    const std::uint64_t cookie = request.inet_diag_msg_socket_cookie;
    return now_.has(cookie) || history_.has_ended(cookie) ||
           !(std::ranges::find(listed_spaces_, request.netns_inode) != listed_spaces_.end());
  };
  if (book_ == nullptr && options_.states == kAllStates) requests_.compare(look_->rows, came_to_something, ended_rows_);
  drops_.compare(look_->rows, ended_rows_);
}

void LookAssembler::end() {
  const bool listed_whole = look_->coverage.whole();
  look_->coverage.close_events = std::exchange(closes_, 0);
  look_->coverage.nameless_closes = std::exchange(nameless_, 0);
  look_->coverage.close_events_lost = std::exchange(losses_, 0);
  look_->coverage.endings_lost = std::exchange(lost_endings_, 0);
  const bool whole = look_->coverage.whole();
  const auto is_told = [&](std::uint64_t cookie) { return book_ != nullptr && book_->has_ended(cookie); };
  const bool all_states = options_.states == kAllStates;  // else a socket that is not listed may live on in another state
  must_resynchronise_ |= listed_whole && !whole;
  must_resynchronise_ |= look_->coverage.close_events_lost + look_->coverage.endings_lost != 0;
  if (options_.close_events && all_states && listed_whole && std::exchange(must_resynchronise_, false)) end_what_is_gone();
  if (whole && all_states) history_.compare(look_->rows, options_.close_events, {is_told, is_held_}, look_->coverage);
  if (options_.close_events && all_states) end_what_was_left();
  if (options_.close_events) tell_never_connected();
  history_.remember(look_->rows, whole, options_.close_events ? SocketHistory::KeepRows::yes : SocketHistory::KeepRows::no);
  for (Row& row : ended_rows_) row.sequence = base_.sequence;  // some were told before it began
  const std::size_t seen = look_->rows.size();
  look_->rows.insert(look_->rows.end(), ended_rows_.begin(), ended_rows_.end());
  blame_full_listeners(look_->rows, std::span(look_->rows).subspan(seen), book_ == nullptr ? Requests::too : Requests::leave);
  ended_rows_.clear();
  look_ = nullptr;
}

void LookAssembler::sweep_texts(const Look& look) {
  for (const Row& row : look.rows) record::hold_texts(row);
  for (const Row& row : ended_rows_) record::hold_texts(row);
  record::hold_texts(base_);
  record::hold_texts(blank_);
  history_.hold_texts();
  requests_.hold_texts();
  if (book_ != nullptr) book_->hold_texts();
  texts_.sweep();
}

}  // namespace uncork::probe
