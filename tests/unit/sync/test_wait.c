/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/engine/find_work.h>
#include <runtime/sync/wait.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

/* ---- Times ---- */

Test(wait, times_do_not_overflow)
{
    int64_t now = filch_now();
    cr_assert_gt(now, 0);
    cr_assert_eq(filch_in(INT64_MAX), FILCH_FOREVER);
    cr_assert_eq(filch_in(FILCH_FOREVER - now / 2), FILCH_FOREVER);
    cr_assert_geq(filch_in(FILCH_SECOND), now + FILCH_SECOND);
    cr_assert_geq(filch_in(0), now);
    cr_assert_geq(filch_in(INT64_MIN), now);
    cr_assert_leq(filch_in(INT64_MIN), filch_now());
}

/* ---- The lock ---- */

enum { LOCKERS = 4 };

typedef struct locked {
    filch_u32 lock;
    unsigned times;
    uint64_t count; /* under it */
} locked;

static void *counts_under_the_lock(void *arg)
{
    locked *l = arg;
    for (unsigned i = 0; i < l->times; i++) {
        fl_lock(&l->lock);
        uint64_t was = l->count;
        if (i % 64 == 0)
            sched_yield(); /* the others come, wait, and sleep */
        l->count = was + 1;
        fl_unlock(&l->lock);
    }
    return NULL;
}

Test(lock, what_it_guards_is_its_holders)
{
    locked l = {.times = stress_times(20000)};
    pthread_t threads[LOCKERS];
    for (int i = 0; i < LOCKERS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, counts_under_the_lock, &l), 0);
    for (int i = 0; i < LOCKERS; i++)
        pthread_join(threads[i], NULL);
    cr_assert_eq(l.count, (uint64_t)LOCKERS * l.times);
    cr_assert_eq(filch_u32_load(&l.lock, FILCH_ACQUIRE), FL_LOCK_FREE);
}

/* The holder's look and the waiter's mark may cross; then nobody wakes it. */
Test(lock, waiter_recovers_from_lost_mark)
{
    for (int i = 0; i < 5; i++) {
        locked l = {.times = 1};
        pthread_t thread;
        fl_lock(&l.lock);
        cr_assert_eq(pthread_create(&thread, NULL, counts_under_the_lock, &l), 0);
        WAIT_WHILE(filch_u32_load(&l.lock, FILCH_ACQUIRE) != FL_LOCK_WAITED_FOR);
        filch_u32_store(&l.lock, FL_LOCK_FREE, FILCH_RELEASE);
        pthread_join(thread, NULL);
        cr_assert_eq(l.count, 1);
    }
}

/* ---- Queues ---- */

enum { NODES = 5 };

static fl_waiter waiters[NODES];
static fl_node nodes[NODES];
static filch_waiters queue;

static void line_up(void)
{
    queue = (filch_waiters){0};
    for (int i = 0; i < NODES; i++) {
        waiters[i] = (fl_waiter){0};
        nodes[i] = (fl_node){.waiter = &waiters[i]};
        fl_waiters_add(&queue, &nodes[i]);
    }
}

static bool in_line(const int *wanted)
{
    fl_node *node = queue.first, *last = NULL;
    for (; *wanted >= 0; wanted++, last = node, node = node->next)
        if (node != &nodes[*wanted] || node->previous != last)
            return false;
    return !node && queue.last == last;
}
#define IN_LINE(...) in_line((const int[]){__VA_ARGS__})

TestSuite(waiters, .init = line_up);

Test(waiters, leave_from_anywhere)
{
    cr_assert(IN_LINE(0, 1, 2, 3, 4, -1));
    fl_waiters_remove(&queue, &nodes[2]);
    cr_assert(IN_LINE(0, 1, 3, 4, -1));
    fl_waiters_remove(&queue, &nodes[0]);
    cr_assert(IN_LINE(1, 3, 4, -1));
    fl_waiters_remove(&queue, &nodes[4]);
    cr_assert(IN_LINE(1, 3, -1));
    fl_waiters_add(&queue, &nodes[0]);
    cr_assert(IN_LINE(1, 3, 0, -1));
    fl_waiters_remove(&queue, &nodes[3]);
    fl_waiters_remove(&queue, &nodes[1]);
    fl_waiters_remove(&queue, &nodes[0]);
    cr_assert(IN_LINE(-1));
    cr_assert_not(fl_waiters_any(&queue));
}

