/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/sync/permits.h>

#include <runtime/engine/observe/handover.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/virtual/virtual.h>
#include <runtime/sync/wait.h>
#include <sched/assert.h>

#include <errno.h>

enum { WAITED_FOR = 1 };

static inline int64_t number(uint64_t balance)
{
    return (int64_t)balance >> 1;
}

static inline uint64_t twice(int64_t count)
{
    return (uint64_t)count << 1;
}

int64_t fl_permits_balance(const filch_permits *permits)
{
    fl_point();
    return number(filch_u64_load(&permits->balance, FILCH_RELAXED)); /* a look */
}

/* ---- Under the private lock ---- */

/* Takes waiters from the front out of the queue, as far as the balance is enough, and gives them
 * their permits. The queue is not empty, so the bit is set and the balance does not change. */
static fl_node *serve(filch_permits *permits, int64_t floor)
{
    int64_t left = fl_permits_balance(permits) - floor, before = left;
    fl_node *served = NULL, **last = &served;
    for (fl_node *node = permits->waiters.first, *next; node; node = next) {
        int64_t want = *(int64_t *)node->data;
        next = node->next;
        if (want > left)
            break;
        if (!fl_waiter_claim(node->waiter)) /* its time is over: it takes itself out */
            continue;
        fl_waiters_remove(&permits->waiters, node);
        left -= want;
        *last = node;
        last = &node->next;
    }
    *last = NULL;
    FL_ASSERT(left >= 0);
    uint64_t bit = fl_waiters_any(&permits->waiters) ? 0 : WAITED_FOR;
    filch_u64_add(&permits->balance, twice(left - before) - bit, FILCH_ACQ_REL); /* TakePermits */
    return served;
}

/* The same, and the lock is released. */
static void serve_and_tell(filch_permits *permits, int64_t floor)
{
    fl_node *served = fl_waiters_any(&permits->waiters) ? serve(permits, floor) : NULL;
    fl_unlock(&permits->lock);
    fl_tell_list(served, 0);
}

/* Takes them, or sets the bit. */
static bool take_or_announce(filch_permits *permits, int64_t count, int64_t floor, uint64_t bit)
{
    bool first = !fl_waiters_any(&permits->waiters), taken;
    uint64_t balance = filch_u64_load(&permits->balance, FILCH_RELAXED), next; /* the CAS decides */
    do {
        taken = first && number(balance) - count >= floor;
        next = taken ? (balance & ~(uint64_t)WAITED_FOR) - twice(count) : balance | bit;
    } while (!filch_u64_cas(&permits->balance, &balance, next, FILCH_ACQUIRE)); /* TakePermits */
    return taken;
}

/* ---- Taking and giving ---- */

static FILCH_COLD int take_slow(const char *call, filch_permits *permits, int64_t count,
                                int64_t floor, int64_t until, fl_wait_how how)
{
    fl_lock(&permits->lock);
    if (take_or_announce(permits, count, floor, until > 0 ? WAITED_FOR : 0)) {
        fl_unlock(&permits->lock);
        return 0;
    }
    fl_waits_in(call, permits);
    int rc = fl_wait_at(how, &permits->lock, &permits->waiters, &count, until);
    if (rc) { /* perhaps it stood before a waiter that wants less */
        fl_lock(&permits->lock);
        serve_and_tell(permits, floor);
    }
    return rc;
}

int fl_permits_take(const char *call, filch_permits *permits, int64_t count, int64_t floor,
                    int64_t until, fl_wait_how how)
{
    fl_point();
    uint64_t balance = filch_u64_load(&permits->balance, FILCH_RELAXED); /* the CAS decides */
    while (!(balance & WAITED_FOR) && number(balance) - count >= floor)
        if (filch_u64_cas(&permits->balance, &balance, balance - twice(count),
                          FILCH_ACQUIRE)) /* TakePermits */
            return 0;
    return take_slow(call, permits, count, floor, until, how);
}

/* false: nobody waits any more. */
static FILCH_COLD bool give_slow(filch_permits *permits, int64_t count, int64_t floor)
{
    fl_lock(&permits->lock);
    bool any = fl_waiters_any(&permits->waiters);
    if (any)
        filch_u64_add(&permits->balance, twice(count), FILCH_ACQ_REL); /* GivePermits */
    else
        filch_u64_and(&permits->balance, ~(uint64_t)WAITED_FOR, FILCH_RELAXED); /* gives nothing */
    serve_and_tell(permits, floor);
    return any;
}

bool fl_permits_give(filch_permits *permits, int64_t count, int64_t floor, int64_t ceiling)
{
    fl_point();
    uint64_t balance = filch_u64_load(&permits->balance, FILCH_RELAXED); /* the CAS decides */
    while (number(balance) + count <= ceiling) {
        if (balance & WAITED_FOR) {
            if (give_slow(permits, count, floor))
                return true;
            balance = filch_u64_load(&permits->balance, FILCH_RELAXED); /* the CAS decides */
        } else if (filch_u64_cas(&permits->balance, &balance, balance + twice(count),
                                 FILCH_RELEASE)) /* GivePermits */
            return true;
    }
    return false;
}

/* ---- Semaphores ---- */

/* A semaphore: permits (runtime/sync/permits.h) of which there are none at first. */

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
    return fl_tried(
        filch_semaphore_acquire_until(semaphore, count, 0),
        "the semaphore has too few permits; wait with filch_semaphore_acquire, or try again later");
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

/* ---- Read-write locks ---- */

/* A reader-writer lock: permits (runtime/sync/permits.h) of which a reader takes one and a writer
 * all. An unlocker holds the lock, so no other thread can change the state that its checks read. */

enum { READER = 1, WRITER = 1 << 30, CEILING = 0, LOWEST = -WRITER };

/* ---- Readers ---- */

static int read_lock(filch_rwlock *rwlock, int64_t until, fl_wait_how how)
{
    return fl_permits_take("filch_rwlock_read_lock", &rwlock->permits, READER, LOWEST, until, how);
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
    return fl_tried(filch_rwlock_read_lock_until(rwlock, 0),
                    "the rwlock is locked; wait with filch_rwlock_read_lock, or try again later");
}

void filch_rwlock_read_unlock(filch_rwlock *rwlock)
{
    FL_MUST_GIVE(rwlock);
    if (fl_permits_balance(&rwlock->permits) == LOWEST ||
        !fl_permits_give(&rwlock->permits, READER, LOWEST, CEILING))
        filch_die("filch_rwlock_read_unlock: no reader has this lock; unlock it once for each "
                  "filch_rwlock_read_lock");
}

/* ---- Writers ---- */

static int write_lock(filch_rwlock *rwlock, int64_t until, fl_wait_how how)
{
    return fl_permits_take("filch_rwlock_write_lock", &rwlock->permits, WRITER, LOWEST, until, how);
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
    return fl_tried(filch_rwlock_write_lock_until(rwlock, 0),
                    "the rwlock is locked; wait with filch_rwlock_write_lock, or try again later");
}

void filch_rwlock_write_unlock(filch_rwlock *rwlock)
{
    FL_MUST_GIVE(rwlock);
    if (!fl_permits_give(&rwlock->permits, WRITER, LOWEST, CEILING))
        filch_die("filch_rwlock_write_unlock: no writer has this lock; unlock it once for each "
                  "filch_rwlock_write_lock");
}
