// Any bytes in place of a case file: a case within its bounds, or an error that points at a line.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/error.hpp"
#include "lab/field/action_parser.hpp"
#include "lab/field/case_parser.hpp"

namespace {

using uncork::lab::field::Case;
using uncork::lab::field::kMostActions;
using uncork::lab::field::kMostBytes;

void check(const Case& parsed) {
  UNCORK_ASSERT(parsed.repeat >= 2);
  for (const auto* side : {&parsed.client, &parsed.server}) {
    UNCORK_ASSERT(!side->actions.empty() && side->actions.size() <= kMostActions);
    for (const auto& action : side->actions) UNCORK_ASSERT(action.bytes <= kMostBytes && action.time.count() >= 0);
  }
  for (const auto& want : parsed.wants) UNCORK_ASSERT(!want.causes.empty());
  const Case well = cured(parsed);
  UNCORK_ASSERT(well.client.actions.size() <= parsed.client.actions.size());
  UNCORK_ASSERT(!wanted_lines(parsed).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed = uncork::lab::field::parse_case({reinterpret_cast<const char*>(data), size});
  if (parsed) {
    check(*parsed);
  } else {
    UNCORK_ASSERT(parsed.error().code == uncork::core::ErrorCode::invalid_argument && !parsed.error().message.empty());
  }
  return 0;
}
