#include "probe/enrich/enrichment.hpp"

#include <algorithm>
#include <utility>

#include "core/clock.hpp"
#include "probe/processes.hpp"

namespace uncork::probe {
namespace {

using record::Block;
using record::Row;

bool lacks_process(const Row& row) {
  return row.row_kind == record::RowKind::socket && !row.knows(Block::process) && row.knows(Block::owner) &&
         row.inet_diag_msg_inode != 0;
}

}  // namespace

// One pass over the descriptors of every process that this user may look into, where there is a socket without a process that was
// not looked for in vain a minute ago.
void Enrichment::name_processes(Look& look) {
  constexpr core::Micros kBetweenVainSearches = std::chrono::minutes(1);
  const core::Time now = core::MonotonicClock::now();
  if (now >= search_again_at_) nobodys_.clear();
  const auto is_wanted = [&](const Row& row) {
    return lacks_process(row) && !nobodys_.contains(row.inet_diag_msg_socket_cookie);
  };
  if (std::ranges::none_of(look.rows, is_wanted)) return;
  const auto holders = find_socket_holders();
  if (!holders) return;  // a look without names is still one
  nobodys_.clear();
  search_again_at_ = now + kBetweenVainSearches;
  for (Row& row : look.rows) {
    if (!lacks_process(row)) continue;
    const SocketHolder* const holder = holders->first(row.inet_diag_msg_inode);
    if (holder == nullptr) {
      nobodys_.insert(row.inet_diag_msg_socket_cookie);
      continue;
    }
    row.pid = static_cast<std::uint32_t>(holder->pid);
    row.fd = static_cast<std::uint32_t>(std::max(holder->fd, 0));
    row.command = texts_.keep(holder->command);
    row.blocks |= Block::process;
  }
}

core::Result<std::unique_ptr<Enrichment>> Enrichment::open(EnrichmentOptions options, LookOptions& look) {
  std::unique_ptr<Enrichment> enrichment(new Enrichment(std::move(options.enrich)));
  if (!options.ledgers || options.bpf == UseBpf::no) return enrichment;
  constexpr std::size_t kNothingEnded = 4096;  // the look reads the ledgers along
  constexpr std::size_t kEnded = 512 << 10;    // hundreds between two polls; it is mapped twice
  auto witness = Witness::attach(
      {.tell = options.tell, .services = options.services, .ended_bytes = options.tell.ended ? kEnded : kNothingEnded});
  if (!witness && options.bpf == UseBpf::yes) return core::fail(witness.error());
  if (!witness) return enrichment;  // for the reason that the look has for doing without BPF
  enrichment->witness_ = std::move(*witness);
  look.witness = enrichment->witness_.get();
  return enrichment;
}

void Enrichment::apply(Look& look) {
  name_processes(look);
  enricher_.enrich(look.rows, core::MonotonicClock::now());
  look.limits.insert(look.limits.end(), enricher_.limits().begin(), enricher_.limits().end());
  if (!texts_.wants_sweep()) return;
  for (const record::Row& row : look.rows) record::hold_texts(row);
  enricher_.hold_texts();
  texts_.sweep();
}

}  // namespace uncork::probe
