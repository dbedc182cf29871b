/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A wait group. The count falls to zero only under the private lock, which a waiter takes as well.
 * So when the last waiter has gone on, no caller of done touches the group any more, and the waiter
 * may free it.
 *
 * Edges:
 *   CountDown, done: CAS of count, release, or of   -> CountDown of the last: the chain of
 *      the last add, acq_rel, under the private        these; the last notifies the waiters by
 *      lock                                            the edges of runtime/sync/wait.h, or by
 *                                                      the private lock */
#include <filch/sync.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/virtual/virtual.h>
#include <runtime/sync/wait.h>

#include <errno.h>

void filch_waitgroup_add(filch_waitgroup *group, unsigned count)
{
    FL_MUST_GIVE(group);
    fl_point();
    uint32_t was = filch_u32_add(&group->count, count, FILCH_RELAXED); /* done says what is seen */
    if (was > INT32_MAX || count > INT32_MAX - was)
        filch_die("filch_waitgroup_add: %u more than a count of %u is out of range (at most %d)",
                  count, was, INT32_MAX);
}

static FILCH_COLD void last_done(filch_waitgroup *group)
{
    fl_lock(&group->lock);
    uint32_t was = filch_u32_add(&group->count, (uint32_t)-1, FILCH_ACQ_REL); /* CountDown */
    if (was == 0)
        filch_die("filch_waitgroup_done: the count is already 0; call filch_waitgroup_add first, "
                  "once for each");
    if (was == 1)
        fl_tell_all(&group->lock, &group->waiters, 0);
    else
        fl_unlock(&group->lock);
}

void filch_waitgroup_done(filch_waitgroup *group)
{
    FL_MUST_GIVE(group);
    fl_point();
    uint32_t was = filch_u32_load(&group->count, FILCH_RELAXED); /* the CAS decides */
    while (was > 1)
        if (filch_u32_cas(&group->count, &was, was - 1, FILCH_RELEASE)) /* CountDown */
            return;
    last_done(group);
}

static int wait(filch_waitgroup *group, int64_t until, fl_wait_how how)
{
    FL_GIVEN_IN("filch_waitgroup_wait", group);
    fl_lock(&group->lock);
    if (filch_u32_load(&group->count, FILCH_RELAXED)) { /* falls to zero under the lock */
        fl_waits_in("filch_waitgroup_wait", group);
        return fl_wait_at(how, &group->lock, &group->waiters, NULL, until);
    }
    fl_unlock(&group->lock);
    return 0;
}

int filch_waitgroup_wait_until(filch_waitgroup *group, int64_t until)
{
    return wait(group, until, FL_WAIT_CANCELLABLE);
}

void filch_waitgroup_wait(filch_waitgroup *group)
{
    FL_MUST_GIVE(group);
    wait(group, FILCH_FOREVER, 0);
}

/* ---- Barriers ---- */

/* A barrier. The round, under the private lock, decides which parties have come; the claims of
 * their waiters do not. A party whose time is over when the last one comes, but that has not left
 * yet, has come. */

int filch_barrier_init(filch_barrier *barrier, unsigned parties)
{
    FL_GIVEN(barrier);
    if (!parties)
        return fl_fail(EINVAL, "barrier with 0 parties; give it 1 or more");
    *barrier = (filch_barrier){.parties = parties};
    return 0;
}

/* false: too late, all have come. */
static bool leave(filch_barrier *barrier, unsigned round)
{
    fl_lock(&barrier->lock);
    bool open = barrier->round == round;
    if (open)
        barrier->arrived--;
    fl_unlock(&barrier->lock);
    return open;
}

int filch_barrier_wait(filch_barrier *barrier, int64_t until)
{
    FL_GIVEN(barrier);
    fl_lock(&barrier->lock);
    if (until < 0)
        return fl_wait(&barrier->lock, &barrier->waiters, NULL, until);
    if (!barrier->parties) {
        fl_unlock(&barrier->lock);
        return fl_fail(EINVAL, "this barrier has no parties; call filch_barrier_init first");
    }
    unsigned round = barrier->round;
    if (++barrier->arrived == barrier->parties) {
        barrier->arrived = 0;
        barrier->round++;
        fl_tell_all(&barrier->lock, &barrier->waiters, 0);
        return 1;
    }
    fl_waits_in("filch_barrier_wait", barrier);
    int rc = fl_wait_cancellable(&barrier->lock, &barrier->waiters, NULL, until);
    return rc && leave(barrier, round) ? rc : 0;
}
