#pragma once
// From `:path` to a name beneath the root.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace uncork::http2 {

/// A longer `:path` is answered with 414. Four times what the kernel takes as a name, PATH_MAX, and that when all of it is
/// encoded.
inline constexpr std::size_t kLongestTarget = std::size_t{16} * 1024;

enum class HiddenFiles : bool { refused, served };

enum class TargetFault : std::uint8_t {
  none,
  malformed,  ///< 400: does not begin with a slash, `%` without two digits behind it, NUL, a byte that RFC 3986 does not allow
  too_long,   ///< 414
  no_file     ///< 404: can be the name of none that is served
};

/// `/a%20b/c?d` is {none, "a b/c", false, "d"}.
struct TargetPath {
  TargetFault fault = TargetFault::none;
  std::string name;           ///< without a slash at either end; empty for the root itself
  bool is_directory = false;  ///< the path ends with a slash
  std::string_view query;     ///< of the text that was read, without its question mark
  bool operator==(const TargetPath&) const = default;
};

/// Decoded once, and cut at its slashes before that, so that `%2F` is part of a name, and there is no file of such a name.
/// Segments
/// `.` and `..`, however written, are refused, though clients remove them and the kernel would not let them out either; so are
/// empty ones, which would make a redirection to `//host`. Names that begin with a dot are hidden, but for the first one
/// `.well-known` (RFC 8615).
[[nodiscard]] TargetPath parse_target(std::string_view path, HiddenFiles hidden);

/// The path of a directory with its slash and the query, as the Location of a redirection: encoded anew, so that nothing in it is
/// the client's spelling.
[[nodiscard]] std::string directory_location(const TargetPath& target);

}  // namespace uncork::http2
