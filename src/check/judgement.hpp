#pragma once
// Whether a service passes: what it lost to holds, an exchange in the mean, against a limit.

#include "check/services.hpp"
#include "core/clock.hpp"
#include "stall/verdict.hpp"

namespace uncork::check {

struct Judgement {
  Service service;
  stall::Verdict verdict;       ///< of the whole service; `where` is the connection that lost most
  core::Micros an_exchange{0};  ///< lost to holds, in the mean
  bool failed = false;
};

/// Fails what lost more than `limit` an exchange in the mean because Nagle, TCP_CORK or MSG_MORE held bytes, if that loss matters
/// by the rules by which `uncork watch` accuses. Windows, buffers and the path fail nobody: in a suite a reader may be slower
/// than its writer, and the path is our own link.
[[nodiscard]] Judgement judge(Service service, core::Micros limit, stall::Confidence confidence);

}  // namespace uncork::check
