#pragma once
// What the rows of a look get beside what inet_diag says: processes, options and lost time from BPF, else processes from /proc;
// cgroups and containers.

#include <memory>
#include <string>
#include <vector>

#include "cli/sockets/options.hpp"
#include "core/result.hpp"
#include "probe/enrich/enricher.hpp"
#include "probe/look/look.hpp"
#include "probe/socket_pass.hpp"
#include "probe/witness.hpp"
#include "record/texts.hpp"

namespace uncork::cli {

/// Lives as long as the rows that it has filled in.
class Enrichment {
 public:
  /// Loads the pass over all sockets unless `--bpf no`, and attaches the witness where looks follow each other, since it knows
  /// lost time only of what happens while it watches. Fails only for `--bpf yes`.
  [[nodiscard]] static core::Result<std::unique_ptr<Enrichment>> open(const SocketsOptions& options);

  /// Fills in what it can; what it cannot becomes a limit of the look.
  void apply(probe::Look& look);

 private:
  Enrichment() : enricher_(texts_) {}
  core::Status open_pass(bool follows);
  core::Status join(probe::Look& look);

  record::Texts texts_;
  probe::Enricher enricher_;
  std::unique_ptr<probe::Witness> witness_;
  std::unique_ptr<probe::SocketPass> pass_;
  std::vector<record::Row> passed_;
  std::string why_without_;
};

}  // namespace uncork::cli
