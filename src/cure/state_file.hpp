#pragma once
// What an earlier cure changed, as text: written so that an undo restores that and nothing else, read as if a stranger wrote it.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "cure/process_identity.hpp"
#include "cure/process_sockets.hpp"

namespace uncork::cure {

/// The sockets of one process that did not have the option before uncork set it. `sockets` is sorted, each once.
struct CureState {
  ProcessIdentity process;
  std::vector<SocketId> sockets;

  bool operator==(const CureState&) const = default;
};

/// The largest state that is read: some 400,000 sockets. Anything longer is no file of ours.
inline constexpr std::size_t kLongestState = std::size_t{16} << 20;

/// Lines of words, the last one counting the sockets so that a file cut short is known as such:
///
///     uncork-cure 1
///     boot 7c1f2f0e-5a4e-4b86-9f0c-2f4b1f6f8a11
///     process 4242 981723
///     socket 77 1
///     end 1
[[nodiscard]] std::string serialize(const CureState& state);

/// The inverse; only what serialize() writes is accepted. Errors: invalid_argument, with the line and what was expected there.
[[nodiscard]] core::Result<CureState> parse_cure_state(std::string_view text);

}  // namespace uncork::cure
