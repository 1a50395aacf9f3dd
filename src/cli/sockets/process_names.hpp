#pragma once
// The processes of rows that came without: from /proc, as far as this user may look.

#include "probe/look/look.hpp"
#include "record/texts.hpp"

namespace uncork::cli {

/// Fills in process, descriptor and command where a row knows the socket's inode and no process. One pass over /proc, if any row
/// needs it. `texts` must outlive the rows.
void name_processes(probe::Look& look, record::Texts& texts);

}  // namespace uncork::cli
