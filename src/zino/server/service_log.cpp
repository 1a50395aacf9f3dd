#include "zino/server/service_log.hpp"

#include <fmt/format.h>

#include <exception>
#include <utility>

#include "zino/protocol/text.hpp"

namespace uncork::zino {
namespace {

constexpr core::Micros kPeriod = std::chrono::seconds(1);

}  // namespace

void ServiceLog::pass(const std::string& line) noexcept {
  try {
    out_(line);
  } catch (const std::exception&) {
    ++unsaid_;  // where it goes is full, closed or gone: who is served is not to suffer for it
  }
}

void ServiceLog::pass_held(const Kind& kind) noexcept {
  if (kind.more == 0) return;
  if (kind.more == 1) return pass(kind.last);
  pass(fmt::format("{} (the last of {} like it)", kind.last, kind.more));
}

void ServiceLog::say(const std::string& kind, const std::string& line, core::Time now) noexcept {
  const auto found = kinds_.find(kind);
  if (found != kinds_.end() && now - found->second.said < kPeriod) {
    ++found->second.more;
    found->second.last = line;
    return;
  }
  if (found != kinds_.end()) pass_held(found->second);
  pass(line);
  kinds_.insert_or_assign(kind, Kind{now, 0, {}});
}

void ServiceLog::sweep(core::Time now) noexcept {
  for (auto at = kinds_.begin(); at != kinds_.end();) {
    Kind& kind = at->second;
    if (now - kind.said < kPeriod) {
      ++at;
    } else if (kind.more > 0) {
      pass_held(kind);
      kind = Kind{now, 0, {}};
      ++at;
    } else {
      at = kinds_.erase(at);
    }
  }
}

void ServiceLog::flush() noexcept {
  for (const auto& [kind, held] : std::exchange(kinds_, {})) pass_held(held);
}

}  // namespace uncork::zino
