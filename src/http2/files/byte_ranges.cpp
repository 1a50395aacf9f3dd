#include "http2/files/byte_ranges.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <span>

#include "http2/files/list_text.hpp"

namespace uncork::http2 {
namespace {

/// Digits and nothing else; more than fits is the largest number, which is behind the end of any file.
std::optional<std::uint64_t> number_of(std::string_view digits) {
  if (digits.empty()) return std::nullopt;
  constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    value = value > (kMost - digit) / 10 ? kMost : value * 10 + digit;
  }
  return value;
}

/// One range of a file of `size` bytes: nothing if it is malformed, of length 0 if it is not satisfiable.
std::optional<ByteRange> parse_range(std::string_view text, std::uint64_t size) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::string_view before = text.substr(0, dash);
  const std::string_view behind = text.substr(dash + 1);
  if (before.empty()) {
    const auto suffix = number_of(behind);
    if (!suffix) return std::nullopt;
    const std::uint64_t length = std::min(*suffix, size);
    return ByteRange{size - length, length};
  }
  const auto first = number_of(before);
  const auto last = behind.empty() ? std::optional(std::numeric_limits<std::uint64_t>::max()) : number_of(behind);
  if (!first || !last || *last < *first) return std::nullopt;
  if (*first >= size) return ByteRange{0, 0};
  return ByteRange{*first, std::min(*last, size - 1) - *first + 1};
}

/// The one range that these are together; nothing if there is a gap.
std::optional<ByteRange> united(std::span<ByteRange> ranges) {
  std::ranges::sort(ranges, {}, &ByteRange::offset);
  std::uint64_t end = ranges.front().offset;
  for (const ByteRange& range : ranges) {
    if (range.offset > end) return std::nullopt;
    end = std::max(end, range.offset + range.length);
  }
  return ByteRange{ranges.front().offset, end - ranges.front().offset};
}

}  // namespace

RangeChoice choose_range(std::string_view value, std::uint64_t size) {
  std::string_view rest = trimmed(value);
  const std::size_t equals = rest.find('=');
  if (equals == std::string_view::npos || !is_word(rest.substr(0, equals), "bytes")) return {};
  rest.remove_prefix(equals + 1);
  std::array<ByteRange, kMostRanges> ranges;
  std::size_t seen = 0;
  std::size_t count = 0;
  while (!rest.empty()) {
    const std::string_view element = take_until(',', rest);
    if (element.empty()) continue;
    const auto range = parse_range(element, size);
    if (!range || ++seen > kMostRanges) return {};
    // The last bytes of an empty file are satisfiable and yet no bytes, which no Content-Range can say (RFC 9110 14.1.2): 200.
    if (size == 0 && element.front() == '-' && element.find_first_not_of("-0") != std::string_view::npos) return {};
    if (range->length > 0) ranges[count++] = *range;
  }
  if (seen == 0) return {};
  if (count == 0) return {RangeOutcome::unsatisfiable, {}};
  const auto part = united(std::span(ranges).first(count));
  return part ? RangeChoice{RangeOutcome::part, *part} : RangeChoice{};
}

}  // namespace uncork::http2
