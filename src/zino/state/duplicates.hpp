#pragma once
// What a JSON text says twice: a parser takes the later and loses the other.

#include <string>
#include <string_view>
#include <vector>

namespace uncork::zino {

/// A line for each key that an object has a second time, as `events.events.5: the key is there twice; the later one counts`. Keys
/// of cases and of planned maintenance are compared as the numbers that they are. Nothing beyond what is well-formed; at most
/// 100.
[[nodiscard]] std::vector<std::string> duplicates_in(std::string_view json);

}  // namespace uncork::zino
