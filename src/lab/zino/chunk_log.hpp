#pragma once
// The log of `uncork proxy` read back: the sizes of the chunks that came from the server.

#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace uncork::lab {

/// Bytes of each chunk from the server, of all connections, in order. `log` as docs/proxy.md has it, `s2c<TAB>BYTES<TAB>US` and
/// `c2s` lines; anything else is an error that names the line.
[[nodiscard]] core::Result<std::vector<unsigned>> server_chunks(std::string_view log);

}  // namespace uncork::lab
