/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/sync/permits.h>

#include <runtime/platform/lock.h>
#include <runtime/platform/virtual.h>
#include <runtime/sync/wait.h>
#include <sched/assert.h>

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
    filch_u64_add(&permits->balance, twice(left - before) - bit, FILCH_ACQ_REL); /* K5 */
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
    } while (!filch_u64_cas(&permits->balance, &balance, next, FILCH_ACQUIRE)); /* K5 */
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
                          FILCH_ACQUIRE)) /* K5 */
            return 0;
    return take_slow(call, permits, count, floor, until, how);
}

/* false: nobody waits any more. */
static FILCH_COLD bool give_slow(filch_permits *permits, int64_t count, int64_t floor)
{
    fl_lock(&permits->lock);
    bool any = fl_waiters_any(&permits->waiters);
    if (any)
        filch_u64_add(&permits->balance, twice(count), FILCH_ACQ_REL); /* K6 */
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
                                 FILCH_RELEASE)) /* K6 */
            return true;
    }
    return false;
}
