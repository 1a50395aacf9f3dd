#pragma once
// The kernel's struct tcp_info, whatever kernel wrote it, in a row.

#include <cstddef>
#include <span>

#include "probe/diag/kernel_version.hpp"
#include "record/row.hpp"

namespace uncork::probe {

/// Fills the row's tcp_info fields and says in `blocks` how far the bytes reached. Bytes that nobody here can read (later fields;
/// half a field; the last four of 280 when it is not known which of two meanings they have) are kept in tcp_info_tail. Any number
/// of bytes, any content, any alignment.
void read_tcp_info(std::span<const std::byte> bytes, KernelVersion kernel, record::Row& into);

}  // namespace uncork::probe
