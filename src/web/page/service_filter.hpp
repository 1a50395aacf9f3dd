#pragma once
// The filter language asked of services: of those fields that a sum of many connections has.

#include <string>
#include <string_view>

#include "core/result.hpp"
#include "filter/filter.hpp"
#include "record/texts.hpp"
#include "report/top_table.hpp"

namespace uncork::web {

/// Moves; one thread at a time.
class ServiceFilter {
 public:
  /// Errors: `filter: column 7: ...`, and `filter: ` with the fields that services have where another is asked for.
  [[nodiscard]] static core::Result<ServiceFilter> compile(std::string_view text);
  [[nodiscard]] bool matches(const report::TopLine& line);

 private:
  explicit ServiceFilter(filter::Filter filter) : filter_(std::move(filter)) {}
  filter::Filter filter_;
  record::Texts texts_;
};

/// The error of a filter as all of the page's are said.
[[nodiscard]] core::Error filter_error(const core::Error& error);

}  // namespace uncork::web
