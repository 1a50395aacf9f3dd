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
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
  kPlaces = 8,      /* descriptors that a thread may hold at once; what comes on top lets the others go */
  kThreads = 1024,  /* beyond these a thread's writes go as they are */
  kIdleRounds = 100 /* of the watchdog, before it sleeps until something is held */
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

enum watchdog { watchdog_none, watchdog_runs, watchdog_impossible };

static struct turn turns[kThreads];
static atomic_int turns_seen; /* none behind these was ever used */
static __thread struct turn* mine __attribute__((tls_model("initial-exec")));
static pthread_key_t at_thread_end;
static atomic_int owner; /* the process whose threads these are; 0: nothing is kept back, not yet or no more */
static atomic_int watchdog;
static atomic_int watchdog_sleeps;

static int is_owner(void) { return getpid() == atomic_load_explicit(&owner, memory_order_relaxed); }

void turn_push(int fd) {
  const int saved = errno;
  const int on = 1;
  syscall(SYS_setsockopt, fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  errno = saved;
}

static void let_go(struct turn* turn) {
  atomic_store(&turn->dirty, 0); /* first: what the thread notes from here on makes it dirty again */
  for (int i = 0; i < kPlaces; i++) {
    const int held = atomic_exchange(&turn->places[i], 0);
    if (held != 0) turn_push(held - 1);
  }
}

void turn_end(void) {
  struct turn* turn = mine;
  if (turn == NULL || !atomic_load_explicit(&turn->dirty, memory_order_relaxed)) return;
  atomic_fetch_add_explicit(&turn->number, 1, memory_order_relaxed);
  let_go(turn);
}

static void let_all_go(void) {
  const int seen = atomic_load(&turns_seen);
  for (int i = 0; i < seen; i++) let_go(&turns[i]);
}

void turn_end_all(void) {
  if (is_owner()) let_all_go();
}

void turn_end_of(int fd, int is_tcp) {
  if (!is_owner()) return;
  int held = is_tcp;
  const int seen = atomic_load(&turns_seen);
  for (int i = 0; i < seen; i++) {
    if (!atomic_load(&turns[i].dirty)) continue;
    for (int j = 0; j < kPlaces; j++) {
      int noted = fd + 1;
      if (atomic_compare_exchange_strong(&turns[i].places[j], &noted, 0)) held = 1;
    }
  }
  if (held) turn_push(fd);
}

static void end_thread(void* turn) {
  mine = NULL;
  let_go(turn);
  atomic_store(&((struct turn*)turn)->used, 0);
}

/* ---- the watchdog ---- */

/* One round: what was kept back at the round before, in the same turn, is let go. Whether anything is kept back. */
static int look(unsigned* rounds) {
  int any = 0;
  const int seen = atomic_load(&turns_seen);
  for (int i = 0; i < seen; i++) {
    struct turn* turn = &turns[i];
    if (!atomic_load(&turn->dirty)) {
      rounds[i] = 0;
      continue;
    }
    any = 1;
    const unsigned now = atomic_load(&turn->number) * 2 + 1; /* never 0 */
    if (rounds[i] == now) let_go(turn);
    rounds[i] = now;
  }
  return any;
}

static void sleep_until_held(unsigned* rounds) {
  atomic_store(&watchdog_sleeps, 1);
  if (!look(rounds) && atomic_load(&owner) != 0) syscall(SYS_futex, &watchdog_sleeps, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0);
  atomic_store(&watchdog_sleeps, 0);
}

static void* watch(void* unused) {
  unsigned rounds[kThreads] = {0};
  (void)unused;
  prctl(PR_SET_NAME, "uncork-merge"); /* for those who look at the program's threads */
  while (atomic_load(&owner) != 0) {
    for (int idle = 0; idle < kIdleRounds && atomic_load(&owner) != 0; idle = look(rounds) ? 0 : idle + 1) {
      syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &kRound, NULL);
    }
    sleep_until_held(rounds);
  }
  let_all_go(); /* who holds something from here on sees that there is no owner */
  return NULL;
}

