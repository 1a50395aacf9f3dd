#pragma once
// What the catalogue says to people and to other programs: the .proto and the page docs/record.md.

#include <string>

namespace uncork::record {

/// src/record/xtcp_flat_record.proto.
[[nodiscard]] std::string proto_file();

/// docs/record.md.
[[nodiscard]] std::string record_page();

}  // namespace uncork::record
