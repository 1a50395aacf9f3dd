#pragma once
// The mark of a row in JSON.

#include <cstdint>
#include <string>
#include <string_view>

namespace uncork::sink {

/// What a line of jsonl says; what it does not say is empty or 0.
struct JsonMark {
  std::string boot_id;
  std::int64_t timestamp_ns = 0;
  std::uint64_t sequence = 0;
  std::uint64_t row_number = 0;
};

/// False if the line is not one JSON object.
[[nodiscard]] bool read_json_mark(std::string_view line, JsonMark& into);

}  // namespace uncork::sink
