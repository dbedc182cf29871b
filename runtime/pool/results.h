/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A results list from within.
 *
 *   submission                  its outcome is told           taker
 *   expected + 1, unless it is  after `done`: holds the job,  takes the first, or waits
 *   closed: -EPIPE              expected - 1; gives it to     the hold is its handle
 *   refused: expected - 1       who waits, or as the last
 *
 * So nobody waits while something is in the list; and when it is closed, nothing is expected and
 * nothing is in it, who waits is told -EPIPE, by whoever made that true.
 *
 * The link is a field of its own in fl_job_more, which each job with a list has. Nothing else there
 * will do: when a deadline has decided, the job's function may still run, so that its place among
 * those in progress (`age`) is in use; its watch (`after`) may be about to start, and in a direct
 * pool its item (`start`) still be in the inbox.
 *
 * Life: a job that is expected keeps the list from being destroyed. Who delivers holds the job
 * itself, and touches the list last when it unlocks it; whoever then finds nothing expected has
 * taken the lock after that. A submission touches it no more when all of its jobs are accepted.
 * Locks: its own is innermost; no other is held, and nobody's function is called under it. */
#ifndef FL_RESULTS_H
#define FL_RESULTS_H

#include <filch/results.h>
#include <runtime/sync/wait.h>

struct filch_results {
    filch_u32 lock;
    bool closed;
    unsigned pools;    /* whose default it is */
    uint64_t expected; /* jobs that may still come */
    filch_job *first, *last;
    filch_waiters takers; /* node->data: a filch_job ** */
};

/* ---- results may be NULL, which does nothing. No lock is held ---- */

/* So many jobs are about to be submitted with it. -EPIPE: it is closed. */
int fl_results_expect(filch_results *results, uint64_t count);
/* So many of them were not accepted; if it is 0, the list may be gone. */
void fl_results_refused(filch_results *results, uint64_t count);
/* A pool has it as its default, or no more. */
void fl_results_enter(filch_results *results);
void fl_results_leave(filch_results *results);

/* The job's outcome has been told. The caller holds the job. */
void fl_results_deliver(filch_job *job);

#endif
