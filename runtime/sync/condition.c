/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A condition. The mutex is unlocked under the private lock, which a signal needs: so no signal
 * comes between unlocking and waiting. Unlocking wakes, but never waits. */
#include <filch/sync.h>
#include <runtime/platform/given.h>

#include <runtime/platform/lock.h>
#include <runtime/sync/mutex.h>
#include <runtime/sync/wait.h>

static int wait(filch_condition *condition, filch_mutex *mutex, int64_t until, fl_wait_how how)
{
    FL_GIVEN_IN("filch_condition_wait", condition);
    FL_GIVEN_IN("filch_condition_wait", mutex);
    bool may_wait = until > 0;
    fl_lock(&condition->lock);
    if (may_wait)
        filch_mutex_unlock(mutex);
    fl_waits_in("filch_condition_wait", condition);
    int rc = fl_wait_at(how, &condition->lock, &condition->waiters, NULL, until);
    if (may_wait)
        fl_mutex_lock("filch_condition_wait", mutex);
    return rc;
}

int filch_condition_wait_until(filch_condition *condition, filch_mutex *mutex, int64_t until)
{
    return wait(condition, mutex, until, FL_WAIT_CANCELLABLE);
}

void filch_condition_wait(filch_condition *condition, filch_mutex *mutex)
{
    FL_MUST_GIVE(condition);
    FL_MUST_GIVE(mutex);
    wait(condition, mutex, FILCH_FOREVER, 0);
}

void filch_condition_signal(filch_condition *condition)
{
    FL_MUST_GIVE(condition);
    fl_lock(&condition->lock);
    fl_tell_one(&condition->lock, &condition->waiters, 0);
}

void filch_condition_broadcast(filch_condition *condition)
{
    FL_MUST_GIVE(condition);
    fl_lock(&condition->lock);
    fl_tell_all(&condition->lock, &condition->waiters, 0);
}
