#pragma once
// What a program does, from words: `w60 r200`, `6 x w30`, `20 x (r65536 s5)`.

#include <cstddef>
#include <vector>

#include "core/result.hpp"
#include "lab/field/words.hpp"

namespace uncork::lab::field {

inline constexpr std::size_t kMostActions = 10'000;          ///< of one exchange, repetitions written out
inline constexpr std::size_t kMostBytes = 16 * 1024 * 1024;  ///< of one write or read

/// Takes the words to the end of the line and adds their actions. `close` may only be the very last. A repetition is not nested
/// deeper than four. Errors name the word and what is accepted.
[[nodiscard]] core::Status parse_actions(Words& words, Side& side);

}  // namespace uncork::lab::field
