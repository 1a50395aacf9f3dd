/* Writes on TCP sockets: kept back until the turn ends. */
#define _GNU_SOURCE
#include <limits.h>
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

static int keeps(int fd) { return may_keep_back(fd) && turn_has_place(); }

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
  if (count <= 0 || count > IOV_MAX || !keeps(fd))
    return REAL(writev)(fd, parts, count); /* sendmsg has another error for too many */
  const struct msghdr message = {.msg_iov = (struct iovec*)parts, .msg_iovlen = (size_t)count};
  return kept(fd, REAL(sendmsg)(fd, &message, MSG_MORE));
}

EXPORTED ssize_t sendmsg(int fd, const struct msghdr* message, int flags) {
  const int odd = !is_plain(flags) || message->msg_name != NULL || message->msg_controllen != 0;
  if (odd || !keeps(fd)) return REAL(sendmsg)(fd, message, flags);
  return kept(fd, REAL(sendmsg)(fd, message, flags | MSG_MORE));
}

EXPORTED int setsockopt(int fd, int level, int option, const void* value, socklen_t size) {
  const int gathers = level == IPPROTO_TCP && (option == TCP_CORK || option == TCP_ULP);
  if (gathers) turn_end_of(fd, 0); /* what was written before is not the program's to gather */
  const int set = REAL(setsockopt)(fd, level, option, value, size);
  if (set != 0 || level != IPPROTO_TCP || size < (socklen_t)sizeof(int)) return set;
  if (option == TCP_NODELAY && *(const int*)value == 0) turn_push(fd); /* kept on: that is the cure */
  if (option == TCP_CORK) remember(fd, *(const int*)value != 0 ? kind_left_alone : kind_unknown);
  return set;
}
