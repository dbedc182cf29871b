/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A semaphore: permits (runtime/sync/permits.h) of which there are none at first. */
#include <runtime/sync/permits.h>

#include <runtime/engine/observe/handover.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/sync/wait.h>

#include <errno.h>

enum { FLOOR = 0 };

int filch_semaphore_init(filch_semaphore *semaphore, unsigned permits)
{
    FL_GIVEN(semaphore);
    if (permits > FILCH_PERMITS_MAX)
        return fl_fail(EINVAL, "a semaphore with %u permits is out of range (at most %d)", permits,
                       FILCH_PERMITS_MAX);
    *semaphore = (filch_semaphore){0};
    fl_permits_give(&semaphore->permits, permits, FLOOR, FILCH_PERMITS_MAX);
    return 0;
}

static int acquire(filch_semaphore *semaphore, unsigned count, int64_t until, fl_wait_how how)
{
    FL_GIVEN_IN("filch_semaphore_acquire", semaphore);
    if (count > FILCH_PERMITS_MAX)
        return fl_fail(EINVAL, "a request of %u permits is out of range (at most %d)", count,
                       FILCH_PERMITS_MAX);
    if (fl_handovers())
        fl_handover_put_free(semaphore, filch_semaphore_available(semaphore));
    int rc =
        fl_permits_take("filch_semaphore_acquire", &semaphore->permits, count, FLOOR, until, how);
    if (!rc)
        fl_taken(semaphore, count);
    return rc;
}

int filch_semaphore_acquire_until(filch_semaphore *semaphore, unsigned count, int64_t until)
{
    return acquire(semaphore, count, until, FL_WAIT_CANCELLABLE);
}

void filch_semaphore_acquire(filch_semaphore *semaphore, unsigned count)
{
    if (acquire(semaphore, count, FILCH_FOREVER, 0))
        filch_die("%s", filch_error());
}

int filch_semaphore_try_acquire(filch_semaphore *semaphore, unsigned count)
{
    FL_GIVEN(semaphore);
    return fl_tried(filch_semaphore_acquire_until(semaphore, count, 0));
}

int filch_semaphore_give_back(filch_semaphore *semaphore, unsigned count)
{
    FL_GIVEN(semaphore);
    fl_given(semaphore, count);
    if (fl_permits_give(&semaphore->permits, count, FLOOR, FILCH_PERMITS_MAX))
        return 0;
    return fl_fail(EOVERFLOW,
                   "%u more permits than a semaphore can have, which is %d; release what was "
                   "acquired",
                   count, FILCH_PERMITS_MAX);
}

unsigned filch_semaphore_available(const filch_semaphore *semaphore)
{
    FL_MUST_GIVE(semaphore);
    int64_t balance = fl_permits_balance(&semaphore->permits);
    return balance > 0 ? (unsigned)balance : 0;
}
