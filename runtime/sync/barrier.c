/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A barrier. The round, under the private lock, decides which parties have come; the claims of
 * their waiters do not. A party whose time is over when the last one comes, but that has not left
 * yet, has come. */
#include <filch/sync.h>

#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>
#include <runtime/sync/wait.h>

#include <errno.h>

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

int filch_barrier_wait_until(filch_barrier *barrier, int64_t until)
{
    FL_GIVEN(barrier);
    fl_lock(&barrier->lock);
    if (until < 0)
        return fl_wait(&barrier->lock, &barrier->waiters, NULL, until);
    if (!barrier->parties) {
        fl_unlock(&barrier->lock);
        return fl_fail(EINVAL, "this barrier has no parties; call filch_barrier_init before");
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

int filch_barrier_wait(filch_barrier *barrier)
{
    return filch_barrier_wait_until(barrier, FILCH_FOREVER);
}
