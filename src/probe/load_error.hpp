#pragma once
// Why BPF programs could not be loaded, for a person.

#include "core/error.hpp"

namespace uncork::probe {

/// From now on libbpf's warnings are kept for load_error(), and not printed.
void listen_to_libbpf();

/// The error of loading programs on this thread: what privilege is missing, else libbpf's last warning (the verifier's reason,
/// say).
[[nodiscard]] core::Error load_error(int err);

}  // namespace uncork::probe
