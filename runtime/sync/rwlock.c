/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A reader-writer lock: permits (runtime/sync/permits.h) of which a reader takes one and a writer
 * all. An unlocker holds the lock, so no other thread can change the state that its checks read. */
#include <runtime/platform/given.h>
#include <runtime/sync/permits.h>

#include <runtime/sync/wait.h>

enum { READER = 1, WRITER = 1 << 30, CEILING = 0, FLOOR = -WRITER };

/* ---- Readers ---- */

static int read_lock(filch_rwlock *rwlock, int64_t until, fl_wait_how how)
{
    return fl_permits_take("filch_rwlock_read_lock", &rwlock->permits, READER, FLOOR, until, how);
}

int filch_rwlock_read_lock_until(filch_rwlock *rwlock, int64_t until)
{
    FL_GIVEN(rwlock);
    return read_lock(rwlock, until, FL_WAIT_CANCELLABLE);
}

void filch_rwlock_read_lock(filch_rwlock *rwlock)
{
    FL_MUST_GIVE(rwlock);
    read_lock(rwlock, FILCH_FOREVER, 0);
}

int filch_rwlock_try_read_lock(filch_rwlock *rwlock)
{
    FL_GIVEN(rwlock);
    return fl_tried(filch_rwlock_read_lock_until(rwlock, 0));
}

void filch_rwlock_read_unlock(filch_rwlock *rwlock)
{
    FL_MUST_GIVE(rwlock);
    if (fl_permits_balance(&rwlock->permits) == FLOOR ||
        !fl_permits_give(&rwlock->permits, READER, FLOOR, CEILING))
        filch_die("filch_rwlock_read_unlock: no reader has this lock; unlock it once for each "
                  "filch_rwlock_read_lock");
}

/* ---- Writers ---- */

static int write_lock(filch_rwlock *rwlock, int64_t until, fl_wait_how how)
{
    return fl_permits_take("filch_rwlock_write_lock", &rwlock->permits, WRITER, FLOOR, until, how);
}

int filch_rwlock_write_lock_until(filch_rwlock *rwlock, int64_t until)
{
    FL_GIVEN(rwlock);
    return write_lock(rwlock, until, FL_WAIT_CANCELLABLE);
}

void filch_rwlock_write_lock(filch_rwlock *rwlock)
{
    FL_MUST_GIVE(rwlock);
    write_lock(rwlock, FILCH_FOREVER, 0);
}

int filch_rwlock_try_write_lock(filch_rwlock *rwlock)
{
    FL_GIVEN(rwlock);
    return fl_tried(filch_rwlock_write_lock_until(rwlock, 0));
}

void filch_rwlock_write_unlock(filch_rwlock *rwlock)
{
    FL_MUST_GIVE(rwlock);
    if (!fl_permits_give(&rwlock->permits, WRITER, FLOOR, CEILING))
        filch_die("filch_rwlock_write_unlock: no writer has this lock; unlock it once for each "
                  "filch_rwlock_write_lock");
}