Test(waiters, claimed_waiter_cannot_be_claimed_again)
{
    cr_assert(fl_waiter_claim(&waiters[0]));
    cr_assert_not(fl_waiter_claim(&waiters[0]));
    cr_assert(fl_waiter_claim(&waiters[1]));
    cr_assert_eq(fl_waiters_claim(&queue), &nodes[2], "the first that is free");
    cr_assert(IN_LINE(0, 1, 3, 4, -1), "a waiter claimed elsewhere takes its own node out");
    cr_assert_eq(fl_waiters_claim(&queue), &nodes[3]);
    cr_assert_eq(fl_waiters_claim(&queue), &nodes[4]);
    cr_assert_null(fl_waiters_claim(&queue));
    cr_assert(IN_LINE(0, 1, -1));
}

Test(waiters, free_waiters_are_claimed_in_order)
{
    fl_waiter_claim(&waiters[1]);
    fl_waiter_claim(&waiters[4]);
    fl_node rest = {0};
    fl_node *all = fl_waiters_claim_all(&queue, &rest);
    static const int wanted[] = {0, 2, 3};
    for (int i = 0; i < 3; i++, all = all->next)
        cr_assert_eq(all, &nodes[wanted[i]]);
    cr_assert_eq(all, &rest);
    cr_assert(IN_LINE(1, 4, -1));
    cr_assert_eq(fl_waiters_claim_all(&queue, &rest), &rest);
}

static fl_waiter *told_last;
static int told_times;

static void note(fl_waiter *waiter)
{
    told_last = waiter;
    told_times++;
}

Test(waiters, function_waiters_are_called_with_outcome)
{
    filch_u32 lock = {0};
    for (int i = 0; i < NODES; i++)
        waiters[i].told = note;
    fl_lock(&lock);
    fl_tell_one(&lock, &queue, -EIO);
    cr_assert_eq(told_last, &waiters[0]);
    cr_assert_eq(waiters[0].code, -EIO);
    cr_assert_eq(waiters[0].winner, &nodes[0]);
    fl_lock(&lock);
    fl_tell_all(&lock, &queue, -EPIPE);
    cr_assert_eq(told_times, NODES);
    cr_assert_eq(told_last, &waiters[NODES - 1]);
    cr_assert_eq(waiters[NODES - 1].code, -EPIPE);
    fl_lock(&lock);
    fl_tell_one(&lock, &queue, -EPIPE);
    fl_lock(&lock);
    fl_tell_all(&lock, &queue, -EPIPE);
    fl_lock(&lock); /* it is free, each time */
    cr_assert_eq(told_times, NODES);
}

/* ---- Waiting ---- */

typedef struct object {
    filch_u32 lock;
    filch_waiters waiters;
    signpost told, late, wrong, dismissed;
    int64_t until;
    int codes[CREW_MOST];
    filch_u32 next;
} object;

static unsigned waiting(object *o)
{
    unsigned count = 0;
    fl_lock(&o->lock);
    for (fl_node *node = o->waiters.first; node; node = node->next)
        count++;
    fl_unlock(&o->lock);
    return count;
}

static void wait_for_waiting(object *o, unsigned count)
{
    WAIT_WHILE(waiting(o) < count);
}

Test(wait, past_deadline_frees_lock_without_waiting)
{
    object o = {0};
    const int64_t times[] = {0, 1, filch_now(), -1, INT64_MIN};
    for (int i = 0; i < 5; i++) {
        fl_lock(&o.lock);
        cr_assert_eq(fl_wait(&o.lock, &o.waiters, NULL, times[i]), i < 3 ? -ETIMEDOUT : -EINVAL);
        cr_assert_eq(filch_u32_load(&o.lock, FILCH_ACQUIRE), FL_LOCK_FREE);
        cr_assert_not(fl_waiters_any(&o.waiters));
    }
}

static void waits(void *arg)
{
    object *o = arg;
    unsigned me = filch_u32_add(&o->next, 1, FILCH_ACQ_REL);
    fl_lock(&o->lock);
    fl_waits_in("a test", o);
    o->codes[me] = fl_wait(&o->lock, &o->waiters, NULL, FILCH_FOREVER);
}

static void waits_first(void *arg)
{
    object *o = arg;
    unsigned me = filch_u32_add(&o->next, 1, FILCH_ACQ_REL);
    fl_lock(&o->lock);
    fl_waits_in("a test", o);
    o->codes[me] = fl_wait_at(FL_WAIT_FIRST, &o->lock, &o->waiters, NULL, FILCH_FOREVER);
}

static void one_after_the_other(crew *all, enum crew_kind kind, const char *name)
{
    enum { MANY = 6 };
    object o = {0};
    for (unsigned i = 0; i < MANY; i++) { /* tasks and threads in one queue, too */
        crew_start(all, i % 3 ? kind : CREW_THREAD, i == MANY - 1 ? waits_first : waits, &o);
        wait_for_waiting(&o, i + 1);
    }
    for (int i = 0; i < MANY; i++) {
        fl_lock(&o.lock);
        fl_tell_one(&o.lock, &o.waiters, i);
    }
    crew_wait(all);
    for (int i = 0; i < MANY - 1; i++)
        cr_assert_eq(o.codes[i], i + 1, "%s", name);
    cr_assert_eq(o.codes[MANY - 1], 0, "it went to the front: %s", name);
    cr_assert_not(fl_waiters_any(&o.waiters), "%s", name);
}

