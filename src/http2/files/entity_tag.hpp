#pragma once
// Entity tags (RFC 9110 8.8.3): how one is made, and how a client's are compared with it.

#include <sys/stat.h>

#include <string>
#include <string_view>

namespace uncork::http2 {

/// Strong or weak comparison (RFC 9110 8.8.3.2): under the strong one a tag marked W/ equals none.
enum class TagComparison : bool { strong, weak };

/// The strong tag of a file's bytes, quotes included: of its inode, size and modification time to the nanosecond, and `coding`
/// (empty for none), so that no two representations share one. Two writes within one tick of the kernel's clock that keep the
/// size are not told apart before Linux 6.13, which gives a time that was asked for to no later write.
[[nodiscard]] std::string entity_tag(const struct stat& file, std::string_view coding);

/// Whether `text` is one entity tag, and equal to ours (which is strong).
[[nodiscard]] bool is_same_tag(std::string_view text, std::string_view ours, TagComparison comparison);

/// Whether the value of If-Match or If-None-Match covers `ours`: `*`, or a list with an equal tag. A value that is neither covers
/// nothing, which is the safe side of both: 412, or the whole file.
[[nodiscard]] bool tags_match(std::string_view value, std::string_view ours, TagComparison comparison);

}  // namespace uncork::http2
