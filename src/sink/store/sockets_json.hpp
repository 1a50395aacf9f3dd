#pragma once
// What is known of sockets, as JSON.

#include <span>
#include <string>

#include "core/result.hpp"
#include "sink/store/reader.hpp"

namespace uncork::sink {

/// `[{"off_ms":-120,"row":{…}},…]`: every known field of each, under its name in jsonl.
[[nodiscard]] core::Result<std::string> sockets_json(std::span<const KnownSocket> sockets);

}  // namespace uncork::sink
