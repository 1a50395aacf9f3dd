/* Writes on TCP sockets: kept back until the turn ends. */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "descriptors.h"
#include "real.h"
#include "turns.h"

/* Flags under which a send may be kept back; any other (MSG_OOB, MSG_ZEROCOPY, MSG_MORE of the program's own) is the program's
 * business. */
static int is_plain(int flags) { return (flags & ~(MSG_NOSIGNAL | MSG_DONTWAIT)) == 0; }

static int keeps(int fd) { return turn_has_place() && may_keep_back(fd, !turn_holds(fd)); }

static ssize_t kept(int fd, ssize_t sent) {
  if (sent > 0) turn_hold(fd);
  return sent;
}

EXPORTED ssize_t write(int fd, const void* bytes, size_t count) {
  if (count == 0 || !keeps(fd)) return REAL(write)(fd, bytes, count);
  return kept(fd, REAL(send)(fd, bytes, count, MSG_MORE));
}

EXPORTED ssize_t send(int fd, const void* bytes, size_t count, int flags) {
  if (count == 0 || !is_plain(flags) || !keeps(fd)) return REAL(send)(fd, bytes, count, flags);
  return kept(fd, REAL(send)(fd, bytes, count, flags | MSG_MORE));
}

EXPORTED ssize_t sendto(int fd, const void* bytes, size_t count, int flags, const struct sockaddr* to, socklen_t size) {
  if (count == 0 || !is_plain(flags) || to != NULL || !keeps(fd)) return REAL(sendto)(fd, bytes, count, flags, to, size);
  return kept(fd, REAL(sendto)(fd, bytes, count, flags | MSG_MORE, to, size));
}

EXPORTED ssize_t writev(int fd, const struct iovec* parts, int count) {
  if (count <= 0 || !keeps(fd)) return REAL(writev)(fd, parts, count);
  const struct msghdr message = {.msg_iov = (struct iovec*)parts, .msg_iovlen = (size_t)count};
  return kept(fd, REAL(sendmsg)(fd, &message, MSG_MORE));
}

EXPORTED ssize_t sendmsg(int fd, const struct msghdr* message, int flags) {
  const int odd = !is_plain(flags) || message->msg_name != NULL || message->msg_controllen != 0;
  if (odd || !keeps(fd)) return REAL(sendmsg)(fd, message, flags);
  return kept(fd, REAL(sendmsg)(fd, message, flags | MSG_MORE));
}

EXPORTED int setsockopt(int fd, int level, int option, const void* value, socklen_t size) {
  const int is_int = level == IPPROTO_TCP && value != NULL && size >= (socklen_t)sizeof(int);
  if (is_int && option == TCP_NODELAY && *(const int*)value == 0) {
    const int on = 1; /* kept on: that is the cure */
    return REAL(setsockopt)(fd, level, option, &on, sizeof on);
  }
  if (is_int && option == TCP_CORK) { /* the program gathers its writes itself */
    turn_end_of(fd);
    remember(fd, *(const int*)value != 0 ? kind_left_alone : kind_unknown);
  }
  if (level == IPPROTO_TCP && option == TCP_ULP) { /* with TLS in the kernel MSG_MORE leaves a record open */
    turn_end_of(fd);
    remember(fd, kind_left_alone);
  }
  return REAL(setsockopt)(fd, level, option, value, size);
}
