/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the programs of a cured group count. */
#pragma once

enum uncork_cured_counter {
  UNCORK_CURED_CONNECTIONS, /* established, with TCP_NODELAY */
  UNCORK_CURED_REFUSED,     /* established, and the kernel refused the option */
  UNCORK_CURED_KEPT,        /* the program turned TCP_NODELAY off, and it was kept on */
  UNCORK_CURED_SLOW_ACKS,   /* the kernel refused a shorter delay of acknowledgements */
  UNCORK_CURED_COUNTERS
};
