#pragma once
// So many of something, as people write it.

#include <cstdint>
#include <string>
#include <string_view>

namespace uncork::core {

/// `1 case`, `2 cases`; `many` where adding an s will not do.
[[nodiscard]] std::string count_of(std::uint64_t number, std::string_view one, std::string_view many = "");

}  // namespace uncork::core
