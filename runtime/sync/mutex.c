/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A mutex: barging, which keeps it busy, with hand-over to a waiter that has waited long, as in
 * Go's (R. Cox, D. Vyukov, sync.Mutex, 2016) and WebKit's parking lot (F. Pizlo, 2016).
 *
 * state: LOCKED | WAITED_FOR | HANDED. WAITED_FOR tells the holder to wake a waiter when it
 * unlocks. It is set under the private lock, only while the mutex is locked, so a holder cannot
 * miss it.
 *
 * A holder that locks again and again would wake one waiter after another, all too late. So at most
 * one waiter is on its way between being woken and trying again (`woken`, under the private lock).
 * Waking it clears WAITED_FOR, although others may wait; meanwhile nobody sets it, so that locking
 * and unlocking take the short way. From then on the woken waiter answers for the others:
 *   - it takes the mutex: it sets WAITED_FOR if anybody waits, and its own unlock wakes the next;
 *   - it comes too late: it sets WAITED_FOR, under the private lock and while the mutex is locked,
 *     and goes back to the front of the queue, or leaves because its time is over.
 * Both clear `woken` in the same critical section. So whenever there is a waiter, either WAITED_FOR
 * is set, or a waiter is on its way and will set it, or the mutex was handed over with it.
 *
 * The waiter that is first and has waited for `patience` is handed the mutex: it stays locked, and
 * until its new holder runs (HANDED) nobody spins for it: that holder may need the spinner's
 * worker.
 *
 * Edges:
 *   LockMutex: CAS of state, acquire                <- UnlockMutex: CAS of state, release; the
 *                                                      last holder's writes are seen. Handing
 *                                                      over: the edges of runtime/sync/wait.h
 * UnlockMutex is the unlocker's last touch, unless a waiter that it has claimed keeps the mutex
 * there: the next holder may free it. */
#include <runtime/sync/mutex.h>

#include <filch/sync.h>
#include <runtime/engine/observe/handover.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/spin.h>
#include <runtime/platform/virtual/virtual.h>
#include <runtime/sync/wait.h>

#include <errno.h>

enum { LOCKED = 1, WAITED_FOR = 2, HANDED = 4 };
enum { HANDED_OVER = 1 };                /* a waiter's outcome: it has the mutex; 0: try again */
enum { FIRST_PAUSE = 250, SPIN = 4000 }; /* ns */
static const int64_t patience = FILCH_MILLISECOND;

/* ---- Locking ---- */

static bool take(filch_mutex *mutex)
{
    uint32_t state = filch_u32_load(&mutex->state, FILCH_RELAXED); /* the CAS decides */
    while (!(state & LOCKED))
        if (filch_u32_cas(&mutex->state, &state, state | LOCKED, FILCH_ACQUIRE)) /* LockMutex */
            return true;
    return false;
}

/* Under the private lock. waits: the caller goes on to wait if it is locked. */
static bool take_or_announce(filch_mutex *mutex, bool waits)
{
    bool answers = !mutex->woken;
    uint32_t announced = answers && waits ? WAITED_FOR : 0;
    uint32_t taken = LOCKED | (answers && fl_waiters_any(&mutex->waiters) ? WAITED_FOR : 0);
    uint32_t state = filch_u32_load(&mutex->state, FILCH_RELAXED), next; /* the CAS decides */
    do
        next = state | (state & LOCKED ? announced : taken);
    while (!filch_u32_cas(&mutex->state, &state, next, FILCH_ACQUIRE)); /* LockMutex */
    return !(state & LOCKED);
}

/* Its holder may be about to unlock it, on another CPU. Each look takes the line from the holder,
 * who may lock it again meanwhile, so looks are rare, and ever rarer. */
static bool take_soon(filch_mutex *mutex, int64_t until)
{
    fl_worker *here = fl_worker_here();
    bool spins = here && fl_may_spin(here->rt) && (until == FILCH_FOREVER || until > fl_now());
    fl_backoff backoff = fl_backoff_begin(FIRST_PAUSE, spins ? SPIN : 0);
    do {
        if (take(mutex))
            return true;
        if (filch_u32_load(&mutex->state, FILCH_RELAXED) & HANDED) /* a look */
            return false;
    } while (fl_back_off(&backoff));
    return false;
}

/* The caller was woken, and has taken it. */
static void answer_for_others(filch_mutex *mutex)
{
    fl_lock(&mutex->lock);
    mutex->woken = false;
    if (fl_waiters_any(&mutex->waiters))
        filch_u32_or(&mutex->state, WAITED_FOR, FILCH_RELAXED); /* under the lock */
    fl_unlock(&mutex->lock);
}

