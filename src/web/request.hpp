#pragma once
// What `uncork h2 get` and `uncork h2 load` ask.

#include <string>
#include <utility>
#include <vector>

#include "core/result.hpp"
#include "uncork/http2/fields.hpp"
#include "uncork/http2/url.hpp"

namespace uncork::web {

/// The same for each address.
struct RequestOptions {
  std::string method = "GET";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
};

[[nodiscard]] http2::fields request_for(const http2::url& where, const RequestOptions& options);

/// An address of http or https; the error says what is accepted.
[[nodiscard]] core::Result<http2::url> parse_address(const std::string& text);

}  // namespace uncork::web
