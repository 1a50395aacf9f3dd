#pragma once
// Network namespaces that are made and deleted without pause beside others that last, and a watcher that must see them all: the
// soak that xtcp2 publishes, judged by whether rows are right, not by whether there are any.

#include <cstdint>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/json.hpp"
#include "core/result.hpp"
#include "lab/criteria.hpp"
#include "lab/sockets/soak.hpp"

namespace uncork::lab {

struct ChurnOptions {
  unsigned namespaces = 200;    ///< that come and go, at any time; a quarter as many last beside them, at least two
  core::Micros every{100'000};  ///< one is deleted and one made
  unsigned sockets = 20;        ///< in each that lasts; the others have as many, but seven at most
  core::Micros duration{120'000'000};
  core::Micros poll{1'000'000};  ///< between two looks of the watcher
};

struct ChurnResult {
  ChurnOptions options;
  unsigned lasting = 0;
  std::uint64_t deleted = 0;
  SoakFigures figures;
  std::vector<Criterion> criteria;
};

[[nodiscard]] unsigned lasting_spaces(const ChurnOptions& options);

/// Deletes the namespace that is oldest, in one of three ways in turn: its sockets closed first, its name gone first, or its
/// sockets closed only when the next is deleted. Every second new one takes the name of the one that has just gone, and mostly
/// gets its inode too. Needs root. `command` replaces the watcher, for tests. Errors: as of World::open and run_soak.
[[nodiscard]] core::Result<ChurnResult> run_churn(const ChurnOptions& options, const SoakObserver& observer,
                                                  const std::vector<std::string>& command = {});

[[nodiscard]] std::vector<Criterion> judge_churn(const ChurnResult& result);

/// What was measured, beside what is published, then the criteria.
[[nodiscard]] std::string churn_text(const ChurnResult& result);
[[nodiscard]] core::Json churn_json(const ChurnResult& result);

}  // namespace uncork::lab
