#define _GNU_SOURCE
#include "descriptors.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
  kMost = 65536, /* what has a higher number is left as it is */
  kUlpName = 16  /* TCP_ULP_NAME_MAX, Linux include/net/tcp.h */
};

static _Atomic unsigned char kinds[kMost];

static int known(int fd) { return fd >= 0 && fd < kMost; }

enum kind remembered(int fd) {
  return known(fd) ? (enum kind)atomic_load_explicit(&kinds[fd], memory_order_relaxed) : kind_unknown;
}

void remember(int fd, enum kind kind) {
  if (known(fd)) atomic_store_explicit(&kinds[fd], (unsigned char)kind, memory_order_relaxed);
}

void forget(int fd) { remember(fd, kind_unknown); }

void forget_from(unsigned first, unsigned last) {
  for (unsigned fd = first; fd <= last && fd < kMost; fd++) {
    if (remembered((int)fd) != kind_unknown) forget((int)fd);
  }
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
  enum kind kind = remembered(fd);
  if (kind == kind_unknown) remember(fd, kind = ask(fd));
  return kind;
}

int may_keep_back(int fd) {
  if (!known(fd) || kind_of(fd) != kind_tcp) return 0;
  /* One question for two answers: none but TCP knows this option, and with TLS in the kernel MSG_MORE would leave a record open
   * that TCP_NODELAY does not close. */
  const int saved = errno;
  char name[kUlpName];
  socklen_t size = sizeof name;
  const int is_still_tcp = syscall(SYS_getsockopt, fd, IPPROTO_TCP, TCP_ULP, name, &size) == 0;
  errno = saved;
  if (!is_still_tcp) forget(fd);
  return is_still_tcp && size == 0;
}

int is_tcp(int fd) { return known(fd) && kind_of(fd) == kind_tcp; }

int never_waits(int fd) { return known(fd) && kind_of(fd) == kind_file; }
