#include "cli/watch/filter_row.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "cli/watch/process_cgroup.hpp"
#include "probe/enrich/container_id.hpp"

namespace uncork::cli {
namespace {

using record::Block;
using record::Row;

template <typename T>
std::uint32_t clamped(T number) {
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(static_cast<std::uint64_t>(number), std::numeric_limits<std::uint32_t>::max()));
}

void add_account(const stall::Account& account, Row& row) {
  for (std::size_t i = 0; i < row.lost_us.size(); ++i) {
    row.lost_us.at(i) = static_cast<std::uint64_t>(account.budget[static_cast<stall::Cause>(i)].count());
    row.late_us.at(i) = static_cast<std::uint64_t>(account.late_by.at(i).total.count());
  }
  row.holds = clamped(account.holds);
  row.writes = clamped(account.writes);
  row.blocks |= Block::ledger;
}

void add_end(const stall::ConnectionEnd& where, record::Texts& texts, Row& row) {
  row.inet_diag_msg_family = where.local.family == core::Endpoint::Family::v4 ? AF_INET : AF_INET6;
  row.inet_diag_msg_socket_source = where.local.bytes;
  row.inet_diag_msg_socket_destination = where.remote.bytes;
  row.inet_diag_msg_socket_source_port = where.local.port;
  row.inet_diag_msg_socket_destination_port = where.remote.port;
  row.netns = texts.keep(where.netns);
  if (where.cookie != 0) {
    row.inet_diag_msg_socket_cookie = where.cookie;
    row.blocks |= Block::cookie;
  }
  if (!where.process.command.empty()) row.command = texts.keep(where.process.command);
  if (where.process.pid != 0) {
    row.pid = static_cast<std::uint32_t>(where.process.pid);
    row.blocks |= Block::process;
  }
  if (where.nodelay) {
    row.nodelay = *where.nodelay;
    row.blocks |= Block::options;
  }
}

}  // namespace

Row filter_row(const probe::ConnectionRow& connection, record::Texts& texts) {
  Row row{};
  add_end(connection.where, texts, row);
  add_account(connection.account, row);
  row.fd = static_cast<std::uint32_t>(std::max(connection.fd, 0));
  const probe::SocketShown& shown = connection.shown;
  row.tcp_info_rtt = clamped(shown.round_trip.count());
  row.tcp_info_total_retrans = shown.sent_again;
  row.tcp_info_snd_mss = shown.mss_bytes;
  row.tcp_info_snd_cwnd = shown.congestion_window;
  row.tcp_info_unacked = shown.in_flight;
  row.tcp_info_not_sent_bytes = shown.unsent_bytes;
  row.blocks |= Block::tcp_info | Block::tcp_info_4_6;
  row.corked = shown.corked;
  return row;
}

Row filter_row(const stall::Verdict& verdict, record::Texts& texts) {
  Row row{};
  add_end(verdict.where, texts, row);
  add_account(verdict.account, row);
  return row;
}

Row filter_row(const stall::ServiceVerdict& verdict, record::Texts& texts) {
  Row row{};
  const stall::ServiceKey& key = verdict.service.key;
  row.command = texts.keep(key.command);
  row.netns = texts.keep(key.netns);
  add_account(verdict.service.account, row);
  // A filter takes the cause with the greatest loss; where single connections are accused, theirs is another.
  const auto most = std::ranges::max_element(row.lost_us);
  if (stall::is_stall(verdict.cause)) std::swap(*most, row.lost_us.at(static_cast<std::size_t>(verdict.cause)));
  return row;
}

void add_cgroup(Row& row, record::Texts& texts) {
  if (!row.knows(Block::process)) return;
  const std::string text = cgroup_text(static_cast<std::int32_t>(row.pid));
  const std::string path = cgroup_path_in(text);
  if (!path.empty()) row.cgroup_path = texts.keep(path);
  const probe::Container container = probe::container_in_cgroup(text);
  if (!container.id.empty()) row.container_id = texts.keep(container.id);
}

}  // namespace uncork::cli
