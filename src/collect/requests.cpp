#include "collect/requests.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>

#include "core/duration.hpp"

namespace uncork::collect {
namespace {

using core::fail;
using core::Status;

/// Whether `time` is one of the accepted; `name` is what errors call it.
Status check(std::string_view name, core::Micros time, core::Micros least, core::Micros most) {
  if (time >= least && time <= most) return {};
  return fail(core::invalid_argument(fmt::format("{}: {} to {} are accepted, not {}", name, core::to_string(least),
                                                 core::to_string(most), core::to_string(time))));
}

}  // namespace

Changeable Changeable::of(const Settings& settings) {
  return {.interval = settings.interval,
          .jitter = settings.jitter,
          .hostname = settings.hostname,
          .location = settings.location,
          .label = settings.label,
          .tag = settings.tag};
}

void Changeable::apply(Settings& settings) const {
  settings.interval = interval;
  settings.jitter = jitter;
  settings.hostname = hostname;
  settings.location = location;
  settings.label = label;
  settings.tag = tag;
}

void Requests::trigger() {
  const std::lock_guard lock(mutex_);
  waiting_.trigger = true;
}

Status Requests::burst(std::uint32_t count, core::Micros apart) {
  if (count < 1 || count > kMostPolls)
    return fail(core::invalid_argument(fmt::format("count: 1 to {} are accepted, not {}", kMostPolls, count)));
  if (auto checked = check("interval", apart, kLeastApart, kMostApart); !checked) return checked;
  const std::lock_guard lock(mutex_);
  waiting_.burst = Burst{count, apart};
  return {};
}

Status Requests::change(const Changeable& to) {
  if (auto checked = check("poll_frequency", to.interval, kLeastInterval, kMostInterval); !checked) return checked;
  if (!(to.jitter >= 0 && to.jitter <= 1)) return fail(core::invalid_argument("poll_jitter_pct: 0 to 100 are accepted"));
  const std::array<std::pair<std::string_view, const std::string*>, 4> texts = {
      {{"hostname", &to.hostname}, {"location", &to.location}, {"label", &to.label}, {"tag", &to.tag}}};
  for (const auto& [name, text] : texts) {
    if (text->size() > kLongestText)
      return fail(
          core::invalid_argument(fmt::format("{}: at most {} bytes are accepted, not {}", name, kLongestText, text->size())));
    if (text->contains('\0')) return fail(core::invalid_argument(fmt::format("{}: a text has no zero byte", name)));
  }
  const std::lock_guard lock(mutex_);
  to.apply(settings_);
  waiting_.change = to;
  return {};
}

Requests::Taken Requests::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(waiting_, Taken{});
}

void Requests::follow(const Settings& settings) {
  const std::lock_guard lock(mutex_);
  settings_ = settings;
  if (waiting_.change) waiting_.change->apply(settings_);
}

Settings Requests::settings() const {
  const std::lock_guard lock(mutex_);
  return settings_;
}

}  // namespace uncork::collect
