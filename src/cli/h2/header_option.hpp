#pragma once
// --header NAME:VALUE of the clients of HTTP/2.

#include <string>
#include <utility>
#include <vector>

#include "cli/verb.hpp"

namespace uncork::cli {

/// May be given several times; names come in lower case. What HTTP/2 does not have (RFC 9113 8.2.2) is refused.
void add_headers(const Verb& verb, std::vector<std::pair<std::string, std::string>>& into);

}  // namespace uncork::cli
