/* Programs that end, and descriptors that come and go: what is kept back is let go before. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "descriptors.h"
#include "real.h"
#include "turns.h"

#define ENDS_ALL_TURNS(name, parameters, arguments) \
  EXPORTED int name parameters {                    \
    turn_end_all();                                 \
    return REAL(name) arguments;                    \
  }
ENDS_ALL_TURNS(execve, (const char* path, char* const words[], char* const variables[]), (path, words, variables))
ENDS_ALL_TURNS(execv, (const char* path, char* const words[]), (path, words))
ENDS_ALL_TURNS(execvp, (const char* file, char* const words[]), (file, words))
ENDS_ALL_TURNS(execvpe, (const char* file, char* const words[], char* const variables[]), (file, words, variables))
ENDS_ALL_TURNS(fexecve, (int fd, char* const words[], char* const variables[]), (fd, words, variables))

EXPORTED void _exit(int code) {
  turn_end_all();
  REAL(_exit)(code);
  __builtin_unreachable();
}

EXPORTED void _Exit(int code) { _exit(code); }

/* The C library ends a process with its last thread, and the watchdog must not be that one. */
EXPORTED void pthread_exit(void* result) {
  if (syscall(SYS_gettid) == getpid()) turn_end_for_good();
  REAL(pthread_exit)(result);
  __builtin_unreachable();
}

/* ---- descriptors that come and go ---- */

/* Another descriptor may keep the connection open; and if it is reset, what is queued is lost. */
static void lets_go(int fd) {
  const enum kind kind = remembered(fd);
  if (kind == kind_unknown || kind == kind_tcp) turn_end_of(fd, kind == kind_tcp);
}

EXPORTED int shutdown(int fd, int how) {
  lets_go(fd);
  return REAL(shutdown)(fd, how);
}

EXPORTED int close(int fd) {
  lets_go(fd);
  forget(fd);
  return REAL(close)(fd);
}

EXPORTED int fclose(FILE* stream) {
  const int saved = errno;
  const int fd = fileno(stream);
  errno = saved;
  if (fd >= 0) {
    lets_go(fd);
    forget(fd);
  }
  return REAL(fclose)(stream);
}

EXPORTED int dup2(int old, int fresh) {
  if (old != fresh) {
    lets_go(fresh);
    forget(fresh);
  }
  return REAL(dup2)(old, fresh);
}

EXPORTED int dup3(int old, int fresh, int flags) {
  if (old != fresh) {
    lets_go(fresh);
    forget(fresh);
  }
  return REAL(dup3)(old, fresh, flags);
}

EXPORTED int dup(int old) {
  const int fd = REAL(dup)(old);
  forget(fd);
  return fd;
}

/* `fd` is new, or -1. */
static int got(int fd) {
  forget(fd);
  if (is_tcp(fd)) turn_watch();
  return fd;
}

EXPORTED int socket(int domain, int type, int protocol) { return got(REAL(socket)(domain, type, protocol)); }

EXPORTED int connect(int fd, const struct sockaddr* to, socklen_t size) {
  turn_end();
  return REAL(connect)(fd, to, size);
}

EXPORTED int accept(int listener, struct sockaddr* restrict from, socklen_t* restrict size) {
  turn_end();
  return got(REAL(accept)(listener, from, size));
}

EXPORTED int accept4(int listener, struct sockaddr* restrict from, socklen_t* restrict size, int flags) {
  turn_end();
  return got(REAL(accept4)(listener, from, size, flags));
}

int close_range(unsigned first, unsigned last, int flags);
EXPORTED int close_range(unsigned first, unsigned last, int flags) {
  turn_end_all();
  forget_from(first, last);
  return REAL(close_range)(first, last, flags);
}
