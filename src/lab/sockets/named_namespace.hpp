#pragma once
// A network namespace with a name in a folder, as ip-netns(8) makes them.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "core/fd.hpp"
#include "core/result.hpp"
#include "lab/sockets/janitor.hpp"
#include "link/namespace.hpp"

namespace uncork::lab {

/// Where ip-netns(8) has its names.
inline constexpr const char* kNamesFolder = "/run/netns";

/// Whether it gets a number (nsid) in the namespace of the caller, as those get that Docker joins by a cable.
enum class Numbered : bool { no, yes };

/// Its name is gone with the object; the namespace itself lives as long as anything is in it. Move-only; one thread at a time.
/// The janitor must outlive it.
class NamedNamespace {
 public:
  /// With loopback up. Errors: invalid_argument when there is something of that name already, which stays untouched;
  /// not_permitted without CAP_SYS_ADMIN and CAP_NET_ADMIN.
  [[nodiscard]] static core::Result<NamedNamespace> make(const std::string& folder, const std::string& name, Numbered numbered,
                                                         Janitor& janitor);
  NamedNamespace(NamedNamespace&& other) noexcept
      : janitor_(other.janitor_),
        path_(std::exchange(other.path_, {})),
        name_(std::move(other.name_)),
        inode_(other.inode_),
        space_(std::move(other.space_)) {}
  NamedNamespace& operator=(NamedNamespace&&) = delete;
  ~NamedNamespace() { unmount(); }

  /// Takes the name away, and our descriptor of it.
  void unmount();

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::uint64_t inode() const { return inode_; }
  /// Runs `task` on this thread, inside. Not after unmount().
  [[nodiscard]] core::Status inside(const std::function<core::Status()>& task) const { return space_->inside(task); }

 private:
  NamedNamespace(Janitor& janitor, std::string path, std::string name, std::uint64_t inode, link::Namespace space)
      : janitor_(&janitor), path_(std::move(path)), name_(std::move(name)), inode_(inode), space_(std::move(space)) {}

  Janitor* janitor_;
  std::string path_;  // empty: it has no name any more
  std::string name_;
  std::uint64_t inode_;
  std::optional<link::Namespace> space_;
};

/// Makes the folder of names if there is none.
[[nodiscard]] core::Status make_names_folder(const std::string& folder);

}  // namespace uncork::lab
