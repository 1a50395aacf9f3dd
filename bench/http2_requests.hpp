#pragma once
// Requests as clients make them.

#include <string>

#include "uncork/http2/fields.hpp"

namespace uncork::bench {

/// What h2load asks: all of it in the table after the first time. A browser's request: the same, or with a path that is new each
/// time.
enum class Paths { h2load, indexed, literal };

inline http2::fields request(Paths paths, int number) {
  http2::fields made;
  made.add(":method", "GET");
  made.add(":scheme", "http");
  made.add(":authority", "127.0.0.1:8080");
  made.add(":path", paths != Paths::literal ? "/" : "/articles/2026/" + std::to_string(100'000 + number) + "?page=2");
  if (paths == Paths::h2load) {
    made.add("user-agent", "h2load nghttp2/1.52.0");
    return made;
  }
  made.add("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0");
  made.add("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
  made.add("accept-encoding", "gzip, deflate, br");
  made.add("accept-language", "en-US,en;q=0.5");
  return made;
}

}  // namespace uncork::bench
