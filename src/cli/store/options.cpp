#include "cli/store/options.hpp"

#include <chrono>

#include "core/when.hpp"
#include "sink/store/place.hpp"

namespace uncork::cli {

Option add_store(const Verb& verb, std::string& into) {
  into = sink::store_path();
  return verb
      .add_option("--store", into,
                  "Ask this store (default /var/lib/uncork/store.db as root, else $XDG_STATE_HOME/uncork/store.db)")
      .type_name("FILE");
}

Option add_when(const Verb& verb, const std::string& name, std::optional<std::int64_t>& into, const std::string& help) {
  const auto parse = [](const std::string& argument, const std::string& text) {
    return core::parse_when(argument, text, wall_clock_ns());
  };
  return add_parsed(verb, name, into, "WHEN", help, parse);
}

std::int64_t wall_clock_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string span_text(std::int64_t from_ns, std::int64_t until_ns) {
  constexpr std::size_t kDay = 11;      // `2026-11-27 `
  constexpr std::size_t kMinutes = 16;  // without the seconds
  const std::string from = core::local_time_text(from_ns).substr(0, kMinutes);
  const std::string until = core::local_time_text(until_ns).substr(0, kMinutes);
  return from + " to " + (from.substr(0, kDay) == until.substr(0, kDay) ? until.substr(kDay) : until);
}

}  // namespace uncork::cli
