#pragma once
// TableSlot: where an entry of either table stands in the table's text.

#include <cstdint>
#include <string_view>

#include "uncork/http2/fields.hpp"

namespace uncork::http2 {

struct TableSlot {
  std::uint32_t at = 0;  ///< of the name; the value is behind it
  std::uint32_t name_size = 0;
  std::uint32_t value_size = 0;
  known_field token = known_field::other;
  bool well_formed = true;  ///< see field_syntax.hpp: judged once, when it comes in
};

/// An entry as the decoder finds it. It points into the table, until that changes; block::kPadding bytes more may be read.
struct FoundEntry {
  const TableSlot* slot = nullptr;
  const char* text = nullptr;  ///< name and value

  [[nodiscard]] std::string_view name() const noexcept { return {text, slot->name_size}; }
};

}  // namespace uncork::http2
