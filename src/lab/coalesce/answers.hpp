#pragma once
// The second part of the scenario `coalesce`: answers of one to four writes, pipelined or one by one, with and without a lone
// message before them.

#include <functional>
#include <optional>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "lab/coalesce/answer_server.hpp"
#include "probe/source.hpp"

namespace uncork::lab {

struct CoalesceOptions;

/// What one program made of it. Rates are per round, so that those of the same round can be compared.
struct AnswerSide {
  std::vector<double> answers_per_second;  ///< one figure a round
  std::optional<double> sends_per_answer;  ///< as the kernel counted them; nothing without the witness
};

/// The same answers by plain Asio and by coalescing_stream.
struct AnswerRow {
  AnswerProtocol protocol = AnswerProtocol::redis;
  bool pipelined = false;  ///< kPipelined requests at once; else one, and the next when it is answered
  bool greeted = false;    ///< a lone message goes before, each round
  unsigned writes = 1;     ///< an answer
  AnswerSide plain;
  AnswerSide coalesced;
};

inline constexpr unsigned kPipelined = 200;

/// `source` must be watching already; `go_on` may return false to stop early.
[[nodiscard]] core::Result<std::vector<AnswerRow>> run_answers(const CoalesceOptions& options, probe::Source& source,
                                                               const std::function<bool()>& go_on);

}  // namespace uncork::lab
