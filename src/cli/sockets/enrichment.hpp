#pragma once
// What the rows of a look get beside what the kernel's lists say: lost time while we follow, processes from /proc where BPF told
// none, cgroups and containers.

#include <memory>
#include <utility>

#include "cli/sockets/options.hpp"
#include "core/result.hpp"
#include "probe/enrich/enricher.hpp"
#include "probe/look/look.hpp"
#include "probe/witness.hpp"
#include "record/texts.hpp"

namespace uncork::cli {

/// Lives as long as the Looker and the rows that it has filled in.
class Enrichment {
 public:
  /// Attaches the witness where looks follow each other (it knows lost time only of what happens while it watches), and tells
  /// `look` of it. Fails only for `--bpf yes`.
  [[nodiscard]] static core::Result<std::unique_ptr<Enrichment>> open(const SocketsOptions& options, probe::LookOptions& look);

  /// The texts that it fills in live as long as the row's own.
  void apply(probe::Look& look);

 private:
  explicit Enrichment(probe::EnrichOptions options) : enricher_(texts_, std::move(options)) {}

  record::Texts texts_;
  probe::Enricher enricher_;
  std::unique_ptr<probe::Witness> witness_;
};

}  // namespace uncork::cli
