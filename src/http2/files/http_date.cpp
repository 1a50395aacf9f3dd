// Neither strptime nor strftime: both ask the locale, and the former takes what HTTP does not.

#include "http2/files/http_date.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <utility>

namespace uncork::http2 {
namespace {

using std::chrono::sys_seconds;

constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 7> kLongDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// Takes a text apart from its front; once something is not as expected, everything after is not either.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  void literal(std::string_view text) {
    if (rest_.starts_with(text)) {
      rest_.remove_prefix(text.size());
    } else {
      good_ = false;
    }
  }
  /// The index of the name that stands here.
  unsigned one_of(std::span<const std::string_view> names) {
    const auto found = std::ranges::find_if(names, [&](std::string_view name) { return rest_.starts_with(name); });
    if (found == names.end()) {
      good_ = false;
      return 0;
    }
    rest_.remove_prefix(found->size());
    return static_cast<unsigned>(found - names.begin());
  }
  int digits(std::size_t count) {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (i >= rest_.size() || rest_[i] < '0' || rest_[i] > '9') {
        good_ = false;
        return 0;
      }
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }
  /// asctime writes a day below ten as a space and one digit.
  int day_of_asctime() {
    if (!rest_.starts_with(' ')) return digits(2);
    rest_.remove_prefix(1);
    return digits(1);
  }
  [[nodiscard]] bool done() const { return good_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

struct Parts {
  int year = 0;
  unsigned month = 0;  // January is 0
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
};

void scan_clock(Scanner& scanner, Parts& parts) {
  parts.hour = scanner.digits(2);
  scanner.literal(":");
  parts.minute = scanner.digits(2);
  scanner.literal(":");
  parts.second = scanner.digits(2);
}

std::optional<sys_seconds> time_of(const Parts& parts) {
  using namespace std::chrono;
  const year_month_day day{year(parts.year), month(parts.month + 1), std::chrono::day(static_cast<unsigned>(parts.day))};
  // Second 60 is a leap second; POSIX counts it as the next one.
  if (!day.ok() || parts.hour > 23 || parts.minute > 59 || parts.second > 60) return std::nullopt;
  return sys_days(day) + hours(parts.hour) + minutes(parts.minute) + seconds(parts.second);
}

std::optional<Parts> parse_fixdate(std::string_view text) {
  Scanner scanner(text);
  Parts parts;
  scanner.one_of(kDays);
  scanner.literal(", ");
  parts.day = scanner.digits(2);
  scanner.literal(" ");
  parts.month = scanner.one_of(kMonths);
  scanner.literal(" ");
  parts.year = scanner.digits(4);
  scanner.literal(" ");
  scan_clock(scanner, parts);
  scanner.literal(" GMT");
  return scanner.done() ? std::optional(parts) : std::nullopt;
}

std::optional<Parts> parse_asctime(std::string_view text) {
  Scanner scanner(text);
  Parts parts;
  scanner.one_of(kDays);
  scanner.literal(" ");
  parts.month = scanner.one_of(kMonths);
  scanner.literal(" ");
  parts.day = scanner.day_of_asctime();
  scanner.literal(" ");
  scan_clock(scanner, parts);
  scanner.literal(" ");
  parts.year = scanner.digits(4);
  return scanner.done() ? std::optional(parts) : std::nullopt;
}

std::optional<Parts> parse_rfc850(std::string_view text, sys_seconds now) {
  Scanner scanner(text);
  Parts parts;
  scanner.one_of(kLongDays);
  scanner.literal(", ");
  parts.day = scanner.digits(2);
  scanner.literal("-");
  parts.month = scanner.one_of(kMonths);
  scanner.literal("-");
  const int two_digits = scanner.digits(2);
  scanner.literal(" ");
  scan_clock(scanner, parts);
  scanner.literal(" GMT");
  if (!scanner.done()) return std::nullopt;
  // What would be more than 50 years ahead is the most recent year of the past with these digits (RFC 9110 5.6.7).
  const std::chrono::year_month_day today(std::chrono::floor<std::chrono::days>(now));
  const int latest = static_cast<int>(today.year()) + 50;
  parts.year = latest - ((latest - two_digits) % 100 + 100) % 100;
  const auto month_and_day = std::pair(parts.month + 1, static_cast<unsigned>(parts.day));
  if (parts.year == latest && month_and_day > std::pair(unsigned{today.month()}, unsigned{today.day()})) parts.year -= 100;
  return parts;
}

void append_digits(std::string& text, int value, int count) {
  for (int scale = count == 4 ? 1000 : 10; scale > 0; scale /= 10) text += static_cast<char>('0' + value / scale % 10);
}

}  // namespace

std::string http_date(sys_seconds time) {
  using namespace std::chrono;
  const auto midnight = floor<days>(time);
  const year_month_day day(midnight);
  const int year = static_cast<int>(day.year());
  if (year < 0 || year > 9999) return {};
  const hh_mm_ss clock(time - midnight);
  std::string text(kDays[weekday(midnight).c_encoding()]);
  text += ", ";
  append_digits(text, static_cast<int>(unsigned{day.day()}), 2);
  text += ' ';
  text += kMonths[static_cast<unsigned>(day.month()) - 1];
  text += ' ';
  append_digits(text, year, 4);
  text += ' ';
  append_digits(text, static_cast<int>(clock.hours().count()), 2);
  text += ':';
  append_digits(text, static_cast<int>(clock.minutes().count()), 2);
  text += ':';
  append_digits(text, static_cast<int>(clock.seconds().count()), 2);
  return text += " GMT";
}

std::optional<sys_seconds> parse_http_date(std::string_view text, sys_seconds now) {
  auto parts = parse_fixdate(text);
  if (!parts) parts = parse_rfc850(text, now);
  if (!parts) parts = parse_asctime(text);
  return parts ? time_of(*parts) : std::nullopt;
}

}  // namespace uncork::http2
