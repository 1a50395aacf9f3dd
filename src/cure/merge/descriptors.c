#define _GNU_SOURCE
#include "descriptors.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { kMost = 65536 }; /* what has a higher number is left as it is */

static _Atomic unsigned char kinds[kMost];

static int known(int fd) { return fd >= 0 && fd < kMost; }

void remember(int fd, enum kind kind) {
  if (known(fd)) atomic_store_explicit(&kinds[fd], (unsigned char)kind, memory_order_relaxed);
}

void forget(int fd) { remember(fd, kind_unknown); }

void forget_from(unsigned first, unsigned last) {
  for (unsigned fd = first; fd <= last && fd < kMost; fd++) remember((int)fd, kind_unknown);
}

static enum kind ask(int fd) {
  const int saved = errno;
  int protocol = 0;
  socklen_t size = sizeof protocol;
  struct stat status;
  enum kind kind = kind_other;
  if (syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0) {
    if (protocol == IPPROTO_TCP) kind = kind_tcp;
  } else if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
    kind = kind_file;
  }
  errno = saved;
  return kind;
}

static enum kind kind_of(int fd) {
  enum kind kind = atomic_load_explicit(&kinds[fd], memory_order_relaxed);
  if (kind == kind_unknown) remember(fd, kind = ask(fd));
  return kind;
}

int may_keep_back(int fd, int sure) {
  if (!known(fd) || kind_of(fd) != kind_tcp) return 0;
  if (!sure) return 1;
  const enum kind now = ask(fd);
  if (now != kind_tcp) remember(fd, now);
  return now == kind_tcp;
}

int never_waits(int fd) { return known(fd) && kind_of(fd) == kind_file; }