Test(wait, waiters_are_woken_in_order)
{
    crew_everywhere(one_after_the_other);
}

static void waits_until(void *arg)
{
    object *o = arg;
    fl_lock(&o->lock);
    fl_waits_in("a test", o);
    int rc = fl_wait(&o->lock, &o->waiters, NULL, o->until);
    signpost_raise(rc == -ETIMEDOUT ? &o->late : rc == 0 ? &o->told : &o->wrong);
}

static void deadline_against_teller(crew *all, enum crew_kind kind, const char *name)
{
    enum { MANY = 4 };
    for (unsigned i = 0; i < stress_times(20); i++) {
        object o = {.until = filch_in((int64_t)(stress_mix(i) % 200000))};
        uint32_t told = 0;
        for (unsigned j = 0; j < MANY; j++)
            crew_start(all, kind, waits_until, &o);
        while (signpost_count(&o.told) + signpost_count(&o.late) < MANY) {
            if (filch_now() < o.until - FILCH_MICROSECOND) {
                sched_yield();
                continue;
            }
            fl_lock(&o.lock);
            fl_node *node = fl_waiters_claim(&o.waiters);
            fl_unlock(&o.lock);
            if (node)
                fl_waiter_tell(node->waiter, node, 0);
            told += node != NULL;
        }
        crew_wait(all);
        cr_assert_eq(signpost_count(&o.told), told, "%s", name);
        cr_assert_eq(signpost_count(&o.wrong), 0, "%s", name);
        cr_assert_not(fl_waiters_any(&o.waiters), "%s", name);
    }
}

Test(wait, of_deadline_and_teller_one_wins)
{
    crew_everywhere(deadline_against_teller);
}

static uint64_t suspensions(void)
{
    filch_runtime_stats stats;
    filch_runtime_stats_read(filch_runtime_here(), FILCH_ALL_WORKERS, &stats, sizeof stats);
    return stats.suspensions;
}

/* It steps aside when its worker's next find is due, so that a loop of such calls starves nobody. */
FILCH_VOID_TASK(comes_too_late)
{
    enum { CALLS = 4 * FL_FIND_TURN };
    object o = {0};
    unsigned stayed = 0;
    fl_waits_in("a test", &o);
    for (int i = 0; i < CALLS; i++) {
        bool due = fl_find_is_due(fl_next_tick(fl_worker_here()));
        uint64_t before = suspensions();
        fl_lock(&o.lock);
        cr_assert_eq(fl_wait(&o.lock, &o.waiters, NULL, filch_now() - 1), -ETIMEDOUT);
        cr_assert_eq(suspensions(), before + due, "call %d", i);
        stayed += !due;
    }
    cr_assert(0 < stayed && stayed < CALLS);
}

Test(wait, passed_deadline_suspends_only_when_due)
{
    filch_runtime *rt;
    filch_config config = {.workers = 1, .guest = "0"}; /* a lone guest never steps aside */
    OK(filch_runtime_create(&rt, &config));
    FILCH_RUN(rt, comes_too_late);
    OK(filch_runtime_destroy(rt));
}

/* ---- Who waited and has not gone yet ---- */

static void dismisses(void *arg)
{
    object *o = arg;
    fl_lock(&o->lock);
    fl_dismiss(&o->lock, &o->waiters);
    signpost_raise(&o->dismissed);
}

static void late_leaver(crew *all, enum crew_kind kind, const char *name)
{
    object o = {0};
    fl_waiter waiter = {.told = note};
    fl_node node = {.waiter = &waiter};
    told_times = 0;
    fl_waiters_add(&o.waiters, &node);
    cr_assert(fl_waiter_claim(&waiter)); /* by another object */
    crew_start(all, kind, dismisses, &o);
    for (int i = 0; i < 100; i++) {
        cr_assert_eq(signpost_count(&o.dismissed), 0, "%s", name);
        sched_yield();
    }
    fl_lock(&o.lock);
    fl_waiters_remove(&o.waiters, &node);
    fl_unlock(&o.lock);
    crew_wait(all);
    cr_assert_eq(signpost_count(&o.dismissed), 1, "%s", name);
    cr_assert_eq(told_times, 0, "it is not this object's to tell: %s", name);
}

Test(wait, dismissal_outlasts_waiters_claimed_elsewhere)
{
    crew_everywhere(late_leaver);
}
