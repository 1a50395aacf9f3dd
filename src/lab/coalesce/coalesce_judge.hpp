#pragma once
// Whether the scenario `coalesce` showed what it must.

#include <string>
#include <vector>

#include "lab/coalesce/coalesce.hpp"

namespace uncork::lab {

/// `nagle`, `nodelay`, `msg_more`, `coalesced`; `tcp`, `tls`; `redis`, `http`: for scripts and arguments.
[[nodiscard]] std::string name(MessageWrites writes);
[[nodiscard]] std::string name(Transport transport);
[[nodiscard]] std::string name(AnswerProtocol protocol);

[[nodiscard]] double median(std::vector<double> values);
/// The median of numerators[i] / denominators[i], with the least and the greatest; nothing if there are none.
struct Ratio {
  double median = 0;
  double least = 0;
  double most = 0;
};
[[nodiscard]] std::optional<Ratio> paired_ratio(const std::vector<double>& numerators, const std::vector<double>& denominators);

[[nodiscard]] std::vector<Criterion> judge_coalesce(const std::vector<CoalesceRow>& rows, const CoalesceOptions& options);
/// Of each protocol the worst row counts.
[[nodiscard]] std::vector<Criterion> judge_answers(const std::vector<AnswerRow>& rows);

}  // namespace uncork::lab
