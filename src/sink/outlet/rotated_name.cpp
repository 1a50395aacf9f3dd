#include "sink/outlet/rotated_name.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>

namespace uncork::sink {
namespace {

constexpr std::int64_t kSecond = 1'000'000;

std::string stamp(std::int64_t us) {
  const std::chrono::sys_seconds second{std::chrono::seconds(us / kSecond)};
  const auto day = std::chrono::floor<std::chrono::days>(second);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(second - day);
  char text[64];
  std::snprintf(text, sizeof text, "%04d%02u%02uT%02ld%02ld%02ld.%06ldZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), static_cast<long>(time.hours().count()),
                static_cast<long>(time.minutes().count()), static_cast<long>(time.seconds().count()),
                static_cast<long>(us % kSecond));
  return text;
}

std::optional<std::int64_t> read_stamp(const std::string& text) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  long us = 0;
  // NOLINTNEXTLINE(cert-err34-c): what it reads is compared with what it came from
  if (std::sscanf(text.c_str(), "%4d%2u%2uT%2d%2d%2d.%6ldZ", &year, &month, &day, &hour, &minute, &second, &us) != 7) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
  if (!date.ok()) return std::nullopt;
  const auto at = std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
                  std::chrono::seconds(second) + std::chrono::microseconds(us);
  const std::int64_t count = std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch()).count();
  if (count < 0 || stamp(count) != text) return std::nullopt;
  return count;
}

}  // namespace

RotatedNames::RotatedNames(const std::string& path) {
  const std::size_t slash = path.rfind('/') + 1;
  const std::size_t dot = std::min(path.find('.', slash + 1), path.size());
  folder_ = path.substr(0, slash);
  stem_ = path.substr(slash, dot - slash) + "-";
  suffix_ = path.substr(dot);
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder_, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename();
    if (!name.starts_with(stem_) || !name.ends_with(suffix_) || name.size() < stem_.size() + suffix_.size()) continue;
    const auto us = read_stamp(name.substr(stem_.size(), name.size() - stem_.size() - suffix_.size()));
    last_us_ = std::max(last_us_, us.value_or(0));
  }
}

std::string RotatedNames::next(std::int64_t now_us) {
  last_us_ = std::max(now_us, last_us_ + 1);
  return folder_ + stem_ + stamp(last_us_) + suffix_;
}

}  // namespace uncork::sink
