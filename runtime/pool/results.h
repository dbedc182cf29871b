/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A results list, internal part.
 *
 *   submission                  its outcome is told           taker
 *   expected + 1, unless it is  after `done`: holds the job,  takes the first: length - 1;
 *   closed: -EPIPE, or full:    expected - 1; gives it to a   or waits
 *   waits                       taker, or length + 1          the hold is its handle
 *   refused: expected - 1
 *
 * So no taker waits while a job is in the list. When the list is closed, empty, and expects
 * nothing, waiting takers are told -EPIPE, by the call that made that true.
 *
 * The list is full when expected + length has reached its bound. Submissions take room before they
 * touch the pool, and the pool never does: no runner waits for it, no accepted job depends on a
 * taker, and delivery always succeeds. A submission that waits stands in three queues, of the list
 * (room: 0; closed: -EPIPE), of the pool (closed: -EPIPE), and of its context; the first to claim
 * its waiter decides. It is counted in pool->rest.barred, so that the pool is not at rest before it
 * has left. Several submitters may be granted room at a time: a batch takes all that there is.
 *
 * The link is a field in fl_job_more, which each job with a list has; its deadline's place in the
 * pool's heap has become free by then. No other field there is free: when a deadline has decided,
 * the job's function may still run, so its place among those in progress (`age`) is in use. Its
 * watch (`after`) may be about to start, and in a direct pool its item (`start`) may still be in
 * the inbox.
 *
 * Life: a job that is expected keeps the list from being destroyed. The delivering thread holds the
 * job itself, and its last touch of the list is unlocking it; a thread that then finds nothing
 * expected has taken the lock after that. A submission no longer touches the list when all of its
 * jobs are accepted.
 * Locks: its own is innermost; no other is held, and no user's function is called under it. */
#ifndef FL_RESULTS_H
#define FL_RESULTS_H

#include <filch/results.h>
#include <runtime/sync/wait.h>

struct filch_results {
    filch_u32 lock;
    uint32_t life; /* runtime/platform/given.h */
    bool closed;
    unsigned pools;    /* whose default it is */
    uint64_t expected; /* jobs that may still come */
    uint64_t length;   /* that have come and were not taken */
    uint64_t bound;    /* of both together */
    filch_job *first, *last;
    filch_waiters takers; /* node->data: a filch_job ** */
    filch_waiters submitters;
};

/* ---- results may be NULL, which does nothing. No lock is held ---- */

/* So many jobs with this list are about to be submitted to the pool. Waits for room until then, or
 * until the context is done; with 0, *granted of them have room, one at least. -EPIPE: the list or
 * the pool is closed; -EAGAIN the pool rejects; -ETIMEDOUT; the context's cause; -EIDRM; -ENOMEM,
 * -EAGAIN no timer. */
int fl_results_expect(filch_results *results, filch_pool *pool, filch_context *context,
                      int64_t until, unsigned wanted, unsigned *granted);
/* So many of them were not accepted; if 0, the list may be gone. */
void fl_results_refused(filch_results *results, uint64_t count);
/* A pool starts or stops having it as its default. */
void fl_results_enter(filch_results *results);
void fl_results_leave(filch_results *results);

/* Under the list's lock: takes out the waiters for which there is room, for fl_tell_list with 0. */
fl_node *fl_results_admit(filch_results *results);

/* The job's outcome has been told. The caller holds the job. */
void fl_results_deliver(filch_job *job);

#endif
