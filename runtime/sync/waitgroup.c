/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A wait group. The count falls to zero only under the private lock, which a waiter takes as well.
 * So when the last waiter has gone on, no caller of done touches the group any more, and the waiter
 * may free it.
 *
 * Edges:
 *   K9 done: CAS of count, release, or of  -> K9 of the last: the chain of these; it tells who
 *      the last add, acq_rel, under the       waits by edges V of runtime/sync/wait.h, or by the
 *      private lock                           private lock */
#include <filch/sync.h>
#include <runtime/platform/given.h>

#include <runtime/platform/lock.h>
#include <runtime/platform/virtual.h>
#include <runtime/sync/wait.h>

void filch_waitgroup_add(filch_waitgroup *group, unsigned count)
{
    FL_MUST_GIVE(group);
    fl_point();
    uint32_t was = filch_u32_add(&group->count, count, FILCH_RELAXED); /* done says what is seen */
    if (was > INT32_MAX || count > INT32_MAX - was)
        filch_die("filch_waitgroup_add: %u more to be done besides %u; %d is the most", count, was,
                  INT32_MAX);
}

static FILCH_COLD void last_done(filch_waitgroup *group)
{
    fl_lock(&group->lock);
    uint32_t was = filch_u32_add(&group->count, (uint32_t)-1, FILCH_ACQ_REL); /* K9 */
    if (was == 0)
        filch_die("filch_waitgroup_done: nothing is left to be done; add before, once for each");
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
        if (filch_u32_cas(&group->count, &was, was - 1, FILCH_RELEASE)) /* K9 */
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
