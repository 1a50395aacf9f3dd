#include "rpc/request_head.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <system_error>

namespace uncork::rpc {

std::optional<std::chrono::nanoseconds> timeout_of(std::string_view text) {
  using namespace std::chrono;
  if (text.size() < 2 || text.size() > 9) return std::nullopt;
  std::uint32_t count = 0;
  const std::string_view digits = text.substr(0, text.size() - 1);
  const auto [at, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  if (failed != std::errc{} || at != digits.data() + digits.size()) return std::nullopt;
  switch (text.back()) {
    case 'H':
      return std::min(hours(count), hours(24 * 365));
    case 'M':
      return minutes(count);
    case 'S':
      return seconds(count);
    case 'm':
      return milliseconds(count);
    case 'u':
      return microseconds(count);
    case 'n':
      return nanoseconds(count);
    default:
      return std::nullopt;
  }
}

std::expected<Encoding, CallStatus> encoding_of(std::string_view text) {
  if (text.empty() || text == "identity") return Encoding::identity;
  if (text == "gzip") return Encoding::gzip;
  return std::unexpected(CallStatus(
      Code::unimplemented, fmt::format("grpc-encoding '{}' is not known; accepted: {}", text.substr(0, 40), kAcceptedEncodings)));
}

bool is_authorized(std::string_view authorization, std::string_view token) {
  constexpr std::string_view kScheme = "Bearer ";
  if (!authorization.starts_with(kScheme)) return false;
  const std::string_view given = authorization.substr(kScheme.size());
  if (given.size() != token.size()) return false;
  unsigned differ = 0;
  for (std::size_t i = 0; i < token.size(); ++i) differ |= static_cast<unsigned char>(given[i] ^ token[i]);
  return differ == 0;
}

}  // namespace uncork::rpc
