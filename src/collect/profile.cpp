#include "collect/profile.hpp"

namespace uncork::collect {

std::string_view name(Phase phase) {
  constexpr std::array<std::string_view, kPhases> kNames = {"look", "hand_on", "services", "store", "tell", "wait"};
  return kNames.at(static_cast<std::size_t>(phase));
}

}  // namespace uncork::collect
