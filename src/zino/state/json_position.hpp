#pragma once
// Where in a JSON text a value stands, for messages about it.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace uncork::zino {

/// The line (from 1) on which the byte at `offset` stands.
[[nodiscard]] std::size_t line_at(std::string_view text, std::size_t offset);

/// The line of the value at `path` (keys of objects, numbers of array elements) in well-formed JSON; of the deepest part of the
/// path that is there.
[[nodiscard]] std::size_t line_of(std::string_view json, std::span<const std::string> path);

}  // namespace uncork::zino