static int start_watchdog(void) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before); /* no signal of the program's is delivered there */
  pthread_attr_t attributes;
  pthread_t thread;
  int failed = pthread_attr_init(&attributes);
  if (!failed) {
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    failed = pthread_create(&thread, &attributes, watch, NULL);
    pthread_attr_destroy(&attributes);
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return !failed;
}

void turn_watch(void) {
  if (atomic_load_explicit(&watchdog, memory_order_relaxed) != watchdog_none || !is_owner()) return;
  int none = watchdog_none;
  if (!atomic_compare_exchange_strong(&watchdog, &none, watchdog_runs)) return;
  const int saved = errno;
  if (!start_watchdog()) atomic_store(&watchdog, watchdog_impossible);
  errno = saved;
}

static void wake_watchdog(void) {
  if (!atomic_load(&watchdog_sleeps)) return;
  const int saved = errno;
  atomic_store(&watchdog_sleeps, 0);
  syscall(SYS_futex, &watchdog_sleeps, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
  errno = saved;
}

/* ---- turns that threads take ---- */

static int take_turn(void) {
  for (int i = 0; i < kThreads; i++) {
    int no = 0;
    if (atomic_load_explicit(&turns[i].used, memory_order_relaxed)) continue;
    if (!atomic_compare_exchange_strong(&turns[i].used, &no, 1)) continue;
    if (pthread_setspecific(at_thread_end, &turns[i]) != 0) { /* of an early key: allocates nothing */
      atomic_store(&turns[i].used, 0);
      return 0;
    }
    for (int seen = atomic_load(&turns_seen); seen <= i;) {
      if (atomic_compare_exchange_weak(&turns_seen, &seen, i + 1)) break;
    }
    mine = &turns[i];
    return 1;
  }
  return 0;
}

int turn_has_place(void) { return atomic_load(&watchdog) == watchdog_runs && is_owner() && (mine != NULL || take_turn()); }

static int holds(int fd) {
  if (!atomic_load_explicit(&mine->dirty, memory_order_relaxed)) return 0;
  for (int i = 0; i < kPlaces; i++) {
    if (atomic_load_explicit(&mine->places[i], memory_order_relaxed) == fd + 1) return 1;
  }
  return 0;
}

static int note(int fd) {
  for (int i = 0; i < kPlaces; i++) {
    int none = 0;
    if (atomic_compare_exchange_strong(&mine->places[i], &none, fd + 1)) return 1;
  }
  return 0;
}

void turn_hold(int fd) {
  if (holds(fd)) return;
  while (!note(fd)) turn_end();
  atomic_store(&mine->dirty, 1);
  wake_watchdog();
  if (atomic_load(&owner) == 0) turn_end(); /* the watchdog may have ended before it could see this */
}

void turn_end_for_good(void) {
  if (!is_owner()) return;
  atomic_store(&owner, 0);
  let_all_go();
  wake_watchdog();
}

/* Of the threads only the one that forked lives on in the child, and it holds nothing. */
static void in_child(void) {
  const int seen = atomic_load(&turns_seen);
  for (int i = 0; i < seen; i++) {
    for (int j = 0; j < kPlaces; j++) atomic_store_explicit(&turns[i].places[j], 0, memory_order_relaxed);
    atomic_store_explicit(&turns[i].dirty, 0, memory_order_relaxed);
    if (&turns[i] != mine) atomic_store_explicit(&turns[i].used, 0, memory_order_relaxed);
  }
  atomic_store(&watchdog, watchdog_none);
  atomic_store(&watchdog_sleeps, 0);
  if (atomic_load(&owner) != 0) atomic_store(&owner, getpid());
}

__attribute__((constructor(102))) static void begin(void) {
  if (pthread_key_create(&at_thread_end, end_thread) != 0) return;
  if (pthread_atfork(turn_end, NULL, in_child) != 0) return;
  atomic_store(&owner, getpid());
}

__attribute__((destructor)) static void end(void) { turn_end_for_good(); }
