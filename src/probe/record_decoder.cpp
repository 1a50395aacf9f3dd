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
  state.more = (r.flags & UNCORK_FLAG_MORE) != 0;
  state.buffer_fixed = (r.flags & UNCORK_FLAG_BUFFER_FIXED) != 0;
  state.paced = (r.flags & UNCORK_FLAG_PACED) != 0;
  return state;
}

EventKind kind_of(std::uint8_t kind) {
  switch (kind) {
    case UNCORK_RECORD_OPENED:
      return EventKind::opened;
    case UNCORK_RECORD_WROTE:
      return EventKind::wrote;
    case UNCORK_RECORD_SENT:
      return EventKind::sent;
    case UNCORK_RECORD_RECEIVED:
      return EventKind::received;
    case UNCORK_RECORD_ACKED:
      return EventKind::acked;
    case UNCORK_RECORD_READ:
      return EventKind::read;
    case UNCORK_RECORD_RETRANSMITTED:
      return EventKind::retransmitted;
    case UNCORK_RECORD_REPORTED:
      return EventKind::reported;
    case UNCORK_RECORD_FINISHED:
      return EventKind::finished;
    case UNCORK_RECORD_CLOSED:
      return EventKind::closed;
    default:  // LOOKED, LIMITED
      return EventKind::sampled;
  }
}

}  // namespace

stall::Role role_of(std::uint8_t role) {
  if (role == UNCORK_ROLE_REQUESTER) return stall::Role::requester;
  return role == UNCORK_ROLE_RESPONDER ? stall::Role::responder : stall::Role::unknown;
}

core::Endpoint endpoint_of(std::uint8_t family, const std::uint8_t (&address)[16], std::uint16_t port) {
  core::Endpoint endpoint;
  endpoint.family = family == AF_INET6 ? core::Endpoint::Family::v6 : core::Endpoint::Family::v4;
  std::copy(std::begin(address), std::end(address), endpoint.bytes.begin());
  endpoint.port = port;
  return core::unmapped(endpoint);
}

core::Result<std::vector<SocketEvent>> RecordDecoder::decode(std::span<const std::byte> bytes) {
  const auto record = copy_out<uncork_record>(bytes, "kernel record");
  if (!record) return core::fail(record.error());
  const uncork_record& r = *record;
  if (r.kind > UNCORK_RECORD_CLOSED) {
    return core::fail(core::invalid_argument("kernel record: unknown kind " + std::to_string(r.kind)));
  }
  std::vector<SocketEvent> events;
  Event event;
  event.at = time_of(r.at_us);
  event.kind = kind_of(r.kind);
  event.role = role_of(r.role);
  const auto [known, fresh] = states_.try_emplace(r.cookie);
  stall::SenderState& state = known->second;
  if (fresh && r.kind != UNCORK_RECORD_OPENED) {  // the record of its opening was dropped
    event.kind = EventKind::opened;
    event.state.mss_bytes = r.mss_bytes;
    events.push_back({r.cookie, event});
    event.state = {};
    event.kind = kind_of(r.kind);
  }
  switch (r.kind) {
    case UNCORK_RECORD_OPENED:
    case UNCORK_RECORD_LOOKED:
      event.state = state = state_of(r);
      break;
    case UNCORK_RECORD_LIMITED:
      event.state = state;
      event.state.window_limited_for = core::Micros(r.window_limited_us);
      event.state.buffer_limited_for = core::Micros(r.buffer_limited_us);
      break;
    case UNCORK_RECORD_SENT:
      if (const bool nodelay = (r.flags & UNCORK_FLAG_NODELAY) != 0; nodelay != state.nodelay) {
        state.nodelay = nodelay;
        Event changed = event;
        changed.kind = EventKind::option_changed;
        changed.state = state;
        events.push_back({r.cookie, changed});
      }
      event.bytes = r.bytes;
      break;
    case UNCORK_RECORD_RETRANSMITTED:
      event.fin_only = (r.flags & UNCORK_FLAG_FIN_ONLY) != 0;
      break;
    default:
      event.bytes = r.bytes;
      event.continued = r.kind == UNCORK_RECORD_WROTE && (r.flags & UNCORK_FLAG_CONTINUED) != 0;
      event.on_data = r.kind == UNCORK_RECORD_ACKED && (r.flags & UNCORK_FLAG_ON_DATA) != 0;
      break;
  }
  events.push_back({r.cookie, event});
  if (r.kind == UNCORK_RECORD_CLOSED) states_.erase(known);
  return events;
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
  row.host_pid = static_cast<std::int32_t>(r.host_pid);
  row.where.process.command.assign(r.command, strnlen(r.command, sizeof r.command));
  row.where.local = endpoint_of(r.name.family, r.name.local, r.name.local_port);
  row.where.remote = endpoint_of(r.name.family, r.name.remote, r.name.remote_port);
  row.where.netns = "net:[" + std::to_string(r.name.netns) + "]";
  row.where.nodelay = r.nodelay != 0;
  row.role = role_of(r.flow.role);
  row.is_writer = r.writer_pid == r.pid;
  row.fd = r.fd;
  row.ended = r.ended != 0;
  row.account = stall::account_of(r.flow);
  row.shown = {core::Micros(r.srtt_us), r.retransmits,  r.mss_bytes,  r.congestion_window,
               r.packets_out,           r.unsent_bytes, r.corked != 0};
  return row;
}

}  // namespace uncork::probe
