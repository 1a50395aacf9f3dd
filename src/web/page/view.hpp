#pragma once
// What somebody who looks at the page wants to see: a span of time, what a line is of, and which lines.

#include <cstdint>
#include <string>

#include "core/result.hpp"
#include "sink/store/timeline.hpp"
#include "web/page/params.hpp"

namespace uncork::web {

enum class Lines : std::uint8_t { service, peer, container, process };
[[nodiscard]] std::string_view name(Lines lines);

/// Times stay as they were said, since `10m` means another time at every poll. A value; its parts have been checked.
struct View {
  std::string since = "10m";
  std::string until = "now";
  Lines by = Lines::service;
  std::string filter;

  auto operator<=>(const View&) const = default;
  [[nodiscard]] core::Result<sink::Span> span(std::int64_t now_ns) const;
};

/// Out of the parameters since, until, by, filter. Errors begin with the name of the one that is wrong.
[[nodiscard]] core::Result<View> view_of(const Params& params, std::int64_t now_ns);

/// Out of the parameters service (the program's name), role, port, netns, container.
[[nodiscard]] core::Result<sink::ServicesLike> services_like(const Params& params);

/// What a browser sends over its WebSocket: an object of texts, such as `{"since":"10m","filter":"port 8001"}`, as parameters.
/// At most kLongestWish bytes.
[[nodiscard]] core::Result<Params> parse_wish(std::string_view text);
inline constexpr std::size_t kLongestWish = 8192;

}  // namespace uncork::web
