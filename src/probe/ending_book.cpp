#include "probe/ending_book.hpp"

#include <sys/socket.h>

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
constexpr std::uint64_t kSettled = 2 * kMillisecond;          // a reset follows the end within microseconds
constexpr std::uint64_t kRemembered = 60'000 * kMillisecond;  // a look that takes longer gets no reasons

// include/net/tcp_states.h
constexpr std::uint8_t kEstablished = 1;
constexpr std::uint8_t kSynSent = 2;
constexpr std::uint8_t kTimeWait = 6;
constexpr std::uint8_t kCloseWait = 8;
constexpr std::uint8_t kListen = 10;

record::Text name_of(const char (&name)[16], record::Texts& texts) {
  return texts.keep(printable({name, strnlen(name, sizeof name)}));
}

bool timed_out(int error) { return error == ETIMEDOUT || error == EHOSTUNREACH || error == ENETUNREACH; }

bool is_any(const record::Address& address, std::size_t size) {
  return std::all_of(address.begin(), address.begin() + static_cast<std::ptrdiff_t>(size), [](auto byte) { return byte == 0; });
}

/// The address as IPv4 in the first four bytes if it is IPv4 mapped into IPv6.
std::pair<record::Address, std::size_t> unmapped(const record::Address& address, std::size_t size) {
  constexpr std::array<std::uint8_t, 12> kPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (size != 16 || !std::equal(kPrefix.begin(), kPrefix.end(), address.begin())) return {address, size};
  record::Address plain{};
  std::copy(address.begin() + 12, address.end(), plain.begin());
  return {plain, 4};
}

Row row_of(const uncork_ending_with_facts& record, const KernelUnits& units, std::uint64_t now_ns, const Row& base,
           record::Texts& texts) {
  Row row = base;
  fill_row({.socket = &record.facts, .ledger = nullptr, .size = sizeof record.facts}, units,
           static_cast<std::uint32_t>(now_ns / kMillisecond), row);
  row.row_kind = record.ending.old_state == kSynSent ? record::RowKind::never_connected : record::RowKind::closed;
  row.command = name_of(record.facts.command, texts);
  row.congestion_algorithm_string = name_of(record.facts.congestion, texts);
  row.congestion_algorithm_enum = record::congestion_algorithm_of(row.congestion_algorithm_string);
  row.blocks |= record::Block::congestion;
  // No descriptor stands for it any more; who connected is known of connections that never came to be.
  if (record.facts.pid == 0) row.blocks = row.blocks.without(record::Block::process);
  row.fd = 0;
  row.blocks = row.blocks.without(record::Block::owner);  // the inode is not known
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
  const bool has_facts = event.kind == UNCORK_ENDING_CLOSED_FACTS;
  if (event.kind > UNCORK_ENDING_CLOSED_FACTS) {
    return core::fail(core::invalid_argument("kernel record of an ending: unknown kind " + std::to_string(event.kind)));
  }
  if (has_facts && record.size() < sizeof(uncork_ending_with_facts)) {
    return core::fail(core::invalid_argument("kernel record of an ending: the socket's facts are cut short"));
  }
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
  }
  if (has_facts) {
    entry.row_waits = true;
    Waiting& waiting = waiting_.emplace_back();
    waiting.at_ns = event.at_ns;
    std::memcpy(&waiting.record, record.data(), sizeof waiting.record);
  }
  return {};
}

Ending EndingBook::judge(const Entry& entry) {
  Ending ending;
  if (!entry.closed) return ending;  // a reset that did not end it, as far as anybody knows
  ending.never_connected = entry.old_state == kSynSent;
  const bool cut_off = entry.old_state == kEstablished || entry.old_state == kCloseWait;
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

std::optional<Ending> EndingBook::ending_of(std::uint64_t cookie) {
  const auto found = entries_.find(cookie);
  if (found == entries_.end()) return std::nullopt;
  const Ending ending = judge(found->second);
  if (!found->second.row_waits) entries_.erase(found);
  return ending;
}

void EndingBook::collect(const Row& base, std::int64_t realtime_ns, std::uint64_t now_ns, std::vector<Row>& into) {
  const auto settled = [&](const Waiting& waiting) { return waiting.at_ns + kSettled <= now_ns; };
  for (const Waiting& waiting : waiting_) {
    if (!settled(waiting)) continue;
    Row& row = into.emplace_back(row_of(waiting.record, units_, now_ns, base, *texts_));
    row.timestamp_ns = realtime_ns - static_cast<std::int64_t>(now_ns - waiting.at_ns);  // when it ended
    const auto entry = entries_.find(waiting.record.ending.cookie);
    if (entry == entries_.end()) continue;
    fill_ending(judge(entry->second), row);
    entry->second.row_waits = false;
  }
  std::erase_if(waiting_, settled);
  forget(now_ns);
}

void EndingBook::forget(std::uint64_t now_ns) {
  std::erase_if(entries_, [&](const auto& entry) { return entry.second.at_ns + kRemembered < now_ns; });
}

bool overflowed(const Row& listener, const Row& never_connected) {
  if (listener.inet_diag_msg_state != kListen || listener.tcp_info_unacked <= listener.tcp_info_sacked) return false;
  if (listener.inet_diag_msg_socket_source_port != never_connected.inet_diag_msg_socket_destination_port) return false;
  const auto [asked, asked_size] = unmapped(never_connected.inet_diag_msg_socket_destination, never_connected.address_size());
  const auto [bound, bound_size] = unmapped(listener.inet_diag_msg_socket_source, listener.address_size());
  const bool same_namespace = listener.netns_inode == never_connected.netns_inode;
  if (is_any(bound, bound_size)) return same_namespace && (asked_size == bound_size || (bound_size == 16 && !listener.v6only));
  return asked_size == bound_size && asked == bound;
}

void blame_full_listeners(std::span<const Row> seen, std::span<Row> never_connected) {
  for (Row& row : never_connected) {
    const bool unanswered = row.close_reason == CloseReason::timeout || row.close_reason == CloseReason::aborted;
    if (row.row_kind != record::RowKind::never_connected || !unanswered || row.tcp_info_total_retrans == 0) continue;
    if (std::ranges::any_of(seen, [&](const Row& listener) { return overflowed(listener, row); })) {
      row.close_reason = CloseReason::accept_overflow;
    }
  }
}

}  // namespace uncork::probe
