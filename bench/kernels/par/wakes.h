/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The kernel wake of every column: once a millisecond a thread submits a task to idle workers and
 * sleeps until it has run. C and C++. */
#ifndef KERNELS_WAKES_H
#define KERNELS_WAKES_H

#include "../../peers/wake.h"
#include "../table.h"

static inline void wakes_run(kernel_run *run, wake_submit *submit, void *to)
{
    enum { GAP_US = 1000 };
    peer_order order = {"wake-blocks", run->size->n, 0, 0, 0, 0, GAP_US};
    peer_reply reply = {0, 0, 0, 0, 0};
    wake_measure(&order, &reply, submit, to);
    run->seconds = reply.p50 * 1e-6;
    run->answer = reply.answer;
}

#endif
