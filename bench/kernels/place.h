/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Where a kernel runs: a runtime, a hand-written pool, a peer's threads, or just here. */
#ifndef KERNELS_PLACE_H
#define KERNELS_PLACE_H

#include "table.h"

typedef struct kernel_place {
    enum kernel_column as;
    const struct peer_row *peer;    /* of KERNEL_PEER */
    const char *queue, *policy;     /* of a runtime; NULL: its defaults */
    const char *idle, *take, *wait; /* the same */
    unsigned workers;
    bool unpinned; /* a runtime's workers, since the system refuses CPU affinity; set by opening */
    void *it;      /* argument of kernel.run; NULL: here */
} kernel_place;

/* Opens what *p describes, for that kernel. 0 or -errno, of a runtime with filch_error(). */
int kernel_place_open(kernel_place *p, const kernel *k);

/* Closes it; a peer's threads stay until the process ends. */
void kernel_place_close(kernel_place *p);

#endif
