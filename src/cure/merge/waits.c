/* Whatever may wait for somebody, or end: the turn ends before. */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "descriptors.h"
#include "real.h"
#include "turns.h"

#define ENDS_TURN(type, name, parameters, arguments) \
  EXPORTED type name parameters {                    \
    turn_end();                                      \
    return REAL(name) arguments;                     \
  }
/* Reading a file between two writes is no wait. */
#define READS(name, parameters, arguments)  \
  EXPORTED ssize_t name parameters {        \
    if (!never_waits(fd)) turn_end();       \
    return REAL(name) arguments;            \
  }

READS(read, (int fd, void* into, size_t count), (fd, into, count))
READS(readv, (int fd, const struct iovec* parts, int count), (fd, parts, count))
ENDS_TURN(ssize_t, recv, (int fd, void* into, size_t count, int flags), (fd, into, count, flags))
ENDS_TURN(ssize_t, recvfrom, (int fd, void* restrict into, size_t count, int flags, struct sockaddr* restrict from, socklen_t* restrict size),
          (fd, into, count, flags, from, size))
ENDS_TURN(ssize_t, recvmsg, (int fd, struct msghdr* message, int flags), (fd, message, flags))
ENDS_TURN(int, recvmmsg, (int fd, struct mmsghdr* messages, unsigned count, int flags, struct timespec* limit),
          (fd, messages, count, flags, limit))

/* Those that _FORTIFY_SOURCE puts in their place. */
ssize_t __read_chk(int fd, void* into, size_t count, size_t room);
ssize_t __recv_chk(int fd, void* into, size_t count, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void* into, size_t count, size_t room, int flags, struct sockaddr* from, socklen_t* size);
int __poll_chk(struct pollfd* fds, nfds_t count, int limit, size_t room);
int __ppoll_chk(struct pollfd* fds, nfds_t count, const struct timespec* limit, const sigset_t* mask, size_t room);
READS(__read_chk, (int fd, void* into, size_t count, size_t room), (fd, into, count, room))
ENDS_TURN(ssize_t, __recv_chk, (int fd, void* into, size_t count, size_t room, int flags), (fd, into, count, room, flags))
ENDS_TURN(ssize_t, __recvfrom_chk,
          (int fd, void* into, size_t count, size_t room, int flags, struct sockaddr* from, socklen_t* size),
          (fd, into, count, room, flags, from, size))
ENDS_TURN(int, __poll_chk, (struct pollfd * fds, nfds_t count, int limit, size_t room), (fds, count, limit, room))
ENDS_TURN(int, __ppoll_chk, (struct pollfd * fds, nfds_t count, const struct timespec* limit, const sigset_t* mask, size_t room),
          (fds, count, limit, mask, room))

ENDS_TURN(int, poll, (struct pollfd * fds, nfds_t count, int limit), (fds, count, limit))
ENDS_TURN(int, ppoll, (struct pollfd * fds, nfds_t count, const struct timespec* limit, const sigset_t* mask), (fds, count, limit, mask))
ENDS_TURN(int, select, (int count, fd_set* restrict in, fd_set* restrict out, fd_set* restrict odd, struct timeval* restrict limit),
          (count, in, out, odd, limit))
ENDS_TURN(int, pselect,
          (int count, fd_set* restrict in, fd_set* restrict out, fd_set* restrict odd, const struct timespec* restrict limit,
           const sigset_t* restrict mask),
          (count, in, out, odd, limit, mask))
ENDS_TURN(int, epoll_wait, (int epoll, struct epoll_event* events, int count, int limit), (epoll, events, count, limit))
ENDS_TURN(int, epoll_pwait, (int epoll, struct epoll_event* events, int count, int limit, const sigset_t* mask),
          (epoll, events, count, limit, mask))
int epoll_pwait2(int epoll, struct epoll_event* events, int count, const struct timespec* limit, const sigset_t* mask);
ENDS_TURN(int, epoll_pwait2, (int epoll, struct epoll_event* events, int count, const struct timespec* limit, const sigset_t* mask),
          (epoll, events, count, limit, mask))
ENDS_TURN(int, connect, (int fd, const struct sockaddr* to, socklen_t size), (fd, to, size))

ENDS_TURN(unsigned, sleep, (unsigned seconds), (seconds))
ENDS_TURN(int, usleep, (useconds_t us), (us))
ENDS_TURN(int, nanosleep, (const struct timespec* time, struct timespec* left), (time, left))
ENDS_TURN(int, clock_nanosleep, (clockid_t clock, int flags, const struct timespec* time, struct timespec* left),
          (clock, flags, time, left))
