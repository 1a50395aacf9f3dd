#pragma once
// What `uncork watch` is asked to keep to, and who decides each part of it: the kernel, a connection as it is seen, or the sums.

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "cli/watch/options.hpp"
#include "core/result.hpp"
#include "filter/tree.hpp"
#include "stall/event.hpp"

namespace uncork::cli {

/// Who tells of connections. The kernel's witness leaves out what is not asked for by itself, samples do not.
enum class Teller : bool { witness, samples };

/// What of a choice the kernel decides: no other socket has an account. 0 and empty: any.
struct KernelChoice {
  std::uint16_t port = 0;  ///< at either end
  std::uint16_t local_port = 0;
  std::uint16_t remote_port = 0;
  std::array<std::uint8_t, 16> remote{};  ///< IPv4 as ::ffff:a.b.c.d
  std::uint8_t remote_bits = 0;           ///< so many of its leading bits count
  std::int32_t pid = 0;
  std::uint32_t netns = 0;  ///< inode
  std::string cgroup{};     ///< a path in the hierarchy of version 2, with what is below it

  bool operator==(const KernelChoice&) const = default;
};

/// A choice, split. All parts must hold.
struct Choice {
  KernelChoice kernel;
  filter::Node connection;                     ///< asked of each connection at each look, until it holds
  std::optional<stall::Role> connection_side;  ///< likewise
  std::string connection_cgroup;               ///< likewise; of its process
  filter::Node line;                           ///< asked of what a line is of, by its sums as they stand
  std::optional<stall::Role> line_side;

  /// Something is asked that sums by service cannot tell: connections must be summed up one by one.
  [[nodiscard]] bool asks_connections() const {
    return connection.kind != filter::Node::Kind::everything || connection_side || !connection_cgroup.empty();
  }
  /// Only part of all connections is asked for.
  [[nodiscard]] bool chooses_connections() const { return asks_connections() || kernel != KernelChoice{}; }
  [[nodiscard]] bool asks_lines() const { return line.kind != filter::Node::Kind::everything || line_side.has_value(); }
};

/// Splits what the options ask. What the kernel can decide exactly it decides; what is constant for a service, or is a sum, is
/// asked of the lines; the rest of connections. Under `--by connection` the kernel leaves ports and addresses of one end to us,
/// since each line names the program at the other end. Errors: a filter that cannot be read (with the column), a field that a
/// watch does not know, a namespace that is not there, and an `or` between what is asked of connections and what of sums.
[[nodiscard]] core::Result<Choice> choose(const WatchOptions& options, Teller teller);

/// What was asked for, as it was typed: `--port 80 and --comm nginx`; empty: nothing.
[[nodiscard]] std::string choice_text(const WatchOptions& options);

}  // namespace uncork::cli
