/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A future, internal part. Its room holds the source of its value while it is empty, and the value
 * or the failure when it is done: starting a task into it, or building it on another, needs no
 * memory.
 *
 * stage: SETTING, then VALUE | WAITED | OWNED, then VALUE or FAILED, with WAITED left as it is.
 * Setting an empty future that nobody waits for claims it by SETTING, which lasts some
 * instructions, and then stores VALUE: one locked instruction. All other settlers claim it by
 * OWNED, and settle by a CAS, or under the lock if somebody waits, or has waited; then they tell
 * all waiters. A waiter sets WAITED first, but not beside SETTING, where nobody would look: it
 * comes back a moment later.
 *
 * Edges:
 *   SettleFuture: store stage, or CAS it from       -> ReadStage, look: load stage, acquire; a
 *      OWNED, release                                  reader that sees it done sees the result
 *   ClaimFuture: CAS stage, acquire                 |  ClaimFuture of another: one of them wins
 *   MarkWaited: CAS WAITED into stage, acquire,     |  SettleFuture, ClaimFuture: one of the two
 *      under the lock                                  sees the other
 * SettleFuture is the settler's last touch unless it sees WAITED; then its unlocking is. So a
 * thread that finds the future done with WAITED, and was not told, takes the lock once; then its
 * memory may go.
 *
 * Threads: any. */
#ifndef FL_FUTURE_H
#define FL_FUTURE_H

#include <errno.h>
#include <filch/future.h>
#include <runtime/platform/container.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/sync/wait.h>

enum {
    FL_FUTURE_WAITED = 1,
    FL_FUTURE_OWNED = 2,
    FL_FUTURE_SETTING = 4,
    FL_FUTURE_VALUE = 8,
    FL_FUTURE_FAILED = 16,
    FL_FUTURE_DONE = FL_FUTURE_VALUE | FL_FUTURE_FAILED
};

/* The code that waiters are told: look at the future, or leave it alone. */
enum { FL_FUTURE_TOLD = 1, FL_FUTURE_BROKEN = 2 };

/* The result of a broken promise. */
extern const filch_failure fl_future_broken;

FILCH_STATIC_ASSERT(sizeof(filch_failure) <= FILCH_FUTURE_BYTES, "no room for a failure");

/* The future that holds this in its room. */
static inline filch_future *fl_future_around(void *room)
{
    return FL_CONTAINER_OF(room, filch_future, room);
}

/* Claims the right to settle it. -EALREADY through fl_fail. */
int fl_future_claim(filch_future *future);
/* By its owner: the value is in the room. */
void fl_future_settle(filch_future *future);
/* By its owner: it has failed. */
void fl_future_fail_with(filch_future *future, const filch_failure *failure);
/* Puts the node of a waiter into its queue. false: it is done, and no longer touched. */
bool fl_future_attach(filch_future *future, fl_node *node);
/* Takes the node back. false: it is told, or being told; the future is not touched. */
bool fl_future_detach(filch_future *future, fl_node *node);

/* Futures of which another is made: each is given, and is not that other, which would wait for itself. */
static inline int fl_future_not_itself(const char *call, const filch_future *future,
                                       filch_future *const *others, size_t count)
{
    if (count >= UINT32_MAX - 2) /* more than memory has: refused as that */
        return 0;
    if (count && !others)
        return fl_not_given(call, "futures");
    for (size_t i = 0; i < count; i++)
        if (!others[i])
            return fl_fail(EINVAL, "%s: future %zu of %zu is NULL; give its address", call, i,
                           count);
        else if (others[i] == future)
            return fl_fail(EDEADLK,
                           "%s: future %zu of %zu is the one that it sets, which would wait "
                           "for itself; give another",
                           call, i, count);
    return 0;
}

#endif
