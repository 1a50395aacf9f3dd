#include "zino/state/iso_time.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <ctime>
#include <initializer_list>

namespace uncork::zino {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Timestamp kFirst = std::chrono::sys_days(std::chrono::year(1) / 1 / 1);
constexpr Timestamp kLast = std::chrono::sys_days(std::chrono::year(9999) / 12 / 31) + days(1) - microseconds(1);
constexpr Duration kLongest = days(999'999'999 / 100);  // what fits into 63 bits of microseconds

/// `.764275` without trailing zeros; nothing for 0.
std::string fraction(microseconds part) {
  if (part == microseconds(0)) return {};
  std::string text = fmt::format(".{:06}", part.count());
  text.erase(text.find_last_not_of('0') + 1);
  return text;
}

/// Takes tokens off the front of a text.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] bool at_digit() const { return !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; }

  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// Exactly `width` digits.
  std::optional<int> digits(std::size_t width) {
    int value = 0;
    if (rest_.size() < width) return std::nullopt;
    for (std::size_t i = 0; i < width; ++i) {
      if (!at_digit()) return std::nullopt;
      value = value * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    return value;
  }
  /// Digits, up to 12 of them.
  std::optional<std::int64_t> number() {
    std::int64_t value = 0;
    std::size_t count = 0;
    for (; at_digit(); ++count) {
      if (count == 12) return std::nullopt;
      value = value * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    if (count == 0) return std::nullopt;
    return value;
  }
  /// What follows a decimal point: at least one digit, cut at microseconds.
  std::optional<microseconds> after_point() {
    if (!at_digit()) return std::nullopt;
    std::int64_t value = 0;
    std::int64_t unit = 100'000;
    for (; at_digit(); unit /= 10) {
      value += (rest_.front() - '0') * unit;
      rest_.remove_prefix(1);
    }
    return microseconds(value);
  }

 private:
  std::string_view rest_;
};

std::optional<std::chrono::year_month_day> take_date(Cursor& text) {
  const auto year = text.digits(4);
  if (!year || !text.take('-')) return std::nullopt;
  const auto month = text.digits(2);
  if (!month || !text.take('-')) return std::nullopt;
  const auto day = text.digits(2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok() || *year == 0) return std::nullopt;
  return date;
}

std::optional<microseconds> take_time_of_day(Cursor& text) {
  const auto hour = text.digits(2);
  if (!hour || *hour > 23 || !text.take(':')) return std::nullopt;
  const auto minute = text.digits(2);
  if (!minute || *minute > 59) return std::nullopt;
  microseconds time = hours(*hour) + minutes(*minute);
  if (!text.take(':')) return time;
  const auto second = text.digits(2);
  if (!second || *second > 59) return std::nullopt;
  time += seconds(*second);
  if (text.take('.') || text.take(',')) {
    const auto part = text.after_point();
    if (!part) return std::nullopt;
    time += *part;
  }
  return time;
}

/// Z or an offset; local time if there is neither. The end of the text must follow.
std::optional<Timestamp> in_zone(Timestamp wall, Cursor& text) {
  if (text.at_end()) {
    const auto whole = std::chrono::floor<seconds>(wall);
    const std::time_t as_utc =
        std::chrono::system_clock::to_time_t(std::chrono::time_point_cast<std::chrono::nanoseconds>(whole));
    std::tm broken{};
    ::gmtime_r(&as_utc, &broken);
    broken.tm_isdst = -1;
    const std::time_t local = std::mktime(&broken);
    return Timestamp(seconds(local)) + (wall - whole);
  }
  if (text.take('Z') || text.take('z')) return text.at_end() ? std::optional(wall) : std::nullopt;
  const bool behind = text.take('-');
  if (!behind && !text.take('+')) return std::nullopt;
  const auto hour = text.digits(2);
  text.take(':');
  const auto minute = text.digits(2);
  if (!hour || *hour > 23 || !minute || *minute > 59 || !text.at_end()) return std::nullopt;
  const microseconds offset = hours(*hour) + minutes(*minute);
  return behind ? wall + offset : wall - offset;
}

std::optional<double> plain_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, err] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (err != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

struct Unit {
  char letter;
  std::int64_t seconds;
};

/// Numbers with the letters of `units` in their order, each at most once; whether there was any.
std::optional<bool> take_units(Cursor& text, std::initializer_list<Unit> units, microseconds& sum) {
  const Unit* next = units.begin();
  bool any = false;
  while (text.at_digit()) {
    const auto whole = text.number();
    microseconds part{0};
    if (text.take('.') || text.take(',')) {
      const auto behind = text.after_point();
      if (!behind) return std::nullopt;
      part = *behind;
    }
    while (next != units.end() && !text.take(next->letter)) ++next;
    if (!whole || next == units.end() || *whole > std::chrono::duration_cast<seconds>(kLongest).count() / next->seconds) {
      return std::nullopt;
    }
    sum += seconds(*whole * next->seconds) + part * next->seconds;
    if (sum > kLongest) return std::nullopt;
    ++next;
    any = true;
  }
  return any;
}

}  // namespace

std::int64_t unix_seconds(Timestamp time) { return whole_seconds(time.time_since_epoch()); }
std::int64_t whole_seconds(Duration duration) { return std::chrono::duration_cast<seconds>(duration).count(); }

std::string to_iso(Timestamp time) {
  const auto day = std::chrono::floor<days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  // Zino 2 writes the fraction with all six digits.
  const auto micros = std::chrono::duration_cast<microseconds>(clock.subseconds()).count();
  const std::string part = micros == 0 ? std::string() : fmt::format(".{:06}", micros);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}Z", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()), clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     part);
}

