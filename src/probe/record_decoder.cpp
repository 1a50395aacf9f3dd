#include "probe/record_decoder.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <string>

namespace uncork::probe {
namespace {

using stall::Event;
using stall::EventKind;

template <typename T>
core::Result<T> copy_out(std::span<const std::byte> bytes, const char* what) {
  if (bytes.size() < sizeof(T)) {
    return core::fail(
        core::Error{core::ErrorCode::invalid_argument, 0,
                    std::string(what) + ": " + std::to_string(bytes.size()) + " bytes, expected " + std::to_string(sizeof(T))});
  }
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

core::Time time_of(std::uint64_t us) {
  constexpr std::uint64_t kFar = std::uint64_t{1} << 60;
  return core::Time(core::Micros(static_cast<std::int64_t>(std::min(us, kFar))));
}

std::uint64_t micros_of(core::Time at) { return static_cast<std::uint64_t>(at.time_since_epoch().count()); }

stall::SenderState state_of(const uncork_record& r) {
  stall::SenderState state;
  state.mss_bytes = r.mss_bytes;
  state.min_rtt = core::Micros(r.min_rtt_us);
  state.nodelay = (r.flags & UNCORK_FLAG_NODELAY) != 0;
  state.corked = (r.flags & UNCORK_FLAG_CORKED) != 0;
  state.window_limited = (r.flags & UNCORK_FLAG_WINDOW_LIMITED) != 0;
  state.writer_blocked = (r.flags & UNCORK_FLAG_WRITER_BLOCKED) != 0;
  state.congestion_limited = (r.flags & UNCORK_FLAG_CONGESTION_LIMITED) != 0;
  state.recovering = (r.flags & UNCORK_FLAG_RECOVERING) != 0;
  return state;
}

stall::Role role_of(std::uint8_t role) {
  if (role == UNCORK_ROLE_REQUESTER) return stall::Role::requester;
  return role == UNCORK_ROLE_RESPONDER ? stall::Role::responder : stall::Role::unknown;
}

/// How far `to` lies behind `from` in sequence space; 0 if it lies before it.
std::uint32_t advance(std::uint32_t from, std::uint32_t to) {
  const auto step = static_cast<std::int32_t>(to - from);
  return step > 0 ? static_cast<std::uint32_t>(step) : 0;
}

Event& add(std::vector<SocketEvent>& events, const uncork_record& r, std::uint64_t us, EventKind kind, std::uint32_t bytes = 0) {
  Event event;
  event.at = time_of(us);
  event.kind = kind;
  event.bytes = bytes;
  events.push_back({r.cookie, event});
  return events.back().event;
}

core::Endpoint endpoint_of(std::uint8_t family, const std::uint8_t (&address)[16], std::uint16_t port) {
  core::Endpoint endpoint;
  endpoint.family = family == AF_INET6 ? core::Endpoint::Family::v6 : core::Endpoint::Family::v4;
  std::copy(std::begin(address), std::end(address), endpoint.bytes.begin());
  endpoint.port = port;
  return core::unmapped(endpoint);
}

}  // namespace

// The order is the programs' own (witness.bpf.c): what arrived, then what the chronographs counted, then what was written and
// sent, all under the state of the record before; only then how the sender looks now. So a hold that NODELAY ended is still
// Nagle's.
core::Result<std::vector<SocketEvent>> RecordDecoder::decode(std::span<const std::byte> bytes) {
  const auto record = copy_out<uncork_record>(bytes, "kernel record");
  if (!record) return core::fail(record.error());
  const uncork_record& r = *record;
  if (r.kind > UNCORK_RECORD_CLOSE) {
    return core::fail(core::invalid_argument("kernel record: unknown kind " + std::to_string(r.kind)));
  }
  const std::uint64_t now = r.now_us != 0 ? r.now_us : r.transmit_us;
  std::vector<SocketEvent> events;
  const auto known = sockets_.find(r.cookie);
  if (r.kind == UNCORK_RECORD_OPEN || known == sockets_.end()) {
    if (now == 0) return events;  // it says no time at which its ledger could begin
    sockets_[r.cookie] = {r.write_seq, r.snd_nxt, r.ack_seq, true, now, state_of(r)};
    Event& opened = add(events, r, now, EventKind::opened);
    opened.role = role_of(r.role);
    opened.state = state_of(r);
    if (r.kind == UNCORK_RECORD_OPEN) return events;
  }
  Socket& socket = sockets_[r.cookie];
  if (socket.fresh && r.kind == UNCORK_RECORD_SEND && r.write_seq == socket.write_seq) {
    // The witness met this connection in the middle of its life, by this very send, which is its first event.
    socket.write_seq -= r.data_bytes;
    if (advance(socket.write_seq, socket.snd_nxt) != 0) socket.snd_nxt = socket.write_seq;
  }
  tell_what_was(socket, r, events);
  tell_what_happened(socket, r, now, events);
  socket.fresh = false;
  if (!events.empty()) socket.last_us = micros_of(events.back().event.at);
  if (r.kind == UNCORK_RECORD_CLOSE) sockets_.erase(r.cookie);
  return events;
}

void RecordDecoder::tell_what_was(Socket& socket, const uncork_record& r, std::vector<SocketEvent>& events) {
  if (r.arrived_us != 0) add(events, r, r.arrived_us, EventKind::received, r.arrived_bytes);
  const bool credits = r.window_limited_us != 0 || r.buffer_limited_us != 0;
  if (credits && !socket.fresh) {  // of a fresh one they belong to the time before its ledger
    Event& limits = add(events, r, r.arrived_us != 0 ? r.arrived_us : socket.last_us, EventKind::sampled);
    limits.state = socket.state;
    limits.state.window_limited_for = core::Micros(r.window_limited_us);
    limits.state.buffer_limited_for = core::Micros(r.buffer_limited_us);
  }
  if (r.kind == UNCORK_RECORD_READ) return;
  const std::uint32_t wrote = advance(socket.write_seq, r.write_seq);
  const std::uint32_t sent = advance(socket.snd_nxt, r.snd_nxt);
  // A FIN takes a sequence number too, but nobody wrote it. Sends and segments are told of before the FIN only.
  const bool fin = r.kind == UNCORK_RECORD_CLOSE || (r.kind == UNCORK_RECORD_RETRANSMIT && wrote == 1);
  if (wrote != 0 && !fin) add(events, r, r.transmit_us, EventKind::wrote, wrote);
  if (sent != 0) add(events, r, r.transmit_us, EventKind::sent, sent);
  socket.write_seq = r.write_seq;
  socket.snd_nxt = r.snd_nxt;
}

void RecordDecoder::tell_what_happened(Socket& socket, const uncork_record& r, std::uint64_t now,
                                       std::vector<SocketEvent>& events) {
  const auto look = [&](std::uint64_t at_us) {
    socket.state = state_of(r);
    add(events, r, at_us, EventKind::sampled).state = socket.state;
  };
  switch (r.kind) {
    case UNCORK_RECORD_SEND:
      look(r.transmit_us);
      break;
    case UNCORK_RECORD_SEGMENT: {
      // What left ended the hold before it; how the sender looks now is how it has looked since then.
      const bool left = !events.empty() && events.back().event.kind == EventKind::sent;
      if (left && state_of(r) != socket.state) look(r.transmit_us);
      if (r.now_us != 0 || state_of(r) != socket.state) look(now);
      const std::uint32_t acked = advance(socket.acked, r.ack_seq);
      if (acked != 0) add(events, r, now, EventKind::acked, acked).on_data = r.data_bytes != 0;
      socket.acked += acked;
      break;
    }
    case UNCORK_RECORD_READ:
      add(events, r, now != 0 ? now : socket.last_us, EventKind::read, r.arrived_bytes);
      break;
    case UNCORK_RECORD_RETRANSMIT:
      add(events, r, now, EventKind::retransmitted);
      socket.state.recovering = state_of(r).recovering;
      add(events, r, now, EventKind::sampled).state = socket.state;
      break;
    case UNCORK_RECORD_CLOSE:
      add(events, r, now, EventKind::closed);
      break;
    default:
      break;
  }
}

core::Result<ConnectionRow> decode_row(std::span<const std::byte> bytes) {
  const auto copied = copy_out<uncork_socket_row>(bytes, "kernel row");
  if (!copied) return core::fail(copied.error());
  const uncork_socket_row& r = *copied;
  if (r.name.family != AF_INET && r.name.family != AF_INET6) {
    return core::fail(core::invalid_argument("kernel row: unknown address family " + std::to_string(r.name.family)));
  }
  ConnectionRow row;
  row.where.cookie = r.name.cookie;
  row.where.process.pid = static_cast<std::int32_t>(r.pid);
  row.where.process.command.assign(r.command, strnlen(r.command, sizeof r.command));
  row.where.local = endpoint_of(r.name.family, r.name.local, r.name.local_port);
  row.where.remote = endpoint_of(r.name.family, r.name.remote, r.name.remote_port);
  row.where.netns = "net:[" + std::to_string(r.name.netns) + "]";
  row.where.nodelay = r.nodelay != 0;
  row.is_writer = r.writer_pid == r.pid;
  row.fd = r.fd;
  row.ended = r.ended != 0;
  row.account = stall::account_of(r.flow);
  return row;
}

}  // namespace uncork::probe
