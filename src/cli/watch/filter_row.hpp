#pragma once
// What a watch knows of a connection, or of a service, as the row of which a filter asks.

#include <string>

#include "probe/source.hpp"
#include "record/row.hpp"
#include "record/texts.hpp"
#include "stall/service.hpp"

namespace uncork::cli {

/// Only fields that a choice may ask for (choice.hpp) are filled in; a 0 elsewhere is no measurement. `texts` keeps the row's
/// texts, until its next sweep.
[[nodiscard]] record::Row filter_row(const probe::ConnectionRow& connection, record::Texts& texts);
/// Of the end itself and its account, which is all that a verdict has.
[[nodiscard]] record::Row filter_row(const stall::Verdict& verdict, record::Texts& texts);
/// Of its name and its sums. The cause is the one that it is accused of.
[[nodiscard]] record::Row filter_row(const stall::ServiceVerdict& verdict, record::Texts& texts);

/// Fills in the cgroup and the container of the row's process, where it lives and /proc tells.
void add_cgroup(record::Row& row, record::Texts& texts);

}  // namespace uncork::cli
