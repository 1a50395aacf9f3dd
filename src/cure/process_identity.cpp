#include "cure/process_identity.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/syscall.hpp"

namespace uncork::cure {
namespace {

core::Result<std::uint64_t> number_at(std::string_view text, int base, std::string_view what) {
  std::uint64_t value = 0;
  const auto [end, err] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (err != std::errc{}) return core::fail(core::invalid_argument(std::string(what) + ": no number where one belongs"));
  return value;
}

}  // namespace

core::Result<std::uint64_t> parse_start_ticks(std::string_view stat) {
  constexpr int kFieldsAfterCommand = 20;  // fields 3 (state) to 22 (starttime)
  auto at = stat.rfind(')');
  if (at == std::string_view::npos) return core::fail(core::invalid_argument("process stat: no command name"));
  for (int field = 0; field < kFieldsAfterCommand; ++field) {
    at = stat.find(' ', at + 1);
    if (at == std::string_view::npos) return core::fail(core::invalid_argument("process stat: fewer than 22 fields"));
  }
  return number_at(stat.substr(at + 1), 10, "process stat: start time");
}

core::Result<std::uint64_t> parse_status_field(std::string_view status, std::string_view label, int base) {
  while (!status.empty()) {
    const auto end = status.find('\n');
    std::string_view line = status.substr(0, end);
    if (line.starts_with(label)) {
      line.remove_prefix(label.size());
      line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
      return number_at(line, base, "process status: " + std::string(label));
    }
    status.remove_prefix(end == std::string_view::npos ? status.size() : end + 1);
  }
  return core::fail(core::invalid_argument("process status: no line " + std::string(label)));
}

core::Result<ProcessIdentity> identify_process(pid_t pid) {
  const auto stat = core::read_file("/proc/" + std::to_string(pid) + "/stat");
  if (!stat) return core::fail(stat.error());
  const auto start = parse_start_ticks(*stat);
  if (!start) return core::fail(start.error());
  auto boot = core::read_file("/proc/sys/kernel/random/boot_id");
  if (!boot) return core::fail(boot.error());
  while (!boot->empty() && boot->back() == '\n') boot->pop_back();
  return ProcessIdentity{std::move(*boot), pid, *start};
}

std::string command_of(pid_t pid) {
  auto command = core::read_file("/proc/" + std::to_string(pid) + "/comm", 64);
  if (!command) return {};
  while (!command->empty() && command->back() == '\n') command->pop_back();
  std::ranges::replace_if(*command, [](char c) { return c < ' ' || c > '~'; }, '?');
  return *command;
}

}  // namespace uncork::cure
