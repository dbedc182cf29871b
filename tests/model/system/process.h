/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The process around a whole engine under the checker: threads, which are those of the model
 * (worker i is thread i + 1), fibers' memory, jobs, a processor without topology. */
#ifndef MC_PROCESS_H
#define MC_PROCESS_H

#include <runtime/engine/worker.h>

typedef struct process_wants {
    unsigned workers;
    unsigned fibers; /* that may exist; 0: plenty */
    bool full_fence, no_membarrier;
    const fl_queue *queue; /* NULL: chase-lev */
    enum fl_idle_mode idle;
    enum fl_take_mode take;
    enum fl_wait_mode wait;
    bool guest;
    bool seats; /* no threads: fl_seats_create */
} process_wants;

/* Setup: filch_runtime_create with these settings. */
filch_runtime *process_create(const process_wants *wanted);
/* Body of a worker's thread: the function that pthread_create was given for it. */
void process_run(unsigned thread);

#endif
