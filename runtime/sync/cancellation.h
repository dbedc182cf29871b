/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A context from within. Two counts: `users` holds it open, `refs` holds its memory. While there are
 * users it is in its parent's list of children and its timer runs; the users together hold one ref,
 * the timer another, since the keeper may be calling it when the last user goes.
 *
 * Edges:
 *   M1 done: store cause, release                  -> M2 load cause, acquire; what was written
 *                                                     before the cancellation is seen
 *   M3 release: add -1 to users, or refs, acq_rel  -> M3 of the last; it sees what the others did
 *   M4 hold: CAS of users from above 0, acquire    -> M3; who finds 0 leaves it alone. Under the
 *                                                     parent's lock, so that it is still there
 * Locks: a parent's is never taken while its child's is held, nor the other way round. */
#ifndef FL_CANCELLATION_H
#define FL_CANCELLATION_H

#include <filch/context.h>
#include <runtime/sync/timer.h>
#include <runtime/sync/wait.h>

struct filch_context {
    /* Never changes */
    filch_context *parent;
    int64_t deadline;
    const void *key;
    void *value;
    bool timed;
    /* Under its own lock */
    filch_u32 lock;
    filch_waiters waiters;
    filch_context *children;
    filch_u32 cause; /* the errno; 0: not done. Read without the lock, too */
    /* Under the parent's lock */
    filch_context *next, *previous;
    /* Shared */
    filch_u32 users, refs;
    fl_timer timer;
    filch_context *doomed; /* the next to be cancelled; whoever set `cause` of the parent */
};

#endif
