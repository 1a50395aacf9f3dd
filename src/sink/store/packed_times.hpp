#pragma once
// A histogram of exchange times in few bytes.

#include <string>
#include <string_view>

#include "stall/exchange_times.hpp"

namespace uncork::sink {

/// Of each bucket that counts something: how many lie between it and the one before, and its count, as varints. Empty if nothing
/// was counted; two bytes a bucket are usual.
[[nodiscard]] std::string packed(const stall::ExchangeTimes& times);

/// Adds what `packed` made. Reads any bytes: what is no histogram ends it where that is noticed.
void add_packed(std::string_view bytes, stall::ExchangeTimes& to);
[[nodiscard]] stall::ExchangeTimes unpacked(std::string_view bytes);

}  // namespace uncork::sink
