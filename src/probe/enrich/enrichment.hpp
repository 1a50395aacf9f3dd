#pragma once
// What the rows of a look get beside what the kernel's lists say: lost time while we follow, processes from /proc where BPF told
// none, cgroups and containers.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_set>
#include <utility>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "probe/enrich/enricher.hpp"
#include "probe/look/look.hpp"
#include "probe/witness.hpp"
#include "record/texts.hpp"

namespace uncork::probe {

struct EnrichmentOptions {
  EnrichOptions enrich{};
  bool ledgers =
      false;  ///< attach the witness, for lost time: of looks that follow each other, since it knows what happens from now on
  UseBpf bpf = UseBpf::automatic;
  std::size_t services = 0;  ///< with the sums of so many services; 0: none are kept
  /// What the witness's poll() brings beside them; looks need none of it.
  TellConnections tell{.open = false, .ended = false, .quiet = false};
};

/// Lives as long as the Looker and the rows that it has filled in. One thread.
class Enrichment {
 public:
  /// Tells `look` of the witness. Fails only where BPF must be used and cannot.
  [[nodiscard]] static core::Result<std::unique_ptr<Enrichment>> open(EnrichmentOptions options, LookOptions& look);

  /// The texts that it fills in live as long as the row's own.
  void apply(Look& look);

  /// Null: lost time is not asked for, or BPF cannot be used.
  [[nodiscard]] Witness* witness() const { return witness_.get(); }

 private:
  explicit Enrichment(EnrichOptions options) : enricher_(texts_, std::move(options)) {}

  void name_processes(Look& look);

  record::Texts texts_;
  Enricher enricher_;
  std::unique_ptr<Witness> witness_;
  std::unordered_set<std::uint64_t> nobodys_;  // cookies of sockets whose process was not found
  core::Time search_again_at_{};
};

}  // namespace uncork::probe
