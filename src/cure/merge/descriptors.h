/* What a descriptor is, remembered by its number, so that files and pipes cost no more than a look. */
#pragma once

enum kind { kind_unknown, kind_other, kind_file, kind_tcp, kind_left_alone };

/* Whether a write to `fd` may be kept back: it is TCP, and the program neither corks it nor has TLS in the kernel. What is
 * remembered may be of a descriptor that was closed behind our back: a yes is the kernel's, each time. */
int may_keep_back(int fd);
/* Whether it is TCP. Asks the kernel where nothing is remembered. */
int is_tcp(int fd);
/* Whether reading from it never waits for anybody. */
int never_waits(int fd);
/* What is remembered, without asking. */
enum kind remembered(int fd);
/* The number means something else from now on, or this. */
void forget(int fd);
void forget_from(unsigned first, unsigned last);
void remember(int fd, enum kind kind);
