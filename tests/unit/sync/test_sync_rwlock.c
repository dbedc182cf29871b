/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/platform/lock.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

Test(sync_rwlock, readers_share_and_writer_excludes)
{
    filch_rwlock lock = {0};
    filch_rwlock_read_lock(&lock);
    OK(filch_rwlock_try_read_lock(&lock));
    cr_assert_eq(filch_rwlock_try_write_lock(&lock), -EAGAIN);
    filch_rwlock_read_unlock(&lock);
    filch_rwlock_read_unlock(&lock);
    filch_rwlock_write_lock(&lock);
    cr_assert_eq(filch_rwlock_try_write_lock(&lock), -EAGAIN);
    cr_assert_eq(filch_rwlock_try_read_lock(&lock), -EAGAIN);
    filch_rwlock_write_unlock(&lock);
    OK(filch_rwlock_try_write_lock(&lock));
}

Test(sync_rwlock, timed_out_lock_changes_nothing)
{
    filch_rwlock lock = {0};
    filch_rwlock_write_lock(&lock);
    cr_assert_eq(filch_rwlock_read_lock_until(&lock, 0), -ETIMEDOUT);
    cr_assert_eq(filch_rwlock_read_lock_until(&lock, filch_in(FILCH_MICROSECOND)), -ETIMEDOUT);
    cr_assert_eq(filch_rwlock_write_lock_until(&lock, filch_in(FILCH_MICROSECOND)), -ETIMEDOUT);
    cr_assert_eq(filch_rwlock_write_lock_until(&lock, -1), -EINVAL);
    filch_rwlock_write_unlock(&lock);
    OK(filch_rwlock_try_write_lock(&lock));
}

/* ---- First come, first served ---- */

static filch_rwlock shared;
static signpost written, read_after;

static void *write_after(void *until)
{
    int rc = filch_rwlock_write_lock_until(&shared, *(int64_t *)until);
    if (rc == 0) {
        signpost_raise(&written);
        filch_rwlock_write_unlock(&shared);
    }
    return NULL;
}

static void *read_after_writer(void *unused)
{
    filch_rwlock_read_lock(&shared);
    signpost_raise(&read_after);
    filch_rwlock_read_unlock(&shared);
    return unused;
}

static void wait_for_waiters(unsigned count)
{
    for (unsigned found = 0; found < count; sched_yield()) {
        fl_lock(&shared.permits.lock);
        found = !shared.permits.waiters.first                                 ? 0
                : shared.permits.waiters.first == shared.permits.waiters.last ? 1
                                                                              : 2;
        fl_unlock(&shared.permits.lock);
    }
}

Test(sync_rwlock, reader_waits_behind_waiting_writer)
{
    pthread_t writer, reader;
    int64_t until = FILCH_FOREVER;
    filch_rwlock_read_lock(&shared);
    cr_assert_eq(pthread_create(&writer, NULL, write_after, &until), 0);
    wait_for_waiters(1);
    cr_assert_eq(filch_rwlock_try_read_lock(&shared), -EAGAIN);
    cr_assert_eq(pthread_create(&reader, NULL, read_after_writer, NULL), 0);
    wait_for_waiters(2);
    cr_assert_eq(signpost_count(&read_after), 0);
    filch_rwlock_read_unlock(&shared);
    pthread_join(writer, NULL);
    pthread_join(reader, NULL);
    cr_assert_eq(signpost_count(&written) + signpost_count(&read_after), 2);
}

Test(sync_rwlock, writer_giving_up_admits_queued_readers)
{
    pthread_t writer, reader;
    int64_t until = filch_in(30 * FILCH_MILLISECOND);
    filch_rwlock_read_lock(&shared);
    cr_assert_eq(pthread_create(&writer, NULL, write_after, &until), 0);
    cr_assert_eq(pthread_create(&reader, NULL, read_after_writer, NULL), 0);
    signpost_wait(&read_after, 1); /* though the first reader stays */
    pthread_join(writer, NULL);
    pthread_join(reader, NULL);
    cr_assert_eq(signpost_count(&written), 0);
    filch_rwlock_read_unlock(&shared);
    OK(filch_rwlock_try_write_lock(&shared));
}

/* ---- Misuse ---- */

static void read_unlock_of_a_writer(void)
{
    filch_rwlock lock = {0};
    filch_rwlock_write_lock(&lock);
    filch_rwlock_read_unlock(&lock);
}

static void write_unlock_of_a_reader(void)
{
    filch_rwlock lock = {0};
    filch_rwlock_read_lock(&lock);
    filch_rwlock_write_unlock(&lock);
}

static void read_unlock_of_nobody(void)
{
    filch_rwlock lock = {0};
    filch_rwlock_read_unlock(&lock);
}

Test(sync_rwlock, unlocking_unheld_lock_dies_by_name)
{
    struct child child;
    child_run(&child, read_unlock_of_a_writer);
    cr_assert(child_died(&child, "filch_rwlock_read_unlock: no reader"), "%s", child.text);
    child_run(&child, read_unlock_of_nobody);
    cr_assert(child_died(&child, "filch_rwlock_read_unlock: no reader"), "%s", child.text);
    child_run(&child, write_unlock_of_a_reader);
    cr_assert(child_died(&child, "filch_rwlock_write_unlock: no writer"), "%s", child.text);
}
