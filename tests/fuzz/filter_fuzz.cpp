// Filters: any text is read, or refused with a column inside it; what is read prints to what reads as the same tree, and answers
// for any row.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "core/error.hpp"
#include "filter/filter.hpp"
#include "filter/parse.hpp"

using namespace uncork;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto tree = filter::parse(text);
  if (!tree) {
    UNCORK_ASSERT(tree.error().code == core::ErrorCode::invalid_argument && tree.error().message.starts_with("column "));
    return 0;
  }
  const std::string printed = filter::to_string(*tree);
  if (printed.size() <= 4096) {  // what is printed may be longer than what was read
    const auto again = filter::parse(printed);
    UNCORK_ASSERT(again && *again == *tree);
  }
  const auto filter = filter::Filter::compile(*tree);
  UNCORK_ASSERT(filter);
  record::Row row;
  static_cast<void>(filter->matches(row));
  row.blocks = record::Blocks::of_bits(~0ULL);
  row.inet_diag_msg_family = 10;
  row.inet_diag_msg_state = static_cast<std::uint32_t>(size);
  static_cast<void>(filter->matches(row));
  return 0;
}