/* It was handed over. */
static int begin(filch_mutex *mutex)
{
    filch_u32_and(&mutex->state, ~(uint32_t)HANDED, FILCH_RELAXED); /* wait.h orders the rest */
    return 0;
}

/* how: FL_WAIT_CANCELLABLE, or 0. */
static FILCH_COLD int lock_slow(const char *call, filch_mutex *mutex, int64_t until,
                                fl_wait_how how)
{
    int64_t began = 0; /* 0: has not waited */
    for (bool woken = false;; woken = true) {
        if (take_soon(mutex, until)) {
            if (woken)
                answer_for_others(mutex);
            return 0;
        }
        bool first = began;
        if (!first)
            began = fl_now();
        fl_lock(&mutex->lock);
        if (woken)
            mutex->woken = false;
        if (take_or_announce(mutex, until > 0)) {
            fl_unlock(&mutex->lock);
            return 0;
        }
        fl_waits_in(call, mutex);
        int rc = fl_wait_at(first ? how | FL_WAIT_FIRST : how, &mutex->lock, &mutex->waiters,
                            &began, until);
        if (rc == HANDED_OVER)
            return begin(mutex);
        if (rc)
            return rc;
    }
}

static inline bool take_fast(filch_mutex *mutex)
{
    uint32_t state = 0;
    fl_point();
    return FILCH_LIKELY(
        filch_u32_cas(&mutex->state, &state, LOCKED, FILCH_ACQUIRE)); /* LockMutex */
}

void fl_mutex_lock(const char *call, filch_mutex *mutex)
{
    if (!take_fast(mutex))
        lock_slow(call, mutex, FILCH_FOREVER, 0);
    fl_taken(mutex, 1);
}

void filch_mutex_lock(filch_mutex *mutex)
{
    FL_MUST_GIVE(mutex);
    fl_mutex_lock("filch_mutex_lock", mutex);
}

int filch_mutex_try_lock(filch_mutex *mutex)
{
    FL_GIVEN(mutex);
    if (!take_fast(mutex) && !take(mutex))
        return fl_tried(fl_too_late(),
                        "the mutex is locked; wait with filch_mutex_lock, or try again later");
    fl_taken(mutex, 1);
    return 0;
}

int filch_mutex_lock_until(filch_mutex *mutex, int64_t until)
{
    FL_GIVEN(mutex);
    int rc =
        take_fast(mutex) ? 0 : lock_slow("filch_mutex_lock", mutex, until, FL_WAIT_CANCELLABLE);
    if (!rc)
        fl_taken(mutex, 1);
    return rc;
}

/* ---- Unlocking ---- */

/* Takes out the next waiter, if any. *handed: it has waited long, and shall have the mutex. The
 * holder calls, so that the state changes under the private lock alone. */
static fl_node *choose(filch_mutex *mutex, bool *handed)
{
    fl_lock(&mutex->lock);
    fl_node *next = fl_waiters_claim(&mutex->waiters);
    *handed = next && fl_now() - *(int64_t *)next->data >= patience;
    if (!*handed || !fl_waiters_any(&mutex->waiters))
        filch_u32_and(&mutex->state, ~(uint32_t)WAITED_FOR, FILCH_RELAXED); /* under the lock */
    if (*handed)
        filch_u32_or(&mutex->state, HANDED, FILCH_RELAXED); /* under the lock */
    else
        mutex->woken = next;
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
        if (state & WAITED_FOR) {
            next = choose(mutex, &handed);
            if (handed)
                break;
            state = filch_u32_load(&mutex->state, FILCH_RELAXED); /* the CAS decides */
        } else if (filch_u32_cas(&mutex->state, &state, state & ~(uint32_t)LOCKED,
                                 FILCH_RELEASE)) /* UnlockMutex */
            break;
    }
    if (next)
        fl_waiter_tell(next->waiter, next, handed ? HANDED_OVER : 0);
}

void filch_mutex_unlock(filch_mutex *mutex)
{
    FL_MUST_GIVE(mutex);
    uint32_t state = LOCKED;
    fl_point();
    fl_given(mutex, 1);
    if (FILCH_UNLIKELY(!filch_u32_cas(&mutex->state, &state, 0, FILCH_RELEASE))) /* UnlockMutex */
        unlock_slow(mutex, state);
}

/* ---- Conditions ---- */

/* A condition. The mutex is unlocked under the private lock, which a signal needs: so no signal
 * comes between unlocking and waiting. Unlocking wakes, but never waits. */

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
