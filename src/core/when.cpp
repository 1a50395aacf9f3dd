#include "core/when.hpp"

#include <charconv>
#include <chrono>
#include <ctime>
#include <optional>

#include "core/duration.hpp"

namespace uncork::core {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

/// Exactly `digits` digits at the begin of `text`, which are taken off it.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
  int value = 0;
  if (text.size() < digits) return std::nullopt;
  for (const char c : text.substr(0, digits)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, std::string_view what) {
  if (!text.starts_with(what)) return false;
  text.remove_prefix(what.size());
  return true;
}

struct DayTime {
  int hour = 0;
  int minute = 0;
  int second = 0;
};

/// `14:03` or `14:03:20`.
std::optional<DayTime> take_day_time(std::string_view& text) {
  const auto hour = take_number(text, 2);
  if (!hour || !take(text, ":")) return std::nullopt;
  const auto minute = take_number(text, 2);
  if (!minute) return std::nullopt;
  std::optional<int> second = 0;
  if (take(text, ":")) second = take_number(text, 2);
  if (!second || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  return DayTime{*hour, *minute, *second};
}

/// `2026-11-27`, a day that there is.
std::optional<std::chrono::year_month_day> take_day(std::string_view& text) {
  constexpr int kFirstYear = 1970;
  constexpr int kLastYear = 2200;  // its nanoseconds fit into 64 bits
  const auto year = take_number(text, 4);
  if (!year || !take(text, "-")) return std::nullopt;
  const auto month = take_number(text, 2);
  if (!month || !take(text, "-")) return std::nullopt;
  const auto day = take_number(text, 2);
  if (!day || *year < kFirstYear || *year > kLastYear) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  return date.ok() ? std::optional(date) : std::nullopt;
}

enum class Zone : std::uint8_t { local, utc };

std::int64_t at(const std::chrono::year_month_day& day, const DayTime& time, Zone zone) {
  std::tm parts{};
  parts.tm_year = static_cast<int>(day.year()) - 1900;
  parts.tm_mon = static_cast<int>(static_cast<unsigned>(day.month())) - 1;
  parts.tm_mday = static_cast<int>(static_cast<unsigned>(day.day()));
  parts.tm_hour = time.hour;
  parts.tm_min = time.minute;
  parts.tm_sec = time.second;
  parts.tm_isdst = -1;
  return (zone == Zone::utc ? ::timegm(&parts) : std::mktime(&parts)) * kSecond;
}

std::chrono::year_month_day day_of(std::int64_t ns, Zone zone) {
  const auto when = static_cast<std::time_t>(ns / kSecond);
  std::tm parts{};
  if (zone == Zone::utc) {
    ::gmtime_r(&when, &parts);
  } else {
    ::localtime_r(&when, &parts);
  }
  return {std::chrono::year(parts.tm_year + 1900), std::chrono::month(static_cast<unsigned>(parts.tm_mon + 1)),
          std::chrono::day(static_cast<unsigned>(parts.tm_mday))};
}

std::chrono::year_month_day before(const std::chrono::year_month_day& day) {
  return std::chrono::year_month_day(std::chrono::sys_days(day) - std::chrono::days(1));
}

/// `7d`.
std::optional<std::int64_t> days_of(std::string_view text) {
  constexpr int kMostDays = 3650;
  int days = 0;
  const auto [end, err] = std::from_chars(text.data(), text.data() + text.size(), days);
  if (err != std::errc{} || end + 1 != text.data() + text.size() || *end != 'd' || days < 0 || days > kMostDays)
    return std::nullopt;
  return days * std::int64_t{86'400} * kSecond;
}

std::optional<std::int64_t> read_calendar(std::string_view text, std::int64_t now_ns) {
  const Zone zone = text.ends_with('Z') ? Zone::utc : Zone::local;
  if (zone == Zone::utc) text.remove_suffix(1);
  std::string_view rest = text;
  if (const auto day = take_day(rest)) {
    if (rest.empty()) return at(*day, {}, zone);
    if (!take(rest, "T") && !take(rest, " ")) return std::nullopt;
    const auto time = take_day_time(rest);
    return time && rest.empty() ? std::optional(at(*day, *time, zone)) : std::nullopt;
  }
  rest = text;
  const auto time = take_day_time(rest);
  if (!time || !rest.empty()) return std::nullopt;
  const auto today = day_of(now_ns, zone);
  const std::int64_t then = at(today, *time, zone);
  return then <= now_ns ? then : at(before(today), *time, zone);
}

}  // namespace

Result<std::int64_t> parse_when(std::string_view argument, std::string_view text, std::int64_t now_ns) {
  if (text == "now") return now_ns;
  if (const auto days = days_of(text)) return now_ns - *days;
  if (const auto ago = parse_duration(argument, text)) return now_ns - ago->count() * 1000;
  if (const auto then = read_calendar(text, now_ns)) return *then;
  return fail(invalid_argument(std::string(argument) + " '" + std::string(text.substr(0, 40)) +
                               "': not a time; give a time of day such as 14:03, a day with one such as 2026-11-27T14:03, or how "
                               "long ago it was, such as 10m or 7d"));
}

std::string local_time_text(std::int64_t ns_since_1970) {
  const auto when = static_cast<std::time_t>(ns_since_1970 / kSecond);
  std::tm parts{};
  ::localtime_r(&when, &parts);
  char text[64] = {};
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
  return text;
}

}  // namespace uncork::core
