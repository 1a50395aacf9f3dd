#include "probe/ending_book.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "probe/processes.hpp"

namespace uncork::probe {
namespace {

using record::CloseReason;
using record::Row;

constexpr std::uint64_t kMillisecond = 1'000'000;
constexpr std::uint64_t kSettled = 2 * kMillisecond;  // a reset follows the end within microseconds
constexpr std::uint64_t kRemembered = 60'000 * kMillisecond;
constexpr std::uint64_t kBetweenForgetting = 10'000 * kMillisecond;

// include/net/tcp_states.h
constexpr std::uint8_t kEstablished = 1;
constexpr std::uint8_t kSynSent = 2;
constexpr std::uint8_t kSynReceived = 3;
constexpr std::uint8_t kTimeWait = 6;
constexpr std::uint8_t kCloseWait = 8;
constexpr std::uint8_t kListen = 10;

record::Text name_of(const char (&name)[16], record::Texts& texts) {
  return texts.keep(printable({name, strnlen(name, sizeof name)}));
}

bool timed_out(int error) { return error == ETIMEDOUT || error == EHOSTUNREACH || error == ENETUNREACH; }

Row row_of(const uncork_ending_with_facts& record, const KernelUnits& units, std::uint64_t now_ns, const Row& base,
           record::Texts& texts) {
  Row row = base;
  fill_row({.socket = &record.facts, .ledger = nullptr}, units, static_cast<std::uint32_t>(now_ns / kMillisecond), row);
  row.row_kind = record.ending.old_state == kSynSent ? record::RowKind::never_connected : record::RowKind::closed;
  row.congestion_algorithm_string = name_of(record.facts.congestion, texts);
  row.congestion_algorithm_enum = record::congestion_algorithm_of(row.congestion_algorithm_string);
  row.blocks |= record::Block::congestion;
  // Who connected is known of connections that never came to be; who held another, what was seen before may know.
  if (record.facts.pid != 0) {
    row.command = name_of(record.facts.command, texts);
    row.fd = base.pid == row.pid ? base.fd : 0;
  } else {
    row.pid = base.pid;
    row.fd = base.fd;
    if (!base.knows(record::Block::process)) row.blocks = row.blocks.without(record::Block::process);
  }
  row.inet_diag_msg_inode = base.inet_diag_msg_inode;
  if (!base.knows(record::Block::owner)) row.blocks = row.blocks.without(record::Block::owner);
  return row;
}

}  // namespace

void fill_ending(const Ending& ending, Row& into) {
  into.last_row = true;
  into.close_reason = ending.reason;
  if (ending.reason != CloseReason::unknown) into.blocks |= record::Block::close;
  if (!ending.reset_reason) return;
  into.reset_reason = *ending.reset_reason;
  into.blocks |= record::Block::reset;
}

core::Status EndingBook::take(std::span<const std::byte> record) {
  if (record.size() < sizeof(uncork_ending)) {
    return core::fail(core::invalid_argument("kernel record of an ending: " + std::to_string(record.size()) +
                                             " bytes, expected at least " + std::to_string(sizeof(uncork_ending))));
  }
  uncork_ending event{};
  std::memcpy(&event, record.data(), sizeof event);
  if (event.kind > UNCORK_ENDING_REQUEST_MADE) {
    return core::fail(core::invalid_argument("kernel record of an ending: unknown kind " + std::to_string(event.kind)));
  }
  const bool is_request = event.kind == UNCORK_ENDING_REQUEST_RETRIED;
  const bool has_facts = event.kind == UNCORK_ENDING_CLOSED;
  if (has_facts && record.size() < sizeof(uncork_ending_with_facts)) {
    return core::fail(core::invalid_argument("kernel record of an ending: the socket's facts are cut short"));
  }
  if (is_request && record.size() < sizeof(uncork_retried_request)) {
    return core::fail(core::invalid_argument("kernel record of an ending: the request is cut short"));
  }
  if (is_request) {
    uncork_retried_request request{};
    std::memcpy(&request, record.data(), sizeof request);
    requests_.retried(request);
    return {};
  }
  if (event.kind == UNCORK_ENDING_REQUEST_MADE) {
    requests_.made(event.cookie);
    return {};
  }
  note(event);
  if (has_facts) {
    Waiting& waiting = waiting_.emplace_back();
    waiting.at_ns = event.at_ns;
    std::memcpy(&waiting.record, record.data(), sizeof waiting.record);
  }
  return {};
}

void EndingBook::note(const uncork_ending& event) {
  Entry& entry = entries_[event.cookie];
  entry.at_ns = event.at_ns;
  if (event.kind == UNCORK_ENDING_RESET_SENT) {
    entry.reset_sent = event.reset_reason;
  } else if (event.kind == UNCORK_ENDING_RESET_RECEIVED) {
    entry.reset_received = true;
  } else {
    entry.closed = true;
    entry.old_state = event.old_state;
    entry.error = event.error;
    entry.row_waits = true;
    entry.given.reset();
  }
}

Ending EndingBook::judge(const Entry& entry) {
  Ending ending;
  // A reset that did not end it, as far as anybody knows; and a listener just stops.
  if (!entry.closed || entry.old_state == kListen) return ending;
  ending.never_connected = entry.old_state == kSynSent;
  const bool cut_off = entry.old_state == kEstablished || entry.old_state == kSynReceived || entry.old_state == kCloseWait;
  // In the other states both ends were closing: an earlier reset of theirs (of a segment that did not fit) was not the end.
  const bool reset =
      entry.reset_sent.has_value() && (cut_off || entry.error != 0 || entry.reset_received || entry.old_state < kTimeWait);
  if (reset) ending.reset_reason = entry.reset_sent;
  if (ending.never_connected) {
    ending.reason = entry.error == ECONNREFUSED ? CloseReason::refused
                    : timed_out(entry.error)    ? CloseReason::timeout
                    : entry.reset_received      ? CloseReason::refused
                                                : CloseReason::aborted;
  } else if (timed_out(entry.error)) {
    ending.reason = CloseReason::timeout;
  } else if (entry.reset_received) {
    ending.reason = CloseReason::reset_received;
  } else if (reset) {
    ending.reason = CloseReason::reset_sent;
  } else {
    ending.reason = cut_off ? CloseReason::aborted : CloseReason::fin;
  }
  return ending;
}

Ending EndingBook::judge_last(const Entry& entry) { return entry.given ? *entry.given : judge(entry); }

bool EndingBook::has_ended(std::uint64_t cookie) const {
  const auto found = entries_.find(cookie);
  return found != entries_.end() && (found->second.closed || found->second.given);
}

std::optional<Ending> EndingBook::ending_of(std::uint64_t cookie) {
  const auto found = entries_.find(cookie);
  if (found == entries_.end()) return std::nullopt;
  const Ending ending = judge_last(found->second);
  if (!found->second.row_waits) entries_.erase(found);
  return ending;
}

std::optional<EndingBook::Freed> EndingBook::freed(std::uint64_t cookie) {
  const auto found = entries_.find(cookie);
  if (found == entries_.end()) return std::nullopt;
  Entry& entry = found->second;
  const Freed freed{judge_last(entry), entry.row_waits || entry.given};
  entry.freed = true;
  if (!entry.row_waits) entries_.erase(found);
  return freed;
}

std::optional<EndingBook::Freed> EndingBook::claim(std::uint64_t cookie) {
  const auto found = entries_.find(cookie);
  if (found == entries_.end()) return std::nullopt;
  Entry& entry = found->second;
  const Freed freed{judge_last(entry), entry.row_waits || entry.given};
  if (!freed.has_row) entry = {.at_ns = entry.at_ns, .given = freed.ending};
  return freed;
}

void EndingBook::give(std::uint64_t cookie) { entries_[cookie].given = Ending{}; }

void EndingBook::collect(const BaseOf& base_of, std::int64_t realtime_ns, std::uint64_t now_ns, std::vector<Row>& into) {
  const auto settled = [&](const Waiting& waiting) { return waiting.at_ns + kSettled <= now_ns; };
  for (Waiting& waiting : waiting_) {
    const std::uint64_t cookie = waiting.record.ending.cookie;
    if (!waiting.base) waiting.base = std::make_unique<Row>(base_of(cookie));
    if (!settled(waiting)) continue;
    Row& row = into.emplace_back(row_of(waiting.record, units_, now_ns, *waiting.base, *texts_));
    row.timestamp_ns = realtime_ns - static_cast<std::int64_t>(now_ns - waiting.at_ns);  // when it ended
    Entry& entry = entries_[cookie];
    const Ending ending = judge_last(entry);
    fill_ending(ending, row);
    entry = {.at_ns = entry.at_ns, .given = ending, .freed = entry.freed};
  }
  for (const Waiting& waiting : waiting_) {
    const auto entry = entries_.find(waiting.record.ending.cookie);
    if (settled(waiting) && entry != entries_.end() && entry->second.freed) entries_.erase(entry);
  }
  std::erase_if(waiting_, settled);
  requests_.collect(base_of(0), realtime_ns, now_ns, into);
  forget(now_ns);
}

void EndingBook::hold_texts() const {
  for (const Waiting& waiting : waiting_) {
    if (waiting.base) record::hold_texts(*waiting.base);
  }
}

void EndingBook::forget(std::uint64_t now_ns) {
  if (now_ns < forget_at_ns_) return;
  forget_at_ns_ = now_ns + kBetweenForgetting;
  std::vector<std::uint64_t> held;
  std::erase_if(entries_, [&](const auto& entry) {
    const bool is_old = entry.second.at_ns + kRemembered < now_ns;
    const bool is_held = entry.second.closed || entry.second.given;
    if (is_old && is_held) held.push_back(entry.second.at_ns);
    return is_old && !is_held;
  });
  if (held.size() <= kMostHeld) return;
  const auto oldest = held.end() - static_cast<std::ptrdiff_t>(kMostHeld);
  std::ranges::nth_element(held, oldest);
  std::erase_if(entries_, [&](const auto& entry) { return entry.second.at_ns < *oldest; });
}

}  // namespace uncork::probe
