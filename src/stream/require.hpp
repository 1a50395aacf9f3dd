#pragma once
// A broken promise of the caller's program ends it, with file and line, in every build.

#include <cstdio>
#include <cstdlib>

#define UNCORK_REQUIRE(condition) \
  ((condition) ? void(0) : (std::fprintf(stderr, "%s:%d: uncork: not so: %s\n", __FILE__, __LINE__, #condition), std::abort()))
