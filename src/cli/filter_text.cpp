#include "cli/filter_text.hpp"

#include <sstream>
#include <utility>

#include "filter/parse.hpp"
#include "report/printable.hpp"

namespace uncork::cli {
namespace {

/// The error of a filter with the place in it.
core::Error pointed_at(core::Error error, const std::string& what, const std::string& text) {
  constexpr std::size_t kShown = 200;
  const std::string message = error.message;
  error.message = what + ": " + message;
  std::size_t column = 0;
  std::istringstream(message.substr(message.find(' ') + 1)) >> column;
  if (column >= 1 && column <= text.size() + 1 && text.size() <= kShown) {
    error.message += "\n  " + report::printable(text) + "\n  " + std::string(column - 1, ' ') + "^";
  }
  return error;
}

}  // namespace

core::Result<filter::Node> read_filter(const std::string& what, const std::string& text) {
  auto tree = filter::parse(text);
  if (!tree) return core::fail(pointed_at(tree.error(), what, text));
  return tree;
}

}  // namespace uncork::cli
