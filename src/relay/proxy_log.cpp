#include "relay/proxy_log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <iterator>

#include "core/syscall.hpp"

namespace uncork::relay {

std::string_view name(Direction direction) { return direction == Direction::c2s ? "c2s" : "s2c"; }

core::Result<ProxyLog> ProxyLog::open(const std::string& path) {
  if (path == "-") {
    const auto fd = core::checked("log to standard output", [] { return ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0); });
    if (!fd) return core::fail(fd.error());
    return ProxyLog(core::Fd(*fd), "the log to standard output");
  }
  auto file = core::open_file(path, O_WRONLY | O_CREAT | O_TRUNC);
  if (!file) return core::fail(file.error());
  return ProxyLog(std::move(*file), path);
}

void ProxyLog::add(Direction direction, std::size_t bytes, core::Micros since_previous) {
  fmt::format_to(std::back_inserter(lines_), "{}\t{}\t{}\n", name(direction), bytes, since_previous.count());
}

core::Status ProxyLog::flush() {
  std::string_view left = lines_;
  while (!left.empty()) {
    const auto written = core::checked(attempt_, [&] { return ::write(file_.get(), left.data(), left.size()); });
    if (!written) {
      lines_.clear();
      return core::fail(written.error());
    }
    left.remove_prefix(static_cast<std::size_t>(*written));
  }
  lines_.clear();
  return {};
}

}  // namespace uncork::relay
