#pragma once
// The processes of one run: a Zino server with cases of its own, a relay, a front; and the folder that they work in.

#include <optional>
#include <string>

#include "lab/child.hpp"
#include "lab/zino/experiment.hpp"
#include "zino/fixture/fixture.hpp"

namespace uncork::lab {

/// A new folder below the system's one for such things; removed with all that is in it. Move-only.
class ScratchFolder {
 public:
  [[nodiscard]] static core::Result<ScratchFolder> make();
  ScratchFolder(ScratchFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ScratchFolder& operator=(ScratchFolder&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
  }
  ~ScratchFolder();
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  explicit ScratchFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

/// Everything runs while it lives. Members end in the reverse order: the front first, the folder last.
struct Stage {
  ScratchFolder folder;
  Child server;
  std::optional<Child> relay;
  std::optional<Child> front;

  /// Where the client goes.
  [[nodiscard]] core::Endpoint at() const;
  [[nodiscard]] std::optional<ZinoPart> part_of(pid_t pid) const;
  /// Ends the relay; what it received, as it logged it. Nothing without a relay.
  [[nodiscard]] core::Result<std::optional<std::string>> end_relay();
};

[[nodiscard]] core::Result<Stage> set_up(const ZinoSetup& setup, ZinoServer server, const zino::Fixture& fixture);

}  // namespace uncork::lab
