#include "web/page/params.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "report/printable.hpp"

namespace uncork::web {
namespace {

constexpr std::size_t kMostParams = 32;
constexpr std::size_t kShown = 40;

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string shown(std::string_view text) { return report::printable(text.substr(0, kShown)); }

core::Result<std::string> decoded(std::string_view name, std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '+') c = ' ';
    if (c == '%') {
      const int high = i + 1 < text.size() ? digit_of(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? digit_of(text[i + 2]) : -1;
      if (high < 0 || low < 0)
        return core::fail(core::invalid_argument(fmt::format("{}: '%' must be followed by two hexadecimal digits", shown(name))));
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c == '\0') return core::fail(core::invalid_argument(fmt::format("{}: a text has no zero byte", shown(name))));
    bytes += c;
  }
  return bytes;
}

}  // namespace

core::Result<Params> Params::parse(std::string_view query) {
  Params params;
  for (std::size_t begin = 0; begin < query.size();) {
    const std::size_t end = std::min(query.find('&', begin), query.size());
    const std::string_view pair = query.substr(begin, end - begin);
    begin = end + 1;
    if (pair.empty()) continue;
    const std::size_t equal = std::min(pair.find('='), pair.size());
    auto name = decoded("a parameter's name", pair.substr(0, equal));
    if (!name) return core::fail(name.error());
    if (name->empty()) return core::fail(core::invalid_argument(fmt::format("'{}': a parameter has a name", shown(pair))));
    auto value = decoded(*name, pair.substr(std::min(equal + 1, pair.size())));
    if (!value) return core::fail(value.error());
    if (auto added = params.add(std::move(*name), *value); !added) return core::fail(added.error());
  }
  return params;
}

core::Status Params::add(std::string name, const std::string& value) {
  if (values_.size() == kMostParams) return core::fail(core::invalid_argument("at most 32 parameters"));
  const auto [at, is_new] = values_.try_emplace(std::move(name), value);
  if (!is_new) return core::fail(core::invalid_argument(fmt::format("{}: given twice", shown(at->first))));
  return {};
}

const std::string* Params::find(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? nullptr : &found->second;
}

core::Status Params::only(std::initializer_list<std::string_view> known) const {
  for (const auto& [name, value] : values_) {
    if (std::ranges::find(known, name) != known.end()) continue;
    const std::string all = known.size() == 0 ? "none is known here" : fmt::format("known are {}", fmt::join(known, ", "));
    return core::fail(core::invalid_argument(fmt::format("{}: no such parameter; {}", shown(name), all)));
  }
  return {};
}

core::Result<Target> parse_target(std::string_view target) {
  if (target.size() > kLongestTarget) return core::fail(core::invalid_argument("the target is longer than 4,096 bytes"));
  if (!target.starts_with('/')) return core::fail(core::invalid_argument("a target begins with '/'"));
  const std::size_t mark = std::min(target.find('?'), target.size());
  auto params = Params::parse(target.substr(std::min(mark + 1, target.size())));
  if (!params) return core::fail(params.error());
  return Target{std::string(target.substr(0, mark)), std::move(*params)};
}

}  // namespace uncork::web
