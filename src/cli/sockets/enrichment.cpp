#include "cli/sockets/enrichment.hpp"

#include <algorithm>
#include <unordered_map>

#include "core/clock.hpp"
#include "probe/processes.hpp"

namespace uncork::cli {
namespace {

using record::Block;
using record::Row;

bool lacks_process(const Row& row) {
  return row.row_kind == record::RowKind::socket && !row.knows(Block::process) && row.knows(Block::owner) &&
         row.inet_diag_msg_inode != 0;
}

/// One pass over the descriptors of every process that this user may look into.
void name_processes(probe::Look& look, record::Texts& texts) {
  if (std::ranges::none_of(look.rows, lacks_process)) return;
  const auto holders = probe::find_socket_holders();
  if (!holders) return;  // a look without names is still one
  for (Row& row : look.rows) {
    const probe::SocketHolder* const holder = lacks_process(row) ? holders->first(row.inet_diag_msg_inode) : nullptr;
    if (holder == nullptr) continue;
    row.pid = static_cast<std::uint32_t>(holder->pid);
    row.fd = static_cast<std::uint32_t>(std::max(holder->fd, 0));
    row.command = texts.keep(holder->command);
    row.blocks |= Block::process;
  }
}

/// What only the pass knows of a socket.
void copy_passed(const Row& from, Row& into) {
  if (from.knows(Block::process)) {
    into.pid = from.pid;
    into.fd = from.fd;
    into.command = from.command;
    into.blocks |= Block::process;
  }
  if (from.knows(Block::options)) {
    into.nodelay = from.nodelay;
    into.corked = from.corked;
    into.blocks |= Block::options;
  }
  if (from.knows(Block::ledger)) {
    into.holds = from.holds;
    into.writes = from.writes;
    into.wrote_bytes = from.wrote_bytes;
    into.late_writes = from.late_writes;
    into.late_worst_us = from.late_worst_us;
    into.lost_us = from.lost_us;
    into.late_us = from.late_us;
    into.blocks |= Block::ledger;
  }
  if (from.knows(Block::exchanges)) {
    into.exchanges = from.exchanges;
    into.exchange_p50_us = from.exchange_p50_us;
    into.exchange_p99_us = from.exchange_p99_us;
    into.blocks |= Block::exchanges;
  }
  if (from.knows(Block::c_group) && !into.knows(Block::c_group)) {
    into.c_group = from.c_group;
    into.blocks |= Block::c_group;
  }
}

}  // namespace

core::Status Enrichment::open_pass(bool follows) {
  probe::SocketPassOptions options;
  if (follows) {
    auto witness = probe::Witness::attach();
    if (!witness) return core::fail(witness.error());
    witness_ = std::move(*witness);
    options.witness = witness_.get();
  }
  auto pass = probe::SocketPass::open(texts_, options);
  if (!pass) return core::fail(pass.error());
  pass_ = std::move(*pass);
  return {};
}

core::Result<std::unique_ptr<Enrichment>> Enrichment::open(const SocketsOptions& options) {
  std::unique_ptr<Enrichment> enrichment(new Enrichment);
  if (options.bpf == probe::UseBpf::no) return enrichment;
  const auto opened = enrichment->open_pass(options.follow.has_value());
  if (!opened && options.bpf == probe::UseBpf::yes) return core::fail(opened.error());
  if (!opened) enrichment->why_without_ = opened.error().message;
  return enrichment;
}

core::Status Enrichment::join(probe::Look& look) {
  if (auto read = pass_->read(Row{}, passed_); !read) return read;
  std::unordered_map<std::uint64_t, const Row*> by_cookie;
  by_cookie.reserve(passed_.size());
  for (const Row& row : passed_) by_cookie.emplace(row.inet_diag_msg_socket_cookie, &row);
  for (Row& row : look.rows) {
    const auto passed = by_cookie.find(row.inet_diag_msg_socket_cookie);
    if (passed != by_cookie.end() && row.knows(Block::cookie)) copy_passed(*passed->second, row);
  }
  return {};
}

void Enrichment::apply(probe::Look& look) {
  std::erase_if(look.limits, [](const std::string& limit) { return limit.starts_with("without BPF"); });  // of the dump alone
  std::string why = why_without_;
  if (pass_) {
    if (auto joined = join(look); !joined) why = joined.error().message;
  }
  if (!why.empty()) look.limits.push_back("no socket options and no lost time: " + why);
  name_processes(look, texts_);
  enricher_.enrich(look.rows, core::MonotonicClock::now());
}

}  // namespace uncork::cli
