#pragma once
// A new control group below the one that we are in.

#include <string>

#include "core/fd.hpp"
#include "core/result.hpp"

namespace uncork::cure {

/// Of cgroup v2, through a mount of our own that nobody else sees, so that it need not be mounted anywhere. Limits of the
/// caller's group hold in it too. Gone with this object, or when those that are still in it then have ended and somebody removes
/// the empty folder. Move-only.
class OwnCgroup {
 public:
  /// Needs CAP_SYS_ADMIN and Linux 5.2; the error says so.
  [[nodiscard]] static core::Result<OwnCgroup> make();
  OwnCgroup(OwnCgroup&& other) noexcept = default;
  OwnCgroup& operator=(OwnCgroup&&) = delete;
  ~OwnCgroup();

  [[nodiscard]] int folder() const { return folder_.get(); }
  [[nodiscard]] int procs() const { return procs_.get(); }

 private:
  OwnCgroup() = default;
  core::Fd parent_;
  std::string name_;
  core::Fd folder_;
  core::Fd procs_;
};

}  // namespace uncork::cure
