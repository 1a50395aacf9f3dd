#include "sink/store/place.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string_view>

namespace uncork::sink {

std::string store_path(const char* xdg_state_home, const char* home, uid_t user) {
  if (user == 0) return "/var/lib/uncork/store.db";
  // A relative one is to be ignored, says the specification.
  if (xdg_state_home != nullptr && *xdg_state_home == '/') return std::string(xdg_state_home) + "/uncork/store.db";
  return std::string(home == nullptr ? "" : home) + "/.local/state/uncork/store.db";
}

std::string store_path() { return store_path(std::getenv("XDG_STATE_HOME"), std::getenv("HOME"), ::geteuid()); }

core::Status make_folder_of(const std::string& path) {
  constexpr mode_t kOwnerOnly = 0700;
  for (std::size_t end = path.find('/', 1); end != std::string::npos; end = path.find('/', end + 1)) {
    const std::string folder = path.substr(0, end);
    if (::mkdir(folder.c_str(), kOwnerOnly) != 0 && errno != EEXIST) {
      return core::fail(core::system_error("make the folder " + folder, errno));
    }
  }
  return {};
}

}  // namespace uncork::sink
