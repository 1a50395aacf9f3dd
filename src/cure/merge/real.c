#define _GNU_SOURCE
#include "real.h"

#include <dlfcn.h>

extern struct real* __start_uncork_reals[];
extern struct real* __stop_uncork_reals[];

void* real_look_up(struct real* one) {
  void* found = one->version != NULL ? dlvsym(RTLD_NEXT, one->name, one->version) : NULL;
  if (found == NULL) found = dlsym(RTLD_NEXT, one->name);
  __atomic_store_n(&one->found, found, __ATOMIC_RELAXED);
  return found;
}

__attribute__((constructor(101))) static void look_up_all(void) {
  for (struct real** one = __start_uncork_reals; one < __stop_uncork_reals; one++) real_look_up(*one);
  dlerror(); /* an older C library lacks some, which is nobody's error: nobody can call them there */
}
