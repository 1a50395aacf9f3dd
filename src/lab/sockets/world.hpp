#pragma once
// The network namespaces and sockets of a soak, and the truth about them.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "lab/sockets/ground_truth.hpp"
#include "lab/sockets/janitor.hpp"
#include "lab/sockets/populated_space.hpp"

namespace uncork::lab {

/// Makes namespaces named `uncork-PID-N` in a folder, the N counting up; a name that is taken is left to its owner, and the next
/// one tried. Every second namespace gets a number (nsid). When it goes, or the process ends in any way, nothing of it is left
/// there. Stays where it is; one thread at a time, and none but one while it is made.
class World {
 public:
  /// Errors: not_permitted without root, with what to do.
  [[nodiscard]] static core::Result<std::unique_ptr<World>> open(std::string folder = kNamesFolder);
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World() = default;

  /// The new one is called `name` if that is free; by default, and else, as said above.
  [[nodiscard]] core::Result<PopulatedSpace> make(Lasting lasting, unsigned sockets, std::optional<std::string> name = {});
  /// `number` lasting ones. Stops with an error when `on_made` (how many there are) returns false.
  [[nodiscard]] core::Result<std::vector<PopulatedSpace>> make_many(unsigned number, Lasting lasting, unsigned sockets,
                                                                    const std::function<bool(std::size_t)>& on_made);

  [[nodiscard]] GroundTruth& truth() { return truth_; }
  [[nodiscard]] std::uint64_t made() const { return made_; }

 private:
  World(Janitor janitor, std::string folder) : janitor_(std::move(janitor)), folder_(std::move(folder)) {}

  Janitor janitor_;
  std::string folder_;
  GroundTruth truth_;
  std::uint32_t next_ = 1;
  std::uint64_t made_ = 0;
};

}  // namespace uncork::lab
