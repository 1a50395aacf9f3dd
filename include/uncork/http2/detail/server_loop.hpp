#pragma once
// What the connections of one thread of a server share.

#include <array>
#include <atomic>
#include <cstdint>
#include <ctime>
#include <exception>
#include <memory>
#include <string_view>
#include <utility>

#include "uncork/http2/detail/connection_set.hpp"
#include "uncork/http2/exchange.hpp"
#include "uncork/http2/server_options.hpp"

namespace uncork::http2::detail {

/// The value of the field `date` (RFC 9110 6.6.1), made anew once a second. One thread.
class date_text {
 public:
  [[nodiscard]] std::string_view at(std::time_t now) {
    if (now != made_) {
      made_ = now;
      std::tm parts{};
      ::gmtime_r(&now, &parts);
      // Not strftime's names, which are the locale's.
      static constexpr std::string_view kDays = "SunMonTueWedThuFriSat";
      static constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
      char* to = text_.data();
      const auto put = [&to](std::string_view text) {
        for (const char c : text) *to++ = c;
      };
      const auto two = [&to](int number) {
        *to++ = static_cast<char>('0' + number / 10);
        *to++ = static_cast<char>('0' + number % 10);
      };
      put(kDays.substr(static_cast<std::size_t>(parts.tm_wday) * 3, 3));
      put(", ");
      two(parts.tm_mday);
      put(" ");
      put(kMonths.substr(static_cast<std::size_t>(parts.tm_mon) * 3, 3));
      put(" ");
      two((parts.tm_year + 1900) / 100 % 100);
      two(parts.tm_year % 100);
      put(" ");
      two(parts.tm_hour);
      put(":");
      two(parts.tm_min);
      put(":");
      two(parts.tm_sec);
      put(" GMT");
    }
    return {text_.data(), text_.size()};
  }

 private:
  std::array<char, 29> text_{};
  std::time_t made_ = -1;
};

/// Held by its server and by its connections.
struct server_loop {
  /// Gives the handler a request. One that throws loses its exchange, whose stream is reset then; the others are none the worse.
  void hand_over(exchange&& one) const {
    try {
      (*handle)(std::move(one));
    } catch (const std::exception&) {
      counts->failed_handlers.fetch_add(1, std::memory_order_relaxed);
    }
  }

  std::shared_ptr<const server_options> options;
  std::shared_ptr<const handler> handle;
  std::shared_ptr<connection_set> connections;
  std::shared_ptr<server_counters> counts;  // of all threads
  date_text date;
};

}  // namespace uncork::http2::detail
