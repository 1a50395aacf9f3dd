#include "lab/transmit/transmit.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <span>
#include <utility>

#include "core/syscall.hpp"
#include "lab/transmit/serving.hpp"
#include "lab/transmit/transmit_exchange.hpp"
#include "lab/transmit/transmit_judge.hpp"
#include "link/link.hpp"

namespace uncork::lab {
namespace {

constexpr unsigned kLargeRuns = 5;
constexpr std::uint64_t kMss = 1448;

/// A file without a name: on a disk where that is possible, else in memory.
core::Result<core::Fd> make_file(std::uint64_t size) {
  std::error_code ignored;  // then in memory
  const std::string folder = std::filesystem::temp_directory_path(ignored).string();
  int fd = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) fd = ::memfd_create("uncork-lab", MFD_CLOEXEC);
  if (fd < 0) return core::fail(core::system_error("make a file in " + folder, errno));
  core::Fd file(fd);
  std::vector<std::byte> block(1 << 20);
  for (std::size_t i = 0; i < block.size(); ++i) block[i] = static_cast<std::byte>(i * 131 >> 5);
  for (std::uint64_t at = 0; at < size;) {
    const auto some = std::span(block).first(static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), size - at)));
    const auto wrote = core::checked("write a file in " + folder,
                                     [&] { return ::pwrite(file.get(), some.data(), some.size(), static_cast<off_t>(at)); });
    if (!wrote) return core::fail(wrote.error());
    at += static_cast<std::uint64_t>(*wrote);
  }
  return file;
}

}  // namespace

std::vector<std::uint64_t> transmit_sizes(const TransmitOptions& options) {
  constexpr std::uint64_t kEnds = kHeadBytes + kTailBytes;
  return {0, 1, 4096, 4 * kMss - kEnds, 8192, 65536, 64 * kMss - kEnds, 100'000, options.large};
}

core::Result<TransmitResult> run_transmit(const TransmitOptions& options, probe::Source& source,
                                          const std::function<bool(const std::string&)>& on_progress) {
  const auto link = link::Link::make();
  if (!link) return core::fail(link.error());
  const auto sizes = transmit_sizes(options);
  const auto file = make_file(std::ranges::max(sizes));
  if (!file) return core::fail(file.error());
  TransmitResult result;
  for (const std::uint64_t bytes : sizes) {
    for (const SendStrategy strategy : all_send_strategies()) {
      const std::string what = fmt::format("{} bytes by {}", bytes, name(strategy));
      const unsigned runs = bytes == options.large ? std::min(options.runs, kLargeRuns) : options.runs;
      auto row = measure_exchanges(*link, strategy, file->get(), bytes, runs, source, [&] { return on_progress(what); });
      if (!row) return core::fail(row.error());
      result.rows.push_back(std::move(*row));
    }
  }
  const auto serve = [&](unsigned round) {
    return on_progress(fmt::format("serving, round {} of {}", round + 1, options.rounds));
  };
  if (auto served = measure_serving(*link, file->get(), options, result, serve); !served) return core::fail(served.error());
  result.criteria = judge_transmit(result);
  return result;
}

}  // namespace uncork::lab
