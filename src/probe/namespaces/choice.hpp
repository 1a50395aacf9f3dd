#pragma once
// The namespaces that a person chose, among those that there are.

#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "probe/namespaces/discovery.hpp"

namespace uncork::probe {

/// Which namespaces to look at.
struct WhichNamespaces {
  enum class Kind : std::uint8_t {
    own,    ///< the caller's
    all,    ///< every one that can be found and entered; the others are counted in the coverage
    named,  ///< `names`
  };
  Kind kind = Kind::own;
  /// Each a name of ip-netns(8), of another folder or of a container id (its first 12 digits do), `net:[4026531840]`, or
  /// `pid:4711`.
  std::vector<std::string> names{};
  /// Folders with namespaces mounted in them, beside /run/netns and /run/docker/netns.
  std::vector<std::string> folders{};
};

/// Of a person's words: `all`, `own`, or names; none: all as root, else one's own.
[[nodiscard]] WhichNamespaces namespaces_called(std::vector<std::string> names);

/// Whether `name`, as WhichNamespaces has them, means this one.
[[nodiscard]] bool is_called(const FoundNamespace& space, std::string_view name);

/// The chosen ones; `refused`: processes that might hide more. `missing`: a not_found for each name that is none, which names it
/// and those that there are.
struct ChosenNamespaces {
  std::vector<FoundNamespace> spaces;
  std::size_t refused = 0;
  std::vector<core::Error> missing{};
};
enum class Descriptors : bool { pass_over, look_through };
[[nodiscard]] core::Result<ChosenNamespaces> choose_namespaces(const WhichNamespaces& which, Descriptors descriptors);

}  // namespace uncork::probe
