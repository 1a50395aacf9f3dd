#include "cli/store/asked_span.hpp"

#include "cli/store/options.hpp"

namespace uncork::cli {

core::Result<sink::Span> span_of(const AskedSpan& asked) {
  constexpr std::int64_t kUsual = 600'000'000'000;
  if (asked.at) return sink::Span{*asked.at, *asked.at + 1};  // rounded to its minute
  const std::int64_t until = asked.until.value_or(wall_clock_ns());
  const sink::Span span{asked.since.value_or(until - kUsual), until};
  if (span.from_ns >= span.until_ns) return core::fail(core::invalid_argument("--since must be before --until"));
  return span;
}

core::Result<std::string> polls_there_are(sink::Reader& reader) {
  const auto polled = reader.polled();
  if (!polled) return core::fail(polled.error());
  if (!*polled) return std::string("; there is no poll at all");
  return "; there are polls from " + span_text((*polled)->from_ns, (*polled)->until_ns);
}

}  // namespace uncork::cli
