#include "probe/namespaces/sockstat.hpp"

#include <charconv>
#include <string>

#include "core/syscall.hpp"

namespace uncork::probe {
namespace {

/// The number behind `key` in the line that begins with `line`: `TCP: inuse 5 orphan 0 tw 3 alloc 6 mem 1`.
std::optional<std::uint64_t> number_in(std::string_view text, std::string_view line, std::string_view key) {
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view here = text.substr(begin, end - begin);
    begin = end + 1;
    if (!here.starts_with(line)) continue;
    const std::size_t found = here.find(" " + std::string(key) + " ");
    if (found == std::string_view::npos) return std::nullopt;
    const std::string_view digits = here.substr(found + key.size() + 2);
    std::uint64_t number = 0;
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return error == std::errc{} ? std::optional(number) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::optional<SocketCount> parse_sockstat(std::string_view sockstat, std::string_view sockstat6) {
  const auto ipv4 = number_in(sockstat, "TCP:", "inuse");
  const auto time_wait = number_in(sockstat, "TCP:", "tw");
  const auto ipv6 = sockstat6.empty() ? std::optional<std::uint64_t>(0) : number_in(sockstat6, "TCP6:", "inuse");
  if (!ipv4 || !time_wait || !ipv6) return std::nullopt;
  return SocketCount{*ipv4, *ipv6, *time_wait};
}

core::Result<SocketCount> count_sockets() {
  const auto ipv4 = core::read_file("/proc/thread-self/net/sockstat", 4096);
  if (!ipv4) return core::fail(ipv4.error());
  const auto count = parse_sockstat(*ipv4, core::read_file("/proc/thread-self/net/sockstat6", 4096).value_or(""));
  if (count) return *count;
  return core::fail({core::ErrorCode::system, 0, "count sockets: /proc/net/sockstat is not as proc(5) has it"});
}

}  // namespace uncork::probe
