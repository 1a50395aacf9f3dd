/* What each thread has written in its turn and the kernel keeps back for us, and how that is let go.
 *
 * The bytes are the kernel's from the start: a write becomes a send with MSG_MORE, which returns what the write would have
 * returned and puts the bytes into the socket's queue, but lets no partial segment go. Letting go is setting TCP_NODELAY, which
 * pushes what is queued (Linux __tcp_sock_set_nodelay). So nothing can be reordered or sent twice, whatever becomes of the
 * program: a crash, an exec, a fork; and if nobody lets go, the kernel does after 200 ms.
 *
 * The kernel throws away what is queued when a connection is reset, and closing one resets it if input lies unread or SO_LINGER
 * is 0. So what is kept back is let go before a close, whichever thread wrote it.
 *
 * All this may be called in signal handlers, except turn_watch(). A process that shares our memory without being us (vfork), or
 * that came about without pthread_atfork (clone), keeps nothing back. */
#pragma once

/* Whether the calling thread may have bytes kept back. 0: there is nobody to let them go in time. */
int turn_has_place(void);
/* Notes that it has some on `fd`; only after that yes. */
void turn_hold(int fd);

/* Lets go what the calling thread has noted. Leaves errno alone, as do the next. */
void turn_end(void);
/* Lets go what any thread has noted: the process ends, or becomes another program. */
void turn_end_all(void);
/* Before `fd` is closed, or changes: lets go what any thread has noted on it; `is_tcp`: also what is just about to be. */
void turn_end_of(int fd, int is_tcp);

/* Lets go what `fd` has queued, noted or not. TCP_NODELAY is on from then. */
void turn_push(int fd);
/* As turn_end_all(); from here on writes go as they are, and the watchdog ends. */
void turn_end_for_good(void);

/* Starts the watchdog if there is none; before that nothing is kept back. Makes a thread, so it is called where a program gets or
 * reads a TCP connection, not where it writes or polls: signal handlers do these, and there it could wait for a lock of malloc()
 * that the interrupted code has. */
void turn_watch(void);
