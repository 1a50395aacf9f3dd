#include "cli/sockets/process_names.hpp"

#include <algorithm>

#include "probe/processes.hpp"

namespace uncork::cli {
namespace {

bool lacks_process(const record::Row& row) {
  return row.row_kind == record::RowKind::socket && !row.knows(record::Block::process) && row.knows(record::Block::owner) &&
         row.inet_diag_msg_inode != 0;
}

}  // namespace

void name_processes(probe::Look& look, record::Texts& texts) {
  if (std::ranges::none_of(look.rows, lacks_process)) return;
  const auto holders = probe::find_socket_holders();
  if (!holders) return;  // a look without names is still one
  for (record::Row& row : look.rows) {
    const probe::SocketHolder* const holder = lacks_process(row) ? holders->first(row.inet_diag_msg_inode) : nullptr;
    if (holder == nullptr) continue;
    row.pid = static_cast<std::uint32_t>(holder->pid);
    row.fd = static_cast<std::uint32_t>(std::max(holder->fd, 0));
    row.command = texts.keep(holder->command);
    row.blocks |= record::Block::process;
  }
}

}  // namespace uncork::cli
