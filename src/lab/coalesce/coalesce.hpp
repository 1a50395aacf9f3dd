#pragma once
// What write coalescing buys and what it costs: the same server over four kinds of writes, plain and with TLS, under watch.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/histogram.hpp"
#include "core/json.hpp"
#include "core/result.hpp"
#include "lab/coalesce/answers.hpp"
#include "lab/coalesce/message_server.hpp"
#include "lab/criteria.hpp"
#include "probe/source.hpp"

namespace uncork::lab {

struct CoalesceOptions {
  unsigned messages = 100;            ///< a turn
  unsigned rounds = 7;                ///< in each, every cell has its turn
  core::Micros slice{100'000};        ///< a cell's time in a round
  core::Micros answer_slice{20'000};  ///< the same for a row of answers
};

/// One cell as it was measured. Rates are per round, so that cells of the same round can be compared.
struct CoalesceRow {
  Transport transport = Transport::tcp;
  MessageWrites writes = MessageWrites::nodelay;
  std::uint64_t messages = 0;
  std::vector<double> messages_per_second;  ///< one figure a round
  double cpu_ns_per_message = 0;            ///< of the server's process
  std::optional<double> sends_per_message;  ///< as the kernel counted them; nothing without the witness
  std::optional<core::Micros> held;         ///< by Nagle or a cork, the witness says
  core::Histogram lone;                     ///< the round trip of a request for one message
  std::vector<core::Micros> lone_medians;   ///< one figure a round
};

struct CoalesceResult {
  std::vector<CoalesceRow> rows;
  std::vector<AnswerRow> answers;
  std::vector<Criterion> criteria;
};

/// Runs the scenario; `source` must be watching already. `on_progress` (rounds done; one and two more for lone
/// messages and for answers) may return false to stop early.
[[nodiscard]] core::Result<CoalesceResult> run_coalesce(const CoalesceOptions& options, probe::Source& source,
                                                        const std::function<bool(unsigned)>& on_progress);

/// `TRANSPORT WRITES …`, a line a row, the same for answers, then the criteria.
[[nodiscard]] std::string coalesce_text(const CoalesceResult& result);
[[nodiscard]] core::Json coalesce_json(const CoalesceResult& result);

}  // namespace uncork::lab
