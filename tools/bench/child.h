/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * One measurement's process: a child of the command that holds one place (a runtime, a hand-written
 * pool, or nothing) and one instance of a kernel, and measures when it is told to. Its memory is
 * its own, so its peak is the measurement's; and no other runtime's threads live in it. */
#ifndef BENCH_CHILD_H
#define BENCH_CHILD_H

#include "bench.h"

#include <sys/types.h>

/* The shortest time a sample lasts; shorter kernels are run again and again, and the mean counts.
 */
#define CHILD_SAMPLE_SECONDS 0.02

typedef struct child_order {
    uint32_t runs; /* 0: warm up: run until a sample's time is full */
    bool quiet;    /* say nothing about unreadable files */
} child_order;

typedef struct child_reply {
    sample sample;      /* without other_share */
    double cpu_seconds; /* of the whole order, with what is not measured */
    double peak_mib;
    uint64_t answer, files, bytes, unreadable;
    filch_runtime_stats counted; /* in all runs; 0: this is no runtime */
    char text[72];
    char error[256]; /* "": all is well */
} child_reply;

typedef struct child {
    pid_t pid;
    int orders, replies; /* pipes */
} child;

/* Starts the child of one cell. 0 or -errno. */
int child_start(child *out, const options *o, const block *b, const cell *c);

/* A column with another library than this process has: its child starts the command anew, with the same arguments and one
 * that names the cell. There, this serves it, and never returns. */
FILCH_NORETURN void child_serve_cell(report *r);

/* Whether this machine has the library that the column needs; the command itself was built with it. */
bool child_has_library(const peer_row *wanted);

/* Sends an order; waits for its reply. When the child has died, the reply's error says how. False:
 * a signal ended the wait (interrupt.h), and there is no reply. */
void child_send(child *c, child_order order);
bool child_receive(child *c, child_reply *reply);

/* Waits until the child's threads have come to rest, half a second at most: some runtimes' idle
 * threads spin for a while, which is no other measurement's affair. */
void child_rest(const child *c);

/* Ends the child. */
void child_stop(child *c);

#endif
