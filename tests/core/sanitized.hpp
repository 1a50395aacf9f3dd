#pragma once
// UNCORK_SANITIZED is defined where a sanitizer watches this program; g++ and clang 19 say so in different words.

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNCORK_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define UNCORK_SANITIZED 1
#endif
#endif
