/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A condition. The mutex is unlocked under the private lock, which a signal needs: so no signal
 * comes between unlocking and waiting. Unlocking wakes, but never waits. */
#include <filch/sync.h>
#include <runtime/platform/given.h>

#include <runtime/platform/lock.h>
#include <runtime/sync/mutex.h>
#include <runtime/sync/wait.h>

int filch_condition_wait_until(filch_condition *condition, filch_mutex *mutex, int64_t until)
{
    FL_GIVEN(condition);
    FL_GIVEN(mutex);
    bool may_wait = until > 0;
    fl_lock(&condition->lock);
    if (may_wait)
        filch_mutex_unlock(mutex);
    fl_waits_in("filch_condition_wait", condition);
    int rc = fl_wait(&condition->lock, &condition->waiters, NULL, until);
    if (may_wait)
        fl_mutex_lock("filch_condition_wait", mutex);
    return rc;
}

void filch_condition_wait(filch_condition *condition, filch_mutex *mutex)
{
    FL_MUST_GIVE(condition);
    FL_MUST_GIVE(mutex);
    filch_condition_wait_until(condition, mutex, FILCH_FOREVER);
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
