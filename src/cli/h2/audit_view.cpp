#include "cli/h2/audit_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "core/count.hpp"
#include "core/duration.hpp"
#include "report/table.hpp"

namespace uncork::cli {
namespace {

using http2::audit::Bounds;
using http2::audit::End;
using http2::audit::Finding;
using http2::audit::Findings;
using http2::audit::Manner;
using http2::audit::Outcome;
using http2::audit::StepSize;
using http2::audit::Verdict;

constexpr std::size_t kWidthWithBytes = 100;
constexpr std::size_t kWidthWithFrames = 75;

std::string bytes_text(std::uint64_t bytes) {
  constexpr double kKib = 1024;
  const auto size = static_cast<double>(bytes);
  if (size < kKib) return fmt::format("{} B", bytes);
  return size < kKib * kKib ? fmt::format("{:.1f} KiB", size / kKib) : fmt::format("{:.1f} MiB", size / kKib / kKib);
}

std::string step_text(const StepSize& size) {
  return fmt::format("{} of {}", core::count_of(size.fields, "field"), bytes_text(size.decoded_bytes));
}

std::string end_text(const Outcome& outcome, const Bounds& bounds) {
  switch (outcome.end) {
    case End::goaway:
      return "GOAWAY " + http2::audit::name_of_code(outcome.code);
    case End::reset:
      return "RST_STREAM " + http2::audit::name_of_code(outcome.code);
    case End::status:
      return fmt::format("status {}", outcome.status);
    case End::closed:
      return "closed";
    case End::aborted:
      return "reset by TCP";
    case End::served:
      return "all served";
    case End::lives:
      return "lives longer than " + core::to_string(core::Micros(bounds.stall_for));
    case End::finished:
      return "the responses are too short to be held; give a longer one with --path";
    case End::silent:
      return "no answer in " + core::to_string(core::Micros(outcome.time));
    case End::fault:
      break;
  }
  return outcome.detail;
}

std::size_t count_of_verdict(const Findings& found, Verdict verdict) {
  return static_cast<std::size_t>(
      std::ranges::count(found.findings, verdict, [](const Finding& one) { return one.outcome.verdict; }));
}

core::Json to_json(const StepSize& size) { return {{"fields", size.fields}, {"decoded_bytes", size.decoded_bytes}}; }

}  // namespace

std::string sentence_of(const Finding& one, const Bounds& bounds) {
  const Outcome& outcome = one.outcome;
  std::string text = end_text(outcome, bounds);
  if (one.probe->manner == Manner::steps) {
    if (outcome.refused.fields != 0) text += " at " + step_text(outcome.refused);
    if (outcome.passed.fields != 0) text += (outcome.refused.fields != 0 ? "; served " : ", ") + step_text(outcome.passed);
  } else if (one.probe->manner == Manner::flood && outcome.resets > 1) {
    text += fmt::format("; {} {}", core::count_of(outcome.resets, "stream was reset", "streams were reset"),
                        http2::audit::name_of_code(outcome.resets_code));
  }
  return text;
}

std::string audit_table(const Findings& found, const Bounds& bounds, std::size_t width) {
  using report::Align;
  // What ended it is what is read: on a narrow terminal the figures make room for it.
  const bool has_bytes = width == 0 || width >= kWidthWithBytes;
  const bool has_frames = width == 0 || width >= kWidthWithFrames;
  std::vector<report::Column> columns = {{"probe", Align::left}, {"verdict", Align::left}};
  if (has_frames) columns.emplace_back("frames", Align::right);
  if (has_bytes) columns.emplace_back("bytes", Align::right);
  columns.emplace_back("after", Align::right);
  columns.emplace_back("what ended it", Align::left);
  report::Table table(std::move(columns));
  for (const Finding& one : found.findings) {
    const Outcome& outcome = one.outcome;
    std::vector<std::string> cells = {std::string(one.probe->name), std::string(http2::audit::name_of(outcome.verdict))};
    if (has_frames) cells.push_back(std::to_string(outcome.frames));
    if (has_bytes) cells.push_back(bytes_text(outcome.bytes));
    cells.push_back(core::to_string(core::Micros(outcome.time)));
    cells.push_back(sentence_of(one, bounds));
    table.add(std::move(cells));
  }
  return table.render(width, report::Fit::wrap);
}

std::string audit_summary(const Findings& found, std::size_t asked) {
  std::string text = fmt::format("{}: {} bounded, {} served without a limit, {} unclear", core::count_of(asked, "probe"),
                                 count_of_verdict(found, Verdict::bounded), count_of_verdict(found, Verdict::served),
                                 count_of_verdict(found, Verdict::unclear));
  if (count_of_verdict(found, Verdict::died) == 0) return text + "\n";
  const std::size_t left = asked - found.findings.size();
  return text + fmt::format("\nThe server answers nobody any more since the probe {}{}\n", found.findings.back().probe->name,
                            left == 0 ? "" : fmt::format("; {} not tried", core::count_of(left, "probe was", "probes were")));
}

core::Json to_json(const Finding& one) {
  const Outcome& outcome = one.outcome;
  core::Json json = {{"probe", one.probe->name},
                     {"what", one.probe->what},
                     {"verdict", http2::audit::name_of(outcome.verdict)},
                     {"end", http2::audit::name_of(outcome.end)},
                     {"frames", outcome.frames},
                     {"bytes", outcome.bytes},
                     {"microseconds", outcome.time.count()},
                     {"streams_reset", outcome.resets}};
  if (outcome.end == End::goaway || outcome.end == End::reset) {
    json["code"] = outcome.code;
    json["code_name"] = http2::audit::name_of_code(outcome.code);
  }
  if (outcome.end == End::status) json["status"] = outcome.status;
  if (outcome.end == End::fault) json["detail"] = outcome.detail;
  if (outcome.resets != 0) json["streams_reset_code"] = outcome.resets_code;
  if (outcome.passed.fields != 0) json["served"] = to_json(outcome.passed);
  if (outcome.refused.fields != 0) json["refused"] = to_json(outcome.refused);
  return json;
}

}  // namespace uncork::cli
