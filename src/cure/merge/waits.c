/* Whatever may wait for somebody: the turn ends before. */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
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
/* A program that reads a TCP connection may soon write to it. Reading a file between two writes is no wait. */
#define READS(type, name, parameters, arguments) \
  EXPORTED type name parameters {                \
    if (!never_waits(fd)) turn_end();            \
    if (is_tcp(fd)) turn_watch();                \
    return REAL(name) arguments;                 \
  }

READS(ssize_t, read, (int fd, void* into, size_t count), (fd, into, count))
READS(ssize_t, readv, (int fd, const struct iovec* parts, int count), (fd, parts, count))
READS(ssize_t, recv, (int fd, void* into, size_t count, int flags), (fd, into, count, flags))
READS(ssize_t, recvfrom,
      (int fd, void* restrict into, size_t count, int flags, struct sockaddr* restrict from, socklen_t* restrict size),
      (fd, into, count, flags, from, size))
READS(ssize_t, recvmsg, (int fd, struct msghdr* message, int flags), (fd, message, flags))
READS(int, recvmmsg, (int fd, struct mmsghdr* messages, unsigned count, int flags, struct timespec* limit),
      (fd, messages, count, flags, limit))

/* Those that _FORTIFY_SOURCE puts in their place. */
ssize_t __read_chk(int fd, void* into, size_t count, size_t room);
ssize_t __recv_chk(int fd, void* into, size_t count, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void* into, size_t count, size_t room, int flags, struct sockaddr* from, socklen_t* size);
int __poll_chk(struct pollfd* fds, nfds_t count, int limit, size_t room);
int __ppoll_chk(struct pollfd* fds, nfds_t count, const struct timespec* limit, const sigset_t* mask, size_t room);
READS(ssize_t, __read_chk, (int fd, void* into, size_t count, size_t room), (fd, into, count, room))
READS(ssize_t, __recv_chk, (int fd, void* into, size_t count, size_t room, int flags), (fd, into, count, room, flags))
READS(ssize_t, __recvfrom_chk, (int fd, void* into, size_t count, size_t room, int flags, struct sockaddr* from, socklen_t* size),
      (fd, into, count, room, flags, from, size))
ENDS_TURN(int, __poll_chk, (struct pollfd * fds, nfds_t count, int limit, size_t room), (fds, count, limit, room))
ENDS_TURN(int, __ppoll_chk, (struct pollfd * fds, nfds_t count, const struct timespec* limit, const sigset_t* mask, size_t room),
          (fds, count, limit, mask, room))

ENDS_TURN(int, poll, (struct pollfd * fds, nfds_t count, int limit), (fds, count, limit))
ENDS_TURN(int, ppoll, (struct pollfd * fds, nfds_t count, const struct timespec* limit, const sigset_t* mask),
          (fds, count, limit, mask))
ENDS_TURN(int, select,
          (int count, fd_set* restrict in, fd_set* restrict out, fd_set* restrict odd, struct timeval* restrict limit),
          (count, in, out, odd, limit))
ENDS_TURN(int, pselect,
          (int count, fd_set* restrict in, fd_set* restrict out, fd_set* restrict odd, const struct timespec* restrict limit,
           const sigset_t* restrict mask),
          (count, in, out, odd, limit, mask))
ENDS_TURN(int, epoll_wait, (int epoll, struct epoll_event* events, int count, int limit), (epoll, events, count, limit))
ENDS_TURN(int, epoll_pwait, (int epoll, struct epoll_event* events, int count, int limit, const sigset_t* mask),
          (epoll, events, count, limit, mask))
int epoll_pwait2(int epoll, struct epoll_event* events, int count, const struct timespec* limit, const sigset_t* mask);
ENDS_TURN(int, epoll_pwait2,
          (int epoll, struct epoll_event* events, int count, const struct timespec* limit, const sigset_t* mask),
          (epoll, events, count, limit, mask))

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
ENDS_TURN(pid_t, wait3, (int* status, int options, struct rusage* used), (status, options, used))
ENDS_TURN(pid_t, wait4, (pid_t pid, int* status, int options, struct rusage* used), (pid, status, options, used))
ENDS_TURN(int, waitid, (idtype_t of, id_t id, siginfo_t* info, int options), (of, id, info, options))
ENDS_TURN(int, sem_wait, (sem_t * semaphore), (semaphore))
int sem_clockwait(sem_t* restrict semaphore, clockid_t clock, const struct timespec* restrict limit);
ENDS_TURN(int, sem_clockwait, (sem_t* restrict semaphore, clockid_t clock, const struct timespec* restrict limit),
          (semaphore, clock, limit))
ENDS_TURN(int, sem_timedwait, (sem_t* restrict semaphore, const struct timespec* restrict limit), (semaphore, limit))
ENDS_TURN(int, pthread_join, (pthread_t thread, void** result), (thread, result))
ENDS_TURN(int, system, (const char* command), (command))

/* The C library has two of these under one name, and dlsym() would find the old one (2.2.5, on x86-64). */
#define WAITS_ON_CONDITION(name, parameters, arguments) \
  EXPORTED int name parameters {                        \
    turn_end();                                         \
    return REAL_OF(name, "GLIBC_2.3.2") arguments;      \
  }
WAITS_ON_CONDITION(pthread_cond_wait, (pthread_cond_t* restrict condition, pthread_mutex_t* restrict mutex), (condition, mutex))
WAITS_ON_CONDITION(pthread_cond_timedwait,
                   (pthread_cond_t* restrict condition, pthread_mutex_t* restrict mutex, const struct timespec* restrict limit),
                   (condition, mutex, limit))
ENDS_TURN(int, pthread_cond_clockwait,
          (pthread_cond_t* restrict condition, pthread_mutex_t* restrict mutex, clockid_t clock,
           const struct timespec* restrict limit),
          (condition, mutex, clock, limit))

ENDS_TURN(int, posix_spawn,
          (pid_t* restrict pid, const char* restrict path, const posix_spawn_file_actions_t* actions,
           const posix_spawnattr_t* restrict attributes, char* const* restrict words, char* const* restrict variables),
          (pid, path, actions, attributes, words, variables))
ENDS_TURN(int, posix_spawnp,
          (pid_t* restrict pid, const char* restrict file, const posix_spawn_file_actions_t* actions,
           const posix_spawnattr_t* restrict attributes, char* const* restrict words, char* const* restrict variables),
          (pid, file, actions, attributes, words, variables))
