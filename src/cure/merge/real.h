/* The C library's own function behind one that this library puts itself before. */
#pragma once

#ifndef _GNU_SOURCE
#error "with _GNU_SOURCE"
#endif
#include <stddef.h>

#define EXPORTED __attribute__((visibility("default")))

struct real {
  const char* name;
  const char* version; /* of the symbol; NULL: the default one */
  void* found;
};

void* real_look_up(struct real* one);

static inline void* real_find(struct real* one) {
  void* found = __atomic_load_n(&one->found, __ATOMIC_RELAXED);
  return found != NULL ? found : real_look_up(one);
}

/* All that stand in a REAL() are looked up when the library is loaded, since dlsym() takes locks, and a function such as write()
 * may be called in a signal handler. Lazily only by those who call before that. */
#define REAL(name) REAL_OF(name, NULL)
#define REAL_OF(name, version)                                                           \
  (__extension__({                                                                       \
    static struct real real_ = {#name, version, NULL};                                   \
    static struct real* listed_ __attribute__((section("uncork_reals"), used)) = &real_; \
    (__typeof__(name)*)real_find(&real_);                                                \
  }))
