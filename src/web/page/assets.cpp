#include "web/page/assets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include "core/crc32c.hpp"

// Of cmake/uncork_embed.cmake: names and texts by turns, and a null pointer behind them.
extern const char* const kPageFiles[];

namespace uncork::web {
namespace {

std::string_view type_of(std::string_view path) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kTypes = {{{".html", "text/html; charset=utf-8"},
                                                                                    {".js", "text/javascript; charset=utf-8"},
                                                                                    {".css", "text/css; charset=utf-8"},
                                                                                    {".svg", "image/svg+xml"}}};
  const auto found = std::ranges::find_if(kTypes, [path](const auto& type) { return path.ends_with(type.first); });
  return found == kTypes.end() ? "application/octet-stream" : found->second;
}

std::vector<Asset> all_assets() {
  std::vector<Asset> all;
  for (std::size_t i = 0; kPageFiles[i] != nullptr; i += 2) {
    const std::string_view bytes = kPageFiles[i + 1];
    all.push_back(
        {kPageFiles[i], type_of(kPageFiles[i]), bytes, fmt::format("\"{:08x}-{:x}\"", core::crc32c(bytes), bytes.size())});
  }
  return all;
}

}  // namespace

std::span<const Asset> assets() {
  static const std::vector<Asset> kAssets = all_assets();
  return kAssets;
}

const Asset* find_asset(std::string_view path) {
  const auto found = std::ranges::find(assets(), path == "/" ? "/index.html" : path, &Asset::path);
  return found == assets().end() ? nullptr : &*found;
}

}  // namespace uncork::web
