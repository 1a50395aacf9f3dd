#pragma once
// The files of the page, which are part of the program.

#include <span>
#include <string>
#include <string_view>

namespace uncork::web {

struct Asset {
  std::string_view path;  ///< `/app.js`
  std::string_view type;  ///< of its content
  std::string_view bytes;
  std::string etag;  ///< with its quotes; another for other bytes
};

/// All of them. The charts' library is empty in a program that was built without it.
[[nodiscard]] std::span<const Asset> assets();
/// Null: there is none. `/` is the page.
[[nodiscard]] const Asset* find_asset(std::string_view path);

}  // namespace uncork::web
