#pragma once
// The static table of HPACK (RFC 7541 appendix A).

#include <array>
#include <cstddef>
#include <string_view>

#include "http2/hpack/table_slot.hpp"
#include "uncork/http2/fields.hpp"

namespace uncork::http2 {

struct StaticEntry {
  std::string_view name;
  std::string_view value;
  known_field token;
};

/// Entry i of the table has index i + 1.
inline constexpr std::array<StaticEntry, 61> kStaticTable = {{
    {":authority", "", known_field::authority},
    {":method", "GET", known_field::method},
    {":method", "POST", known_field::method},
    {":path", "/", known_field::path},
    {":path", "/index.html", known_field::path},
    {":scheme", "http", known_field::scheme},
    {":scheme", "https", known_field::scheme},
    {":status", "200", known_field::status},
    {":status", "204", known_field::status},
    {":status", "206", known_field::status},
    {":status", "304", known_field::status},
    {":status", "400", known_field::status},
    {":status", "404", known_field::status},
    {":status", "500", known_field::status},
    {"accept-charset", "", known_field::other},
    {"accept-encoding", "gzip, deflate", known_field::other},
    {"accept-language", "", known_field::other},
    {"accept-ranges", "", known_field::other},
    {"accept", "", known_field::other},
    {"access-control-allow-origin", "", known_field::other},
    {"age", "", known_field::other},
    {"allow", "", known_field::other},
    {"authorization", "", known_field::other},
    {"cache-control", "", known_field::other},
    {"content-disposition", "", known_field::other},
    {"content-encoding", "", known_field::other},
    {"content-language", "", known_field::other},
    {"content-length", "", known_field::content_length},
    {"content-location", "", known_field::other},
    {"content-range", "", known_field::other},
    {"content-type", "", known_field::other},
    {"cookie", "", known_field::cookie},
    {"date", "", known_field::other},
    {"etag", "", known_field::other},
    {"expect", "", known_field::expect},
    {"expires", "", known_field::other},
    {"from", "", known_field::other},
    {"host", "", known_field::host},
    {"if-match", "", known_field::other},
    {"if-modified-since", "", known_field::other},
    {"if-none-match", "", known_field::other},
    {"if-range", "", known_field::other},
    {"if-unmodified-since", "", known_field::other},
    {"last-modified", "", known_field::other},
    {"link", "", known_field::other},
    {"location", "", known_field::other},
    {"max-forwards", "", known_field::other},
    {"proxy-authenticate", "", known_field::other},
    {"proxy-authorization", "", known_field::other},
    {"range", "", known_field::other},
    {"referer", "", known_field::other},
    {"refresh", "", known_field::other},
    {"retry-after", "", known_field::other},
    {"server", "", known_field::other},
    {"set-cookie", "", known_field::other},
    {"strict-transport-security", "", known_field::other},
    {"transfer-encoding", "", known_field::transfer_encoding},
    {"user-agent", "", known_field::other},
    {"vary", "", known_field::other},
    {"via", "", known_field::other},
    {"www-authenticate", "", known_field::other},
}};

/// The same as the decoder copies it: all texts one behind the other.
struct StaticText {
  static constexpr std::size_t kBytes = [] {
    std::size_t bytes = 0;
    for (const StaticEntry& entry : kStaticTable) bytes += entry.name.size() + entry.value.size();
    return bytes;
  }();
  std::array<TableSlot, kStaticTable.size()> slots{};
  std::array<char, kBytes + detail::block<char>::kPadding> text{};
};

constexpr StaticText make_static_text() {
  StaticText made;
  std::uint32_t at = 0;
  for (std::size_t i = 0; i < kStaticTable.size(); ++i) {
    const StaticEntry& entry = kStaticTable[i];
    made.slots[i] = {at, static_cast<std::uint32_t>(entry.name.size()), static_cast<std::uint32_t>(entry.value.size()),
                     entry.token, true};
    for (const char c : entry.name) made.text[at++] = c;
    for (const char c : entry.value) made.text[at++] = c;
  }
  return made;
}

inline constexpr StaticText kStaticText = make_static_text();

}  // namespace uncork::http2
