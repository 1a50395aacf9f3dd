#pragma once
// The target of a request: its path, and its parameters decoded.

#include <cstddef>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace uncork::web {

inline constexpr std::size_t kLongestTarget = 4096;

/// Names and values, each name once. A value.
class Params {
 public:
  /// What follows the `?` (application/x-www-form-urlencoded, WHATWG URL 5): `+` is a blank, %XX a byte. At most 32 of them.
  /// Errors name the parameter: a name twice or none, an escape that is none, a zero byte.
  [[nodiscard]] static core::Result<Params> parse(std::string_view query);

  /// The error: the name is there already.
  [[nodiscard]] core::Status add(std::string name, const std::string& value);
  /// Null: it is not there.
  [[nodiscard]] const std::string* find(std::string_view name) const;
  /// The error names the first one that is none of `known`, and those.
  [[nodiscard]] core::Status only(std::initializer_list<std::string_view> known) const;
  [[nodiscard]] std::size_t size() const { return values_.size(); }
  bool operator==(const Params&) const = default;

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

struct Target {
  std::string path;
  Params params;
};

/// `/api/services?since=10m`. A fragment is not sent by browsers, and not taken. The path is taken as it stands.
[[nodiscard]] core::Result<Target> parse_target(std::string_view target);

}  // namespace uncork::web
