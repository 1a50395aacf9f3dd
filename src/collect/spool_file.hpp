#pragma once
// The files of a spool's folder: their names, and how they are read and written.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/fd.hpp"
#include "core/result.hpp"

namespace uncork::collect {

/// `0000000000000007.spool`.
[[nodiscard]] std::string segment_name(std::uint64_t number);
[[nodiscard]] std::optional<std::uint64_t> segment_number(std::string_view name);

[[nodiscard]] core::Result<std::string> read_segment(const std::string& path);

/// All of `bytes`, in writes of at most 1 MiB.
[[nodiscard]] core::Status write_at(const core::Fd& file, std::uint64_t at, std::string_view bytes, const std::string& path);

/// What has been taken out: the records that begin before that byte of that file, and all files before it.
struct SpoolPosition {
  std::uint64_t segment = 0;
  std::uint64_t bytes = 0;
};

/// Nothing taken if it is not there or not whole: parcels come twice then, and none is missing.
[[nodiscard]] SpoolPosition read_position(const core::Fd& file);
/// By one small write, so that a process which is killed leaves the old one or the new one.
[[nodiscard]] core::Status write_position(const core::Fd& file, const SpoolPosition& position, const std::string& path);

}  // namespace uncork::collect
