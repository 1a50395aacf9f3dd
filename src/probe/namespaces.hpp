#pragma once
// Network namespaces: what they are called, and how to do something inside one.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/clock.hpp"
#include "core/result.hpp"

namespace uncork::probe {

/// Where ip-netns(8) keeps the names.
inline constexpr const char* kNetnsDirectory = "/run/netns";

/// The names that ip-netns(8) gave to network namespaces, remembered for a second. Not thread-safe.
class NamespaceNames {
 public:
  explicit NamespaceNames(std::string directory = kNetnsDirectory) : directory_(std::move(directory)) {}

  /// `NAME`, or `net:[inode]` for a namespace without one.
  [[nodiscard]] std::string name_of(std::uint64_t inode);
  /// The same for a namespace written as `net:[inode]`; any other text is given back as it is.
  [[nodiscard]] std::string name_of(const std::string& link);

 private:
  void refresh();

  std::string directory_;
  std::unordered_map<std::uint64_t, std::string> names_;
  core::Time read_at_{};
  bool read_ = false;
};

/// `net:[4026531840]`, as /proc has it.
[[nodiscard]] std::string anonymous_name(std::uint64_t inode);

/// The inode of the network namespace in which the calling thread is.
[[nodiscard]] core::Result<std::uint64_t> own_namespace();

/// Its cookie (SO_NETNS_COOKIE, Linux 5.14), which no other namespace gets until the next boot. nullopt: the kernel gives none.
[[nodiscard]] std::optional<std::uint64_t> own_namespace_cookie();

/// The inode of the namespace called `name`. invalid_argument: no usable name; not_found: the message names those that exist.
[[nodiscard]] core::Result<std::uint64_t> namespace_named(std::string_view name, const std::string& directory = kNetnsDirectory);

/// Puts the calling thread, for good, into the namespace called `name`. Needs CAP_SYS_ADMIN. Errors as of namespace_named, and
/// not_permitted.
[[nodiscard]] core::Status enter_namespace(std::string_view name, const std::string& directory = kNetnsDirectory);

/// Runs `task` in that namespace, on a thread of its own that has ended on return; the caller's thread stays where it is. A
/// socket that `task` opens stays in the namespace. Errors: those of enter_namespace (`task` was not run), else what `task`
/// returns.
[[nodiscard]] core::Status with_namespace(std::string_view name, const std::function<core::Status()>& task,
                                          const std::string& directory = kNetnsDirectory);

}  // namespace uncork::probe
