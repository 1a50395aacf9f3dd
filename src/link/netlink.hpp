#pragma once
// One question to the kernel's table of devices and routes (rtnetlink(7)), and its yes or no.

#include <linux/netlink.h>

#include <string_view>

#include "core/result.hpp"

namespace uncork::link {

/// Sends a request that has NLM_F_ACK, in the calling thread's network namespace, and waits for the answer, which the kernel
/// gives at once. Its refusal is an error that begins with `attempt`.
[[nodiscard]] core::Status ask_kernel(std::string_view attempt, const nlmsghdr* request);

}  // namespace uncork::link
