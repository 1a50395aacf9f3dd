#pragma once
// Where the packets of a network namespace go: routes and the rules that choose among tables of them (ip-rule(8)).

#include <cstdint>

#include "core/endpoint.hpp"
#include "core/result.hpp"

namespace uncork::link {

/// The kernel's table of the addresses of this machine (RT_TABLE_LOCAL).
inline constexpr std::uint32_t kLocalTable = 255;

/// `ip rule add priority N [iif DEVICE] lookup TABLE`, for IPv4; `device` nullptr: whatever the packet came by.
[[nodiscard]] core::Status add_rule(std::uint32_t priority, std::uint32_t table, const char* device = nullptr);
/// Takes away the first rule that looks into `table`.
[[nodiscard]] core::Status remove_rule(std::uint32_t table);
/// `ip route add NETWORK/BITS dev DEVICE src SOURCE table TABLE scope link`, for IPv4.
[[nodiscard]] core::Status add_route(const core::Endpoint& network, std::uint8_t bits, const char* device,
                                     const core::Endpoint& source, std::uint32_t table);

}  // namespace uncork::link