std::string to_iso(Duration duration) {
  std::string text = duration < Duration(0) ? "-P" : "P";
  if (duration < Duration(0)) duration = -duration;
  const auto all_days = std::chrono::floor<days>(duration);
  constexpr int kYear = 365;
  if (all_days.count() >= kYear) text += fmt::format("{}Y", all_days.count() / kYear);
  if (all_days.count() % kYear != 0) text += fmt::format("{}D", all_days.count() % kYear);
  const std::chrono::hh_mm_ss clock(duration - all_days);
  const std::string part = fraction(std::chrono::duration_cast<microseconds>(clock.subseconds()));
  std::string time;
  if (clock.hours().count() != 0) time += fmt::format("{}H", clock.hours().count());
  if (clock.minutes().count() != 0) time += fmt::format("{}M", clock.minutes().count());
  if (clock.seconds().count() != 0 || !part.empty()) time += fmt::format("{}{}S", clock.seconds().count(), part);
  if (time.empty() && all_days.count() == 0) time = "0S";
  return time.empty() ? text : text + "T" + time;
}

std::optional<Timestamp> timestamp_from_number(double number) {
  constexpr double kMillisecondsFrom = 2e10;
  const double in_seconds = std::abs(number) > kMillisecondsFrom ? number / 1000.0 : number;
  if (!(std::abs(in_seconds) < 3e11)) return std::nullopt;
  const Timestamp time{microseconds(std::llround(in_seconds * 1e6))};
  if (time < kFirst || time > kLast) return std::nullopt;
  return time;
}

std::optional<Duration> duration_from_number(double in_seconds) {
  if (!(std::abs(in_seconds) < 8e11)) return std::nullopt;
  return microseconds(std::llround(in_seconds * 1e6));
}

std::optional<Timestamp> parse_timestamp(std::string_view text) {
  if (const auto number = plain_number(text)) return timestamp_from_number(*number);
  Cursor cursor(text);
  const auto date = take_date(cursor);
  if (!date) return std::nullopt;
  const Timestamp midnight = std::chrono::sys_days(*date);
  std::optional<Timestamp> time;
  if (cursor.at_end()) {
    time = in_zone(midnight, cursor);
  } else {
    if (!cursor.take('T') && !cursor.take(' ') && !cursor.take('t') && !cursor.take('_')) return std::nullopt;
    const auto of_day = take_time_of_day(cursor);
    if (!of_day) return std::nullopt;
    time = in_zone(midnight + *of_day, cursor);
  }
  if (!time || *time < kFirst || *time > kLast) return std::nullopt;
  return time;
}

std::optional<Duration> parse_duration(std::string_view text) {
  if (const auto number = plain_number(text)) return duration_from_number(*number);
  Cursor cursor(text);
  const bool negative = cursor.take('-');
  if (!negative) cursor.take('+');
  if (!cursor.take('P')) return std::nullopt;
  constexpr std::int64_t kDay = 86'400;
  microseconds sum{0};
  const auto dates = take_units(cursor, {{'Y', 365 * kDay}, {'M', 30 * kDay}, {'W', 7 * kDay}, {'D', kDay}}, sum);
  std::optional<bool> times = false;
  if (cursor.take('T')) {
    times = take_units(cursor, {{'H', 3600}, {'M', 60}, {'S', 1}}, sum);
    if (times && !*times) return std::nullopt;
  }
  if (!dates || !times || (!*dates && !*times) || !cursor.at_end()) return std::nullopt;
  return negative ? -sum : sum;
}

}  // namespace uncork::zino
