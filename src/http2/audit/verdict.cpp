#include "http2/audit/verdict.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace uncork::http2::audit {
namespace {

/// Statuses by which servers say that a request was too much, or was not taken for other reasons than its method and path.
bool refuses(unsigned status, unsigned healthy_status) noexcept {
  constexpr std::array kRefusals = {400U, 413U, 414U, 429U, 431U, 494U, 500U, 503U};  // 494 is nginx's own
  return status != healthy_status && std::ranges::find(kRefusals, status) != kRefusals.end();
}

bool is_reset(const StreamAnswer& stream) noexcept {
  // NO_ERROR tells that the rest of the request is not needed, not that it is too much (RFC 9113 8.1).
  return stream.reset && *stream.reset != static_cast<std::uint32_t>(errc::no_error);
}

Outcome ended(End end) {
  Outcome outcome;
  outcome.end = end;
  outcome.verdict = verdict_of(end);
  return outcome;
}

Outcome ended(End end, std::uint32_t code) {
  Outcome outcome = ended(end);
  outcome.code = code;
  return outcome;
}

}  // namespace

Outcome ending_of(const Probe& probe, const Answer& answer, LinkState link, std::uint32_t request, unsigned healthy_status) {
  // Who sent no preface has not said that this is HTTP/2: the answer may be in HTTP/1.1.
  if (!answer.fault().empty() && probe.sends_preface) {
    Outcome outcome = ended(End::fault);
    outcome.detail = answer.fault();
    return outcome;
  }
  if (probe.ends == Ends::stream) {
    const StreamAnswer stream = answer.stream(2 * request + 1);
    if (refuses(stream.status, healthy_status)) {
      Outcome outcome = ended(End::status);
      outcome.status = stream.status;
      return outcome;
    }
    if (is_reset(stream)) return ended(End::reset, *stream.reset);
  }
  if (answer.goaway()) return ended(End::goaway, *answer.goaway());
  if (link == LinkState::aborted) return ended(End::aborted);
  if (link == LinkState::closed) return ended(End::closed);
  return {};
}

Verdict verdict_of(End end) noexcept {
  switch (end) {
    case End::goaway:
    case End::reset:
    case End::status:
    case End::closed:
    case End::aborted:
      return Verdict::bounded;
    case End::served:
    case End::lives:
      return Verdict::served;
    case End::finished:
    case End::silent:
    case End::fault:
      break;
  }
  return Verdict::unclear;
}

std::string_view name_of(Verdict verdict) noexcept {
  constexpr std::array<std::string_view, 4> kNames = {"bounded", "served", "unclear", "died"};
  return kNames[static_cast<std::size_t>(verdict)];
}

std::string_view name_of(End end) noexcept {
  constexpr std::array<std::string_view, 10> kNames = {"goaway", "reset", "status",   "closed", "aborted",
                                                       "served", "lives", "finished", "silent", "fault"};
  return kNames[static_cast<std::size_t>(end)];
}

std::string name_of_code(std::uint32_t code) {
  const std::string_view name = http2::name_of(static_cast<errc>(code));
  return name.empty() ? std::to_string(code) : std::string(name);
}

}  // namespace uncork::http2::audit
