/* What each thread has written in its turn and the kernel keeps back for us, and how that is let go.
 *
 * The bytes are the kernel's from the start: a write becomes a send with MSG_MORE, which returns what the write would have returned
 * and puts the bytes into the socket's queue, but lets no partial segment go. Letting go is setting TCP_NODELAY, which pushes what
 * is queued (Linux __tcp_sock_set_nodelay). So nothing can be lost, reordered or sent twice, whatever becomes of the program:
 * a crash, an exec, a fork; and if nobody lets go, the kernel does after 200 ms. */
#pragma once

/* Whether the calling thread may have bytes kept back. 0: there is nobody to let them go in time. */
int turn_has_place(void);
/* Notes that it has some on `fd`; only after that yes. */
void turn_hold(int fd);
/* Whether the calling thread has noted `fd`. */
int turn_holds(int fd);

/* Lets go what the calling thread has noted, or of that one descriptor. Leaves errno alone; may be called in a signal handler. */
void turn_end(void);
void turn_end_of(int fd);
