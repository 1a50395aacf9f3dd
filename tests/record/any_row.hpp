#pragma once
// Rows of any content, and what libprotobuf holds of them.

#include <cstdint>
#include <random>
#include <string>

#include "record/catalogue.hpp"
#include "xtcp_flat_record.pb.h"

namespace uncork::record {

using Random = std::mt19937_64;

/// Any well-formed text, at times with characters of every length and with what formats must escape.
std::string any_text(Random& random);

/// Any blocks, any numbers of any length, any texts.
Row any_row(Texts& texts, Random& random);

/// The row as a message of libprotobuf, filled field by field through reflection.
xtcp_flat_record::v1::XtcpFlatRecord message_of(const Row& row);

}  // namespace uncork::record
