#include "probe/sampled_connections.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace uncork::probe {
namespace {

SocketShown shown_by(const TcpInfo& info) {
  return {core::Micros(info.rtt_us),
          info.total_retrans,
          info.snd_mss,
          info.snd_cwnd,
          info.unacked,
          info.notsent_bytes.value_or(0),
          false};
}

}  // namespace

void SampledConnections::take(const SocketList& list) {
  ++lists_;
  listening_.clear();
  for (const DiagSocket& socket : list.sockets) {
    if (socket.state == TcpState::listen) listening_.push_back(socket.local);
  }
  for (const DiagSocket& socket : list.sockets) {
    if (socket.state != TcpState::listen && socket.info) sample(socket);
  }
  if (!list.interrupted) end_missing();
}

void SampledConnections::sample(const DiagSocket& socket) {
  auto known = open_.find(socket.cookie);
  if (known == open_.end()) {
    const bool answers =
        std::ranges::any_of(listening_, [&](const core::Endpoint& listener) { return listener.port == socket.local.port; });
    const auto role = answers ? stall::Role::responder : stall::Role::requester;
    known = open_.try_emplace(socket.cookie, Connection{stall::SampledLedger(role), socket.local, socket.remote}).first;
  }
  Connection& connection = known->second;
  stall::Sample sample = sample_of(*socket.info, socket.at);
  sample.closed = socket.state != TcpState::established && socket.state != TcpState::close_wait;
  connection.ledger.feed(sample);
  connection.carried = connection.carried || sample.sent_bytes > 0 || sample.received_bytes > 0 || sample.unsent_bytes > 0;
  if (socket.inode != 0 && socket.inode != connection.inode) {  // accepted meanwhile
    connection.inode = socket.inode;
    connection.name_tries = 0;
  }
  connection.shown = shown_by(*socket.info);
  connection.seen_in = lists_;
}

void SampledConnections::end_missing() {
  for (auto connection = open_.begin(); connection != open_.end();) {
    if (lists_ - connection->second.seen_in < kMissesToEnd) {
      ++connection;
      continue;
    }
    if (connection->second.carried && ended_.size() < kEndedKept) {
      ended_.push_back(row_of(connection->first, connection->second, true));
    } else if (connection->second.carried) {
      ++dropped_;
    }
    connection = open_.erase(connection);
  }
}

bool SampledConnections::wants_names() const {
  return std::ranges::any_of(open_, [](const auto& entry) { return entry.second.wants_name(); });
}

void SampledConnections::give_names(const SocketHolders& holders) {
  for (auto& [cookie, connection] : open_) {
    if (connection.inode == 0) continue;
    if (const SocketHolder* holder = holders.first(connection.inode)) {
      connection.process = {holder->pid, holder->command};
      connection.fd = holder->fd;
    } else if (connection.process.pid == 0) {
      ++connection.name_tries;
    }
  }
}

std::size_t SampledConnections::nameless() const {
  return static_cast<std::size_t>(std::ranges::count_if(open_, [](const auto& entry) {
    const Connection& connection = entry.second;
    return connection.carried && connection.process.pid == 0 && connection.name_tries >= kNameTries;
  }));
}

ConnectionRow SampledConnections::row_of(std::uint64_t cookie, const Connection& connection, bool ended) const {
  ConnectionRow row;
  row.where.cookie = cookie;
  row.where.process = connection.process;
  row.where.local = connection.local;
  row.where.remote = connection.remote;
  row.where.netns = netns_;
  row.fd = connection.fd;
  row.ended = ended;
  row.role = connection.ledger.role();
  row.account = connection.ledger.account();
  row.shown = connection.shown;
  return row;
}

std::vector<ConnectionRow> SampledConnections::take_rows() {
  std::vector<ConnectionRow> rows = std::exchange(ended_, {});
  for (const auto& [cookie, connection] : open_) {
    if (connection.carried) rows.push_back(row_of(cookie, connection, false));
  }
  std::map<std::pair<core::Endpoint, core::Endpoint>, const stall::Process*> by_addresses;
  for (const ConnectionRow& row : rows) {
    if (row.where.process.pid == 0) continue;
    by_addresses.try_emplace({core::unmapped(row.where.local), core::unmapped(row.where.remote)}, &row.where.process);
  }
  for (ConnectionRow& row : rows) {
    const auto peer = by_addresses.find({core::unmapped(row.where.remote), core::unmapped(row.where.local)});
    if (peer != by_addresses.end()) row.where.peer = *peer->second;
  }
  return rows;
}

}  // namespace uncork::probe
