#pragma once
// What the kernel itself says of a socket, by getsockopt(TCP_INFO) and an inet_diag dump with every attribute, under the names of
// a row's fields: the reference for whatever else reads sockets.

#include <cstdint>
#include <map>
#include <string>

#include "core/fd.hpp"
#include "record/row.hpp"

namespace uncork::probe::testing {

/// Field name -> value.
using Reference = std::map<std::string, std::uint64_t>;

[[nodiscard]] std::uint64_t cookie_of(const core::Fd& socket);

/// Of a socket in the calling thread's network namespace; throws when the kernel does not list it.
[[nodiscard]] Reference reference_of(const core::Fd& socket);

/// What is wrong with the row: one line for each field that is unknown, or not between (or equal to) what the kernel said before
/// and after. Empty: nothing.
[[nodiscard]] std::string differences(const record::Row& row, const Reference& before, const Reference& after);

}  // namespace uncork::probe::testing
