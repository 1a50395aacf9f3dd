#pragma once
// Who is at the other end of what a service does, where only its own end was watched.

#include <string>

#include "stall/service.hpp"

namespace uncork::cli {

/// The program that holds the other end of the service's worst connection, or listens there, if that is within this machine and
/// our network namespace; empty: it is not, or nobody knows.
[[nodiscard]] std::string program_at_other_end(const stall::Service& service);

}  // namespace uncork::cli
