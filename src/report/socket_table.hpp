#pragma once
// Sockets in a table that fits where it is shown.

#include <span>
#include <string>
#include <vector>

#include "report/socket_columns.hpp"

namespace uncork::report {

/// Which columns there are when nobody chose any: what people look for first, as many as fit into `width` columns (0: there is no
/// terminal; then the usual ones), without those of which no line knows anything. `following` brings the rates since the look
/// before.
[[nodiscard]] std::vector<SocketColumn> columns_that_fit(std::span<const SocketLine> lines, std::size_t width, bool following);

/// The title line and a line a socket, each at most `width` wide (0: as wide as it is): long addresses lose their middle, never
/// their port, and if even that is too wide the line is cut.
[[nodiscard]] std::string socket_table(std::span<const SocketLine> lines, const std::vector<SocketColumn>& columns,
                                       std::size_t width);

}  // namespace uncork::report
