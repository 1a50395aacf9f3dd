#include "collect/spool_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <limits>

#include "core/crc32c.hpp"
#include "core/syscall.hpp"

namespace uncork::collect {
namespace {

constexpr std::string_view kSuffix = ".spool";
constexpr std::size_t kDigits = 16;

struct PositionBytes {
  std::uint64_t segment = 0;
  std::uint64_t bytes = 0;
  std::uint64_t check = 0;

  [[nodiscard]] std::uint64_t sum() const {
    char both[16];
    std::memcpy(both, &segment, 8);
    std::memcpy(both + 8, &bytes, 8);
    return core::crc32c({both, sizeof both});
  }
};

}  // namespace

std::string segment_name(std::uint64_t number) {
  std::array<char, kDigits + 1> digits{};
  std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(number));
  return digits.data() + std::string(kSuffix);
}

std::optional<std::uint64_t> segment_number(std::string_view name) {
  if (name.size() != kDigits + kSuffix.size() || !name.ends_with(kSuffix)) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.begin(), name.begin() + kDigits, number, 16);
  if (error != std::errc() || end != name.begin() + kDigits || segment_name(number) != name) return std::nullopt;
  return number;
}

core::Result<std::string> read_segment(const std::string& path) {
  return core::read_file(path, std::numeric_limits<std::size_t>::max());
}

core::Status write_at(const core::Fd& file, std::uint64_t at, std::string_view bytes, const std::string& path) {
  constexpr std::size_t kAtOnce = 1U << 20;
  while (!bytes.empty()) {
    const std::size_t size = std::min(bytes.size(), kAtOnce);
    const auto written =
        core::checked("write " + path, [&] { return ::pwrite(file.get(), bytes.data(), size, static_cast<off_t>(at)); });
    if (!written) return core::fail(written.error());
    at += static_cast<std::uint64_t>(*written);
    bytes.remove_prefix(static_cast<std::size_t>(*written));
  }
  return {};
}

SpoolPosition read_position(const core::Fd& file) {
  PositionBytes read;
  if (::pread(file.get(), &read, sizeof read, 0) != sizeof read || read.check != read.sum()) return {};
  return {read.segment, read.bytes};
}

core::Status write_position(const core::Fd& file, const SpoolPosition& position, const std::string& path) {
  PositionBytes written{position.segment, position.bytes, 0};
  written.check = written.sum();
  return write_at(file, 0, {reinterpret_cast<const char*>(&written), sizeof written}, path);
}

}  // namespace uncork::collect
