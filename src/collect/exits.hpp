#pragma once
// Where the rows of a collector go beside the store: each destination with envelopes of its own format, and a courier.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "collect/courier.hpp"
#include "collect/settings.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"
#include "record/envelope.hpp"
#include "record/row.hpp"

namespace uncork::collect {

/// The format of a destination: of what its file is called (`.jsonl`, `.csv`, `.tsv`, `.msgpack`, `.pb`, with `.zst` behind it or
/// not), else `usual`.
[[nodiscard]] std::string format_of(const std::string& destination, const std::string& usual);

/// The folder in `spool` for what waits for a destination: readable, and another one for each.
[[nodiscard]] std::string spool_folder(const std::string& spool, const std::string& destination);

/// One thread at a time; each courier has one of its own. Never waits for a destination.
class Exits {
 public:
  /// `spool`: the folder; empty: rows wait in memory alone. Errors: a destination or a format that is none, or a spool that
  /// another process uses; they name the destination.
  [[nodiscard]] static core::Result<Exits> open(const Settings& settings, const std::string& spool);

  void add(const record::Row& row, core::Time now);
  /// All rows of the poll are there.
  void end_poll();

  struct Stats {
    std::string name;
    CourierStats courier;
  };
  [[nodiscard]] std::vector<Stats> stats() const;
  /// What there is to tell, each once.
  [[nodiscard]] std::vector<std::string> take_messages();
  /// Delivers what it can until `deadline`; a sentence for each destination that has not got everything.
  [[nodiscard]] std::vector<std::string> stop(core::Time deadline);

  [[nodiscard]] std::size_t size() const { return exits_.size(); }

 private:
  struct Exit {
    std::unique_ptr<Courier> courier;
    std::unique_ptr<record::EnvelopeBuilder> builder;
  };
  std::vector<Exit> exits_;
};

}  // namespace uncork::collect
