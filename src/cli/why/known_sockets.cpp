#include "cli/why/known_sockets.hpp"

#include <algorithm>
#include <numeric>

#include "core/endpoint.hpp"
#include "probe/processes.hpp"

namespace uncork::cli {
namespace {

using record::Block;
using record::Row;

core::Endpoint end_of(const Row& row, const record::Address& address, std::uint64_t port) {
  core::Endpoint end;
  end.family = row.address_size() == 4 ? core::Endpoint::Family::v4 : core::Endpoint::Family::v6;
  std::copy_n(address.begin(), row.address_size(), end.bytes.begin());
  end.port = static_cast<std::uint16_t>(port);
  return core::unmapped(end);
}

core::Endpoint local_of(const Row& row) {
  return end_of(row, row.inet_diag_msg_socket_source, row.inet_diag_msg_socket_source_port);
}
core::Endpoint remote_of(const Row& row) {
  return end_of(row, row.inet_diag_msg_socket_destination, row.inet_diag_msg_socket_destination_port);
}

/// A connection of the service, as far as rows say it.
bool is_of(const Row& row, const stall::Service& service) {
  if (!row.knows(Block::process) || row.inet_diag_msg_socket_destination_port == 0) return false;
  const stall::ServiceKey& key = service.key;
  const std::string process = std::string(row.command.view()) + "[" + std::to_string(row.pid) + "]";
  if (key.port == 0) return process == key.command;
  const auto port =
      key.role == stall::Role::responder ? row.inet_diag_msg_socket_source_port : row.inet_diag_msg_socket_destination_port;
  return row.command.view() == key.command && port == key.port;
}

core::Micros lost_of(const Row& row) {
  return core::Micros(static_cast<std::int64_t>(std::accumulate(row.lost_us.begin(), row.lost_us.end(), std::uint64_t{0})));
}

void add_worker(stall::Service& service, const Row& row) {
  const auto pid = static_cast<std::int32_t>(row.pid);
  auto worker = std::ranges::find(service.workers, pid, &stall::Worker::pid);
  if (worker == service.workers.end()) {
    const bool alive = probe::exists(pid) && probe::command_of(pid) == row.command.view();
    worker = service.workers.insert(worker, {pid, 0, 0, core::Micros(0), alive});
  }
  ++worker->connections;
  worker->lost += lost_of(row);
}

}  // namespace

std::string add_known_sockets(std::span<const sink::KnownSocket> sockets, stall::Service& service) {
  for (const sink::KnownSocket& socket : sockets) {
    const Row& row = socket.row;
    if (!is_of(row, service)) continue;
    add_worker(service, row);
    if (!service.worst || service.worst->lost < lost_of(row))
      service.worst = stall::Example{local_of(row), remote_of(row), lost_of(row)};
  }
  std::ranges::sort(service.workers, std::ranges::greater{}, &stall::Worker::lost);
  if (!service.worst) return "";
  const auto other = std::ranges::find_if(sockets, [&](const sink::KnownSocket& socket) {
    return socket.row.knows(Block::process) && local_of(socket.row) == service.worst->remote &&
           remote_of(socket.row) == service.worst->local;
  });
  return other == sockets.end() ? "" : std::string(other->row.command.view());
}

}  // namespace uncork::cli
