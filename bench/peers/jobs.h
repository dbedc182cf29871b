/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Receivers of empty jobs: a pool of Filch, one written by hand, another library. Each is a record
 * of the functions that a bar needs; it has its own loops over submissions, so that nothing stands
 * between. C and C++. */
#ifndef PEERS_JOBS_H
#define PEERS_JOBS_H

#include <filch/base.h>
#include <stdbool.h>

FILCH_BEGIN_DECLS

typedef struct jobs_side {
    const char *name;
    /* `most`: so many jobs may be queued at once; a side that is bounded takes less only if
     * `inside` is false: then jobs do not submit. Never NULL. */
    void *(*open)(unsigned workers, long most, bool inside);
    /* The calling thread submits so many empty jobs. */
    void (*burst)(void *pool, long count);
    /* It submits so many jobs, of which each submits as many empty ones. */
    void (*sow)(void *pool, long sowers, long each);
    /* Waits until all are done, by the pool's own account; they were `count`, or the program
     * ends. */
    void (*wait)(void *pool, long count);
    /* Shown, but not compared where no job submits: its submitter is a worker, too, or its queue
     * holds all that is ever submitted. */
    bool apart;
} jobs_side;

/* jobs_tbb.cc, where oneTBB is found. */
extern const jobs_side jobs_tbb_enqueue, jobs_tbb_group;

FILCH_END_DECLS

#endif
