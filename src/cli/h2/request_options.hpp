#pragma once
// What the clients of HTTP/2 ask: method, body and fields.

#include <filesystem>
#include <string>

#include "cli/verb.hpp"
#include "web/request.hpp"

namespace uncork::cli {

struct RequestArguments {
  web::RequestOptions request;  ///< method and body once read_request() has been called
  std::string method;
  std::string post;
  std::filesystem::path post_file;
};

/// --method, --post, --post-file and --header, which may be given several times: names come in lower case, and what HTTP/2 does
/// not have (RFC 9113 8.2.2) is refused.
void add_request_options(const Verb& verb, RequestArguments& into);
/// Error: the file cannot be read, or is too large to be kept.
[[nodiscard]] core::Status read_request(RequestArguments& arguments);

}  // namespace uncork::cli
