#include "zino/state/maintenance_request.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "zino/protocol/text.hpp"
#include "zino/state/fields.hpp"

namespace uncork::zino {
namespace {

bool one_of(std::span<const std::string_view> values, std::string_view value) {
  return std::ranges::find(values, value) != values.end();
}

/// A Unix time of the years 1 to 9999.
std::optional<Timestamp> unix_time(const std::string& text) {
  constexpr std::int64_t kYear1 = -62'135'596'800;
  constexpr std::int64_t kYear9999 = 253'402'300'799;
  const auto digits = python_int(text);
  const auto seconds = digits ? to_int64(*digits) : std::nullopt;
  if (!seconds || *seconds < kYear1 || *seconds > kYear9999) return std::nullopt;
  return Timestamp(std::chrono::seconds(*seconds));
}

}  // namespace

std::expected<AddMaintenance, std::string> parse_maintenance(const std::vector<std::string>& arguments, Timestamp now) {
  const auto from = unix_time(arguments[0]);
  if (!from) return std::unexpected("500 illegal from_t (param 1), must be only digits");
  const auto to = unix_time(arguments[1]);
  if (!to) return std::unexpected("500 illegal to_t (param 2), must be only digits");
  if (*to < *from) return std::unexpected("500 ending time is before starting time");
  if (*from < now) return std::unexpected("500 starting time is in the past");
  const std::string& type = arguments[2];
  const std::string& match_type = arguments[3];
  if (!one_of(maintenance_types(), type)) return std::unexpected(fmt::format("500 unknown PM event type: {}", type));
  if (!one_of(match_types(), match_type)) return std::unexpected(fmt::format("500 unknown match type: {}", match_type));
  const bool with_device = match_type == "intf-regexp";
  if (with_device && arguments.size() < 6) {
    return std::unexpected(
        fmt::format("500 {} match type requires two extra arguments: match_device and match_expression", match_type));
  }
  if (arguments.size() < 5) {
    return std::unexpected(fmt::format("500 {} match type requires one extra argument: match_expression", match_type));
  }
  if (with_device) return AddMaintenance{*from, *to, type, match_type, arguments[4], arguments[5]};
  return AddMaintenance{*from, *to, type, match_type, std::nullopt, arguments[4]};
}

}  // namespace uncork::zino
