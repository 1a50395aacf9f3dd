#include "lab/zino/peers.hpp"

#include <unistd.h>

#include <cstdlib>

// Made by uncork_embed() from the files of these names.
extern const char* const kZino2Server;
extern const char* const kZinolibListing;

namespace uncork::lab {

core::Result<std::string> interop_python() {
  const char* folder = std::getenv("UNCORK_INTEROP");
  std::string python = std::string(folder != nullptr ? folder : "build/interop") + "/zino/bin/python";
  if (::access(python.c_str(), X_OK) == 0) return python;
  return core::fail(
      core::Error{core::ErrorCode::not_found, 0,
                  python + ": not there; ./dev deps --interop installs Zino 2 and zinolib, $UNCORK_INTEROP says where"});
}

std::string_view zino2_server_script() { return kZino2Server; }
std::string_view zinolib_listing_script() { return kZinolibListing; }

}  // namespace uncork::lab
