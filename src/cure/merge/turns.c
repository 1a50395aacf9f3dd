#define _GNU_SOURCE
#include "turns.h"

#include <errno.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
  kPlaces = 8,       /* descriptors that a thread may hold at once; what comes on top lets the others go */
  kThreads = 1024,   /* beyond these a thread's writes go as they are */
  kIdleRounds = 100, /* of the watchdog, before it sleeps until something is held */
  kWatchdogStack = 128 * 1024
};

/* Bytes kept back longer than one to two of these are let go, whatever their thread does: it computes, or waits in a way that is
 * not seen here. */
static const struct timespec kRound = {0, 1000000};

struct turn {
  atomic_int places[kPlaces]; /* descriptor + 1; 0: free */
  atomic_int dirty;           /* some place may be taken */
  atomic_uint number;         /* goes up when a turn ends */
  atomic_int used;            /* it is some thread's */
};

static struct turn turns[kThreads];
static __thread struct turn* mine __attribute__((tls_model("initial-exec")));
static pthread_key_t at_thread_end;
static atomic_int key_made;
static atomic_int watchdog_runs;
static atomic_int watchdog_sleeps;

static void push(int fd) {
  const int on = 1;
  syscall(SYS_setsockopt, fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static void let_go(struct turn* turn) {
  const int saved = errno;
  for (int i = 0; i < kPlaces; i++) {
    const int held = atomic_exchange(&turn->places[i], 0);
    if (held != 0) push(held - 1);
  }
  errno = saved;
}

void turn_end(void) {
  struct turn* turn = mine;
  if (turn == NULL || !atomic_load_explicit(&turn->dirty, memory_order_relaxed)) return;
  atomic_store(&turn->dirty, 0);
  atomic_fetch_add_explicit(&turn->number, 1, memory_order_relaxed);
  let_go(turn);
}

int turn_holds(int fd) {
  if (mine == NULL || !atomic_load_explicit(&mine->dirty, memory_order_relaxed)) return 0;
  for (int i = 0; i < kPlaces; i++) {
    if (atomic_load_explicit(&mine->places[i], memory_order_relaxed) == fd + 1) return 1;
  }
  return 0;
}

void turn_end_of(int fd) {
  if (mine == NULL || !atomic_load_explicit(&mine->dirty, memory_order_relaxed)) return;
  const int saved = errno;
  for (int i = 0; i < kPlaces; i++) {
    int held = fd + 1;
    if (atomic_compare_exchange_strong(&mine->places[i], &held, 0)) push(fd);
  }
  errno = saved;
}

static void end_thread(void* turn) {
  mine = NULL;
  atomic_store(&((struct turn*)turn)->dirty, 0);
  let_go(turn);
  atomic_store(&((struct turn*)turn)->used, 0);
}

/* One round: what was kept back at the round before, in the same turn, is let go. */
static int look(unsigned* seen) {
  int any = 0;
  for (int i = 0; i < kThreads; i++) {
    struct turn* turn = &turns[i];
    if (!atomic_load(&turn->dirty)) {
      seen[i] = 0;
      continue;
    }
    any = 1;
    const unsigned now = atomic_load(&turn->number) * 2 + 1; /* never 0 */
    if (seen[i] == now) {
      atomic_store(&turn->dirty, 0); /* first: what the thread notes from here on makes it dirty again */
      let_go(turn);
    }
    seen[i] = now;
  }
  return any;
}

static void* watch(void* unused) {
  static unsigned seen[kThreads];
  int idle = 0;
  (void)unused;
  for (;;) {
    syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &kRound, NULL);
    idle = look(seen) ? 0 : idle + 1;
    if (idle < kIdleRounds) continue;
    atomic_store(&watchdog_sleeps, 1);
    if (!look(seen)) syscall(SYS_futex, &watchdog_sleeps, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0);
    atomic_store(&watchdog_sleeps, 0);
    idle = 0;
  }
  return NULL;
}

/* 0: there is none, so nothing may be kept back. */
static int start_watchdog(void) {
  if (atomic_load_explicit(&watchdog_runs, memory_order_relaxed)) return 1;
  if (atomic_exchange(&watchdog_runs, 1)) return 1;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before); /* no signal of the program's is delivered there */
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, kWatchdogStack);
  pthread_t thread;
  int failed = pthread_create(&thread, &attributes, watch, NULL);
  if (failed) { /* the program's thread-local variables may not fit */
    pthread_attr_setstacksize(&attributes, 8 * 1024 * 1024);
    failed = pthread_create(&thread, &attributes, watch, NULL);
  }
  pthread_attr_destroy(&attributes);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (failed) atomic_store(&watchdog_runs, 0);
  return !failed;
}

static int take_turn(void) {
  if (!atomic_load(&key_made)) return 0; /* before our constructor has run */
  for (int i = 0; i < kThreads; i++) {
    int no = 0;
    if (atomic_load_explicit(&turns[i].used, memory_order_relaxed) || !atomic_compare_exchange_strong(&turns[i].used, &no, 1)) continue;
    if (pthread_setspecific(at_thread_end, &turns[i]) != 0) {
      atomic_store(&turns[i].used, 0);
      return 0;
    }
    mine = &turns[i];
    return 1;
  }
  return 0;
}

int turn_has_place(void) {
  const int saved = errno;
  const int can = (mine != NULL || take_turn()) && start_watchdog();
  errno = saved;
  return can;
}

void turn_hold(int fd) {
  if (turn_holds(fd)) return;
  for (;;) {
    for (int i = 0; i < kPlaces; i++) {
      int none = 0;
      if (!atomic_compare_exchange_strong(&mine->places[i], &none, fd + 1)) continue;
      atomic_store(&mine->dirty, 1);
      if (atomic_load(&watchdog_sleeps)) {
        const int saved = errno;
        atomic_store(&watchdog_sleeps, 0);
        syscall(SYS_futex, &watchdog_sleeps, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
        errno = saved;
      }
      return;
    }
    turn_end();
  }
}

/* Of the threads only the one that forked lives on in the child, and it holds nothing. */
static void in_child(void) {
  for (int i = 0; i < kThreads; i++) {
    for (int j = 0; j < kPlaces; j++) atomic_store_explicit(&turns[i].places[j], 0, memory_order_relaxed);
    atomic_store_explicit(&turns[i].dirty, 0, memory_order_relaxed);
    if (&turns[i] != mine) atomic_store_explicit(&turns[i].used, 0, memory_order_relaxed);
  }
  atomic_store(&watchdog_runs, 0);
  atomic_store(&watchdog_sleeps, 0);
}

__attribute__((constructor)) static void begin(void) {
  if (pthread_key_create(&at_thread_end, end_thread) != 0) return;
  if (pthread_atfork(turn_end, NULL, in_child) != 0) return;
  atomic_store(&key_made, 1);
}

__attribute__((destructor)) static void end(void) { turn_end(); }
