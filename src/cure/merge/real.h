/* The C library's own function behind one that this library puts itself before. */
#pragma once

#ifndef _GNU_SOURCE
#error "with _GNU_SOURCE"
#endif
#include <dlfcn.h>
#include <stddef.h>

#define EXPORTED __attribute__((visibility("default")))

/* Looked up once; two threads that do it at a time find the same. */
#define REAL(name)                                                                   \
  (__extension__({                                                                   \
    static __typeof__(name)* found_;                                                 \
    __typeof__(name)* real_ = __atomic_load_n(&found_, __ATOMIC_RELAXED);            \
    if (real_ == NULL) {                                                             \
      real_ = (__typeof__(name)*)dlsym(RTLD_NEXT, #name);                            \
      __atomic_store_n(&found_, real_, __ATOMIC_RELAXED);                            \
    }                                                                                \
    real_;                                                                           \
  }))
