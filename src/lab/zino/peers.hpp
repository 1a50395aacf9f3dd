#pragma once
// The real Zino 2 and zinolib, which nobody here wrote: where they are, and the few lines that start them.

#include <string>
#include <string_view>

#include "core/result.hpp"

namespace uncork::lab {

/// The Python that has zino and zinolib, as `./dev deps --interop` installs it: below $UNCORK_INTEROP, or else build/interop.
/// Error: it is not there; says how to get it.
[[nodiscard]] core::Result<std::string> interop_python();

/// `python -c SCRIPT FOLDER PORT NOTIFY_PORT`: Zino 2 on 127.0.0.1, on the zino.toml of a fixture's folder, its ports instead of
/// its own (0: the kernel chooses). Prints `listening on ADDRESS, notifications on ADDRESS`; ends on SIGTERM.
[[nodiscard]] std::string_view zino2_server_script();

/// `python -c SCRIPT HOST PORT USER SECRET`: zinolib's ritz lists every case, three commands each. Prints one JSON line:
/// `{"total_s":x,"cases":n,"samples_ms":{"getattrs":[x],"gethist":[x],"getlog":[x]}}`.
[[nodiscard]] std::string_view zinolib_listing_script();

}  // namespace uncork::lab
