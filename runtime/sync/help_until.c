/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * filch_help_until where the task has to suspend (runtime/engine/help.h): it waits in a queue.
 * Queues are shared by all words whose addresses have the same hash, so a wake-up may be for
 * another word. The queue's lock orders a look at the word and the store of another value; for
 * helpers that sleep within their task it is ChangeWord of runtime/engine/park.c, which also has
 * LeaveVisit. */
#include <filch/guest.h>

#include <runtime/engine/external.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/fork_join.h>
#include <runtime/engine/help.h>
#include <runtime/engine/park.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/threads.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>
#include <runtime/sync/wait.h>

#include <errno.h>

enum { QUEUE_BITS = 6 };

typedef struct queue {
    filch_u32 lock;
    filch_waiters waiters;
    char apart[FILCH_APART];
} queue;

static queue queues[1 << QUEUE_BITS];

static queue *queue_of(const filch_u32 *word)
{
    uint64_t hash = (uint64_t)(uintptr_t)word * UINT64_C(0x9e3779b97f4a7c15);
    return &queues[hash >> (64 - QUEUE_BITS)];
}

static int suspend(const fl_until *until, int64_t at)
{
    queue *of = queue_of(until->word);
    fl_lock(&of->lock);
    if (fl_until_over(until)) {
        fl_unlock(&of->lock);
        return 0;
    }
    fl_waits_in("filch_help_until", until->word);
    return fl_wait(&of->lock, &of->waiters, NULL, at);
}

int filch_help_until(filch_self self, const filch_u32 *word, uint32_t value, int64_t until)
{
    FL_MUST_GIVE(word);
    fl_refuse_stranger(self, "filch_help_until");
    if (until < 0)
        return fl_fail(EINVAL, "a wait until %lld; pass a time from filch_in, or FILCH_FOREVER",
                       (long long)until);
    const fl_until wait = {.word = word,
                           .value = value,
                           .at = until == FILCH_FOREVER ? 0
                                 : until                ? until
                                                        : 1};
    int rc = 0;
    while (!rc && !fl_help_until(fl_fiber_of(self), self, &wait))
        rc = suspend(&wait, until);
    return fl_until_over(&wait) ? 0 : rc ? rc : -ETIMEDOUT;
}

int filch_help_set(filch_runtime *rt, filch_u32 *word, uint32_t value)
{
    int rc = fl_runtime_meant(&rt, "filch_help_set");
    if (!rc && !word)
        rc = fl_fail(EINVAL, "filch_help_set without a word; pass one");
    if (rc)
        return rc;
    queue *of = queue_of(word);
    filch_u32_add(&rt->inbox.visitors, 1, FILCH_RELAXED); /* the store below publishes it */
    fl_thread_noted();
    fl_lock(&of->lock);
    filch_u32_store(word, value, FILCH_RELEASE); /* ChangeWord */
    fl_tell_all(&of->lock, &of->waiters, 0);
    fl_wake_helpers(rt);
    filch_u32_add(&rt->inbox.visitors, (uint32_t)-1, FILCH_RELEASE); /* LeaveVisit */
    return 0;
}