ENDS_TURN(int, pause, (void), ())
ENDS_TURN(int, sigsuspend, (const sigset_t* mask), (mask))
ENDS_TURN(int, sigwait, (const sigset_t* restrict set, int* restrict signal), (set, signal))
ENDS_TURN(int, sigwaitinfo, (const sigset_t* restrict set, siginfo_t* restrict info), (set, info))
ENDS_TURN(int, sigtimedwait, (const sigset_t* restrict set, siginfo_t* restrict info, const struct timespec* restrict limit),
          (set, info, limit))
ENDS_TURN(pid_t, wait, (int* status), (status))
ENDS_TURN(pid_t, waitpid, (pid_t pid, int* status, int options), (pid, status, options))
ENDS_TURN(int, sem_wait, (sem_t * semaphore), (semaphore))
ENDS_TURN(int, sem_timedwait, (sem_t* restrict semaphore, const struct timespec* restrict limit), (semaphore, limit))
ENDS_TURN(int, pthread_join, (pthread_t thread, void** result), (thread, result))
ENDS_TURN(int, system, (const char* command), (command))

/* The C library has two of these under one name, and dlsym() would find the old one. */
#define WAITS_ON_CONDITION(name, parameters, arguments)                                        \
  EXPORTED int name parameters {                                                               \
    static __typeof__(name)* found;                                                            \
    __typeof__(name)* real = __atomic_load_n(&found, __ATOMIC_RELAXED);                        \
    turn_end();                                                                                \
    if (real == NULL) {                                                                        \
      real = (__typeof__(name)*)dlvsym(RTLD_NEXT, #name, "GLIBC_2.3.2");                       \
      if (real == NULL) real = (__typeof__(name)*)dlsym(RTLD_NEXT, #name);                     \
      __atomic_store_n(&found, real, __ATOMIC_RELAXED);                                        \
    }                                                                                          \
    return real arguments;                                                                     \
  }
WAITS_ON_CONDITION(pthread_cond_wait, (pthread_cond_t* restrict condition, pthread_mutex_t* restrict mutex), (condition, mutex))
WAITS_ON_CONDITION(pthread_cond_timedwait,
                   (pthread_cond_t* restrict condition, pthread_mutex_t* restrict mutex, const struct timespec* restrict limit),
                   (condition, mutex, limit))
ENDS_TURN(int, pthread_cond_clockwait,
          (pthread_cond_t* restrict condition, pthread_mutex_t* restrict mutex, clockid_t clock, const struct timespec* restrict limit),
          (condition, mutex, clock, limit))

ENDS_TURN(int, execve, (const char* path, char* const words[], char* const variables[]), (path, words, variables))
ENDS_TURN(int, execv, (const char* path, char* const words[]), (path, words))
ENDS_TURN(int, execvp, (const char* file, char* const words[]), (file, words))
ENDS_TURN(int, execvpe, (const char* file, char* const words[], char* const variables[]), (file, words, variables))

EXPORTED void _exit(int code) {
  turn_end();
  REAL(_exit)(code);
  __builtin_unreachable();
}

/* ---- descriptors that come and go ---- */

EXPORTED int shutdown(int fd, int how) {
  turn_end_of(fd);
  return REAL(shutdown)(fd, how);
}

EXPORTED int close(int fd) {
  turn_end_of(fd); /* another descriptor may keep the connection open */
  forget(fd);
  return REAL(close)(fd);
}

EXPORTED int dup2(int old, int fresh) {
  if (old != fresh) turn_end_of(fresh);
  forget(fresh);
  return REAL(dup2)(old, fresh);
}

EXPORTED int dup3(int old, int fresh, int flags) {
  turn_end_of(fresh);
  forget(fresh);
  return REAL(dup3)(old, fresh, flags);
}

EXPORTED int dup(int old) {
  const int fd = REAL(dup)(old);
  forget(fd);
  return fd;
}

EXPORTED int socket(int domain, int type, int protocol) {
  const int fd = REAL(socket)(domain, type, protocol);
  forget(fd);
  return fd;
}

EXPORTED int accept(int listener, struct sockaddr* restrict from, socklen_t* restrict size) {
  turn_end();
  const int fd = REAL(accept)(listener, from, size);
  forget(fd);
  return fd;
}

EXPORTED int accept4(int listener, struct sockaddr* restrict from, socklen_t* restrict size, int flags) {
  turn_end();
  const int fd = REAL(accept4)(listener, from, size, flags);
  forget(fd);
  return fd;
}

int close_range(unsigned first, unsigned last, int flags);
EXPORTED int close_range(unsigned first, unsigned last, int flags) {
  turn_end();
  forget_from(first, last);
  return REAL(close_range)(first, last, flags);
}
