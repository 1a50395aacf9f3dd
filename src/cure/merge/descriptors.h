/* What a descriptor is, remembered by its number, so that files and pipes cost no more than a look. */
#pragma once

enum kind { kind_unknown, kind_other, kind_file, kind_tcp, kind_left_alone };

/* Whether a write to `fd` may be kept back: it is TCP, and the program neither corks it nor has TLS in the kernel. Asked of the
 * kernel each time if `sure`, since what is remembered may be of a descriptor that was closed behind our back. */
int may_keep_back(int fd, int sure);
/* Whether reading from it never waits for anybody. */
int never_waits(int fd);
/* The number means something else from now on, or this. */
void forget(int fd);
void forget_from(unsigned first, unsigned last);
void remember(int fd, enum kind kind);
