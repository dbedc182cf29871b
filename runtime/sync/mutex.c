/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A mutex: barging, which keeps it busy, with hand-over to who has waited long, as in Go's (R. Cox,
 * D. Vyukov, sync.Mutex, 2016) and WebKit's parking lot (F. Pizlo, 2016).
 *
 * state: LOCKED | WAITED_FOR | WOKEN | HANDED. WAITED_FOR is set by who then waits in the queue, under the
 * private lock, and only while the mutex is locked; so its holder cannot unlock by the short way and
 * wakes somebody. At most one is on the way between being woken and trying again (WOKEN): meanwhile
 * others unlock by the short way, too. Who comes too late goes back to the front of the queue. Who is
 * first and has waited for `patience` is handed the mutex: it stays locked, and until its new holder
 * runs (HANDED) nobody spins for it: that holder may need the spinner's worker.
 *
 * Edges:
 *   K3 lock: CAS of state, acquire  <- K4 unlock: CAS of state, release; what the last holder wrote
 *                                      is seen. Handing over: edges V of runtime/sync/wait.h
 * K4 is the unlocker's last touch, unless a waiter that it has claimed keeps the mutex there: the next
 * holder may free it. */
#include <filch/sync.h>

#include <runtime/core/clock.h>
#include <runtime/core/error.h>
#include <runtime/sync/wait.h>

#include <errno.h>

enum { LOCKED = 1, WAITED_FOR = 2, WOKEN = 4, HANDED = 8 };
enum { HANDED_OVER = 1 }; /* what a waiter is told: it has the mutex; 0: try again */
enum { FIRST_PAUSES = 16, MOST_PAUSES = 64 }; /* between looks, doubling */
static const int64_t patience = FILCH_MILLISECOND;

/* ---- Locking ---- */

/* If it is free. woken: the bit to take away, or 0. */
static bool take(filch_mutex *mutex, uint32_t woken)
{
    uint32_t state = filch_u32_load(&mutex->state, FILCH_RELAXED); /* the CAS decides */
    while (!(state & LOCKED))
        if (filch_u32_cas(&mutex->state, &state, (state | LOCKED) & ~woken, FILCH_ACQUIRE)) /* K3 */
            return true;
    return false;
}

/* Under the private lock: takes it, or sets the bit. */
static bool take_or_announce(filch_mutex *mutex, uint32_t woken, uint32_t bit)
{
    uint32_t state = filch_u32_load(&mutex->state, FILCH_RELAXED), next; /* the CAS decides */
    do
        next = (state | (state & LOCKED ? bit : LOCKED)) & ~woken;
    while (!filch_u32_cas(&mutex->state, &state, next, FILCH_ACQUIRE)); /* K3 */
    return !(state & LOCKED);
}

/* Its holder may be about to unlock it, on another CPU. Each look takes the line from the holder, who
 * may lock it again meanwhile, so looks are rare, and ever rarer. */
static bool take_soon(filch_mutex *mutex, uint32_t woken)
{
    fl_worker *here = fl_worker_here();
    unsigned most = here && fl_may_spin(here->rt) ? MOST_PAUSES : 0;
    for (unsigned pauses = FIRST_PAUSES;; pauses *= 2) {
        if (take(mutex, woken))
            return true;
        if (pauses > most || (filch_u32_load(&mutex->state, FILCH_RELAXED) & HANDED)) /* a look */
            return false;
        for (unsigned i = 0; i < pauses; i++)
            filch_pause();
    }
}

/* It was handed over. */
static int begin(filch_mutex *mutex)
{
    filch_u32_and(&mutex->state, ~(uint32_t)HANDED, FILCH_RELAXED); /* edges V order the rest */
    return 0;
}

static FILCH_COLD int lock_slow(filch_mutex *mutex, int64_t until)
{
    int64_t began = 0; /* 0: has not waited */
    for (uint32_t woken = 0;; woken = WOKEN) {
        if (take_soon(mutex, woken))
            return 0;
        bool first = began;
        if (!first)
            began = fl_now();
        fl_lock(&mutex->lock);
        if (take_or_announce(mutex, woken, until > 0 ? WAITED_FOR : 0)) {
            fl_unlock(&mutex->lock);
            return 0;
        }
        fl_waits_in("filch_mutex_lock", mutex);
        int rc = (first ? fl_wait_first : fl_wait)(&mutex->lock, &mutex->waiters, &began, until);
        if (rc == HANDED_OVER)
            return begin(mutex);
        if (rc)
            return rc;
    }
}

static inline bool take_fast(filch_mutex *mutex)
{
    uint32_t state = filch_u32_load(&mutex->state, FILCH_RELAXED); /* the CAS decides */
    return FILCH_LIKELY(!(state & LOCKED)) &&
           FILCH_LIKELY(
               filch_u32_cas(&mutex->state, &state, state | LOCKED, FILCH_ACQUIRE)); /* K3 */
}

void filch_mutex_lock(filch_mutex *mutex)
{
    if (!take_fast(mutex))
        lock_slow(mutex, FILCH_FOREVER);
}

int filch_mutex_try_lock(filch_mutex *mutex)
{
    return take_fast(mutex) || take(mutex, 0) ? 0 : fl_plainly(-EAGAIN);
}

int filch_mutex_lock_until(filch_mutex *mutex, int64_t until)
{
    return take_fast(mutex) ? 0 : lock_slow(mutex, until);
}

/* ---- Unlocking ---- */

/* Takes out who is next, if anybody. *handed: it has waited long, and shall have the mutex. Its
 * holder calls, so that the state changes under the private lock alone. */
static fl_node *choose(filch_mutex *mutex, bool *handed)
{
    fl_lock(&mutex->lock);
    fl_node *next = fl_waiters_claim(&mutex->waiters);
    *handed = next && fl_now() - *(int64_t *)next->data >= patience;
    if (!next || !fl_waiters_any(&mutex->waiters))
        filch_u32_and(&mutex->state, ~(uint32_t)WAITED_FOR, FILCH_RELAXED); /* under the lock */
    if (next)
        filch_u32_or(&mutex->state, *handed ? HANDED : WOKEN, FILCH_RELAXED); /* under the lock */
    fl_unlock(&mutex->lock);
    return next;
}

static FILCH_COLD void unlock_slow(filch_mutex *mutex, uint32_t state)
{
    fl_node *next = NULL;
    bool handed = false;
    for (;;) {
        if (!(state & LOCKED))
            filch_die("filch_mutex_unlock: the mutex is not locked; unlock it once for each lock");
        if ((state & (WAITED_FOR | WOKEN)) == WAITED_FOR) {
            next = choose(mutex, &handed);
            if (handed)
                break;
            state = filch_u32_load(&mutex->state, FILCH_RELAXED); /* the CAS decides */
        } else if (filch_u32_cas(&mutex->state, &state, state & ~(uint32_t)LOCKED,
                                 FILCH_RELEASE)) /* K4 */
            break;
    }
    if (next)
        fl_waiter_tell(next->waiter, next, handed ? HANDED_OVER : 0);
}

void filch_mutex_unlock(filch_mutex *mutex)
{
    uint32_t state = filch_u32_load(&mutex->state, FILCH_RELAXED); /* the CAS decides */
    if (FILCH_UNLIKELY((state & (LOCKED | WAITED_FOR)) != LOCKED) ||
        FILCH_UNLIKELY(!filch_u32_cas(&mutex->state, &state, state & ~(uint32_t)LOCKED,
                                      FILCH_RELEASE))) /* K4 */
        unlock_slow(mutex, state);
}
