/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A context, internal part. Two counts: `users` holds it open, `refs` holds its memory. While there
 * are users it is in its parent's list of children and its timer runs. The users together hold one
 * ref; the timer holds another, since the timer thread may be calling it when the last user goes.
 *
 * Edges:
 *   SetCancelled, done: store cause, release        -> ReadCancelled: load cause, acquire;
 *                                                      writes made before the cancellation are
 *                                                      seen
 *   DropUser: add -1 to users, or refs, acq_rel     -> DropUser of the last; it sees what the
 *                                                      others did (so does let_go of an owned
 *                                                      value)
 *   HoldUser: CAS of users from above 0, acquire    -> DropUser; finding 0 leaves it alone.
 *                                                      Under the parent's lock, so that it is
 *                                                      still there
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
    void (*let_go)(void *value); /* NULL, or called when its last user goes */
    bool timed;
    uint32_t life; /* runtime/platform/given.h */
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
    filch_context *doomed; /* the next to be cancelled; written by the thread that set the parent's
                            * `cause` */
};

/* filch_context_create_value for a value that the context owns: let_go(value), by the task or thread
 * that drops the last reference, the timer thread included. After an error the caller still owns
 * it. */
int fl_context_create_owner(filch_context **out, filch_context *parent, const void *key,
                            void *value, void (*let_go)(void *value));

/* filch_context_wait and filch_context_sleep for other public calls. `call`: a literal, for
 * reports. fl_context_wait: the context is not NULL. */
int fl_context_wait(const char *call, filch_context *context, int64_t until);
int fl_context_sleep(const char *call, filch_context *context, int64_t ns);

#endif
