#pragma once
// Texts and bytes as JSON, protobuf's text format and separated values write them.

#include <string_view>

#include "record/buffer.hpp"

namespace uncork::record {

/// A JSON string in quotes, escaped as libprotobuf's printer does: controls, quotes, `<` and `>`, and the characters that
/// direct or hide text. `text` is UTF-8.
void put_json_string(Buffer& to, std::string_view text);

/// With padding (RFC 4648 4).
void put_base64(Buffer& to, std::string_view bytes);

/// Protobuf's text format: C escapes, octal for what is not printable ASCII.
void put_c_string(Buffer& to, std::string_view bytes);

/// A field of CSV (RFC 4180): quoted if it holds a comma, a quote or a line's end.
void put_csv(Buffer& to, std::string_view text);

/// A field of tab-separated values: tab, newline, return and backslash as \t, \n, \r, \\.
void put_tsv(Buffer& to, std::string_view text);

}  // namespace uncork::record
