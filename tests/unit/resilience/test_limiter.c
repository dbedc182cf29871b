/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/resilience/limiter.h>

#include <tests/support/pools.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { MS = 1000000 };
static const int64_t hour = 3600 * FILCH_SECOND;
static const filch_limit seldom = {.rate = 1, .burst = 2, .period = 24 * 3600 * FILCH_SECOND};

static filch_limiter *with(filch_limit limit)
{
    filch_limiter *limiter = NULL;
    cr_assert_eq(filch_limiter_create(&limiter, limit), 0, "%s", filch_error());
    return limiter;
}

/* Waits until so many threads are in its queue. */
static void wait_for_line(filch_limiter *limiter, unsigned count)
{
    for (unsigned there = 0; there != count; sched_yield()) {
        fl_wait_queue_lock(&limiter->wait_queue);
        there = limiter->wait_queue.inside;
        fl_wait_queue_unlock(&limiter->wait_queue);
    }
}

/* ---- At once ---- */

Test(limiter, burst_alone_is_available_at_once)
{
    filch_limiter *limiter = with(seldom);
    cr_assert_eq(filch_limiter_available(limiter), 2);
    OK(filch_limiter_allow(limiter, 1));
    cr_assert_eq(filch_limiter_allow(limiter, 2), -EAGAIN);
    OK(filch_limiter_allow(limiter, 1));
    cr_assert_eq(filch_limiter_allow(limiter, 1), -EAGAIN);
    cr_assert_eq(filch_limiter_available(limiter), 0);
    filch_limiter_destroy(limiter);
}

Test(limiter, permits_come_with_time)
{
    filch_limiter *limiter = with((filch_limit){.rate = 10, .burst = 2});
    cr_assert_eq(fl_limiter_allow(limiter, 2, FILCH_SECOND), 0);
    cr_assert_eq(fl_limiter_allow(limiter, 1, FILCH_SECOND + 100 * MS - 1), -EAGAIN);
    cr_assert_eq(fl_limiter_allow(limiter, 1, FILCH_SECOND + 100 * MS), 0);
    cr_assert_eq(fl_limiter_allow(limiter, 1, FILCH_SECOND + 100 * MS), -EAGAIN);
    filch_limiter_destroy(limiter);
}

Test(limiter, reservation_names_time_and_is_returnable)
{
    filch_limiter *limiter = with((filch_limit){.rate = 10, .burst = 2});
    filch_reservation now, later, latest;
    cr_assert_eq(fl_limiter_reserve(limiter, 2, FILCH_SECOND, &now), 0);
    cr_assert_eq(fl_limiter_reserve(limiter, 1, FILCH_SECOND, &later), 0);
    cr_assert_eq(fl_limiter_reserve(limiter, 2, FILCH_SECOND, &latest), 0);
    cr_assert_eq(now.at, FILCH_SECOND);
    cr_assert_eq(later.at, FILCH_SECOND + 100 * MS);
    cr_assert_eq(latest.at, FILCH_SECOND + 300 * MS);
    cr_assert_eq(latest.permits, 2);
    OK(filch_limiter_give_back(&later));
    cr_assert_eq(filch_limiter_give_back(&later), -EALREADY);
    cr_assert_eq(fl_limiter_reserve(limiter, 1, FILCH_SECOND + MS, &later), 0);
    cr_assert_eq(later.at, FILCH_SECOND + 100 * MS, "nothing was lost");
    OK(filch_limiter_set(limiter, seldom));
    cr_assert_eq(filch_limiter_give_back(&latest), -ESTALE);
    filch_limiter_destroy(limiter);
}

Test(limiter, bad_arguments_are_refused)
{
    filch_limiter *limiter = NULL;
    cr_assert_eq(filch_limiter_create(NULL, seldom), -EINVAL);
    cr_assert_eq(filch_limiter_create(&limiter, (filch_limit){.rate = 1}), -EINVAL);
    cr_assert_null(limiter, "untouched");
    limiter = with(seldom);
    cr_assert_eq(filch_limiter_allow(limiter, 0), -EINVAL);
    cr_assert_eq(filch_limiter_allow(limiter, 3), -EINVAL);
    cr_assert(strstr(filch_error(), "burst") != NULL);
    cr_assert_eq(filch_limiter_reserve(limiter, 1, NULL), -EINVAL);
    cr_assert_eq(filch_limiter_acquire(limiter, 1, NULL, -1), -EINVAL);
    cr_assert_eq(filch_limiter_acquire(limiter, 3, NULL, FILCH_FOREVER), -EINVAL);
    cr_assert_eq(filch_limiter_set(limiter, (filch_limit){.rate = 1}), -EINVAL);
    cr_assert_eq(filch_limiter_available(limiter), 2, "nothing was taken");
    cr_assert_eq(filch_limiter_get(limiter).burst, 2);
    filch_limiter_destroy(limiter);
    filch_limiter_destroy(NULL);
}

/* ---- Waiting ---- */

Test(limiter, unreachable_deadline_fails_at_once)
{
    filch_limiter *limiter = with(seldom);
    filch_context *context = until(NULL, filch_in(hour));
    cr_assert_eq(filch_limiter_acquire(limiter, 1, context, 0), 0, "it is there now");
    OK(filch_limiter_acquire(limiter, 1, NULL, FILCH_FOREVER));
    cr_assert_eq(filch_limiter_acquire(limiter, 1, NULL, filch_in(hour)), -ETIMEDOUT);
    cr_assert_eq(filch_limiter_acquire(limiter, 1, context, FILCH_FOREVER), -ETIMEDOUT);
    OK(filch_context_cancel(context, -EIO));
    cr_assert_eq(filch_limiter_acquire(limiter, 1, context, FILCH_FOREVER), -EIO);
    filch_context_release(context);
    filch_limiter_destroy(limiter);
}

enum { EACH = 4, WAITERS = 40 };

typedef struct crowd {
    filch_limiter *limiter;
    grant grants[WAITERS * EACH];
    filch_u32 wrong;
} crowd;

static void wait_and_note(filch_self self, void *arg, unsigned index)
{
    crowd *one = arg;
    for (unsigned i = 0; i < EACH; i++) {
        unsigned permits = 1 + (index + i) % 2;
        if (filch_limiter_acquire(one->limiter, permits, NULL, FILCH_FOREVER))
            filch_u32_add(&one->wrong, 1, FILCH_RELAXED);
        one->grants[index * EACH + i] = (grant){filch_now(), permits};
    }
}

/* A waiter that wakes late may come close to the next one; but measured from the beginning nobody
 * is early. */
static bool nobody_was_early(crowd *one, filch_limit limit, int64_t begun)
{
    qsort(one->grants, WAITERS * EACH, sizeof one->grants[0], rates_earlier);
    uint64_t sum = 0;
    for (unsigned i = 0; i < WAITERS * EACH; i++) {
        sum += one->grants[i].permits;
        if (!rates_allow(limit, sum, one->grants[i].at - begun + 1))
            return false;
    }
    return true;
}

Test(limiter, waiters_are_never_early)
{
    filch_limit limit = {.rate = 3, .burst = 4, .period = MS};
    for (unsigned i = 0; i < CONFIGS; i++) {
        filch_runtime *rt = config_runtime(i, 1000000);
        static crowd one;
        one = (crowd){.limiter = with(limit)};
        int64_t begun = filch_now();
        parties_meet(rt, WAITERS - 5, 5, wait_and_note, &one);
        cr_assert_eq(filch_u32_load(&one.wrong, FILCH_ACQUIRE), 0, "%s", config_name(i));
        cr_assert(nobody_was_early(&one, limit, begun), "%s", config_name(i));
        filch_limiter_destroy(one.limiter);
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- Waiters ---- */

typedef struct guest {
    filch_limiter *limiter;
    filch_context *context;
    int64_t until;
    unsigned permits;
    int codes[WAITERS];
} guest;

static void wait_as_guest(filch_self self, void *arg, unsigned index)
{
    guest *one = arg;
    one->codes[index] = filch_limiter_acquire(one->limiter, one->permits, one->context, one->until);
}

/* The party that does something to the others, when all of them wait. */
typedef struct host {
    guest guests;
    void (*act)(guest *guests);
} host;

static void act_when_all_wait(filch_self self, void *arg, unsigned index)
{
    host *one = arg;
    if (index < WAITERS - 1) {
        wait_as_guest(self, &one->guests, index);
        return;
    }
    wait_for_line(one->guests.limiter, WAITERS - 1); /* a thread */
    one->act(&one->guests);
}

static void on_every_runtime(void (*before)(guest *), void (*act)(guest *),
                             void (*after)(const guest *))
{
    for (unsigned i = 0; i < CONFIGS; i++) {
        filch_runtime *rt = config_runtime(i, 1000000);
        host one = {.guests = {.limiter = with(seldom), .until = FILCH_FOREVER, .permits = 1},
                    .act = act};
        OK(filch_limiter_allow(one.guests.limiter, 2));
        before(&one.guests);
        parties_meet(rt, WAITERS - 3, 3, act_when_all_wait, &one);
        after(&one.guests);
        OK(filch_runtime_destroy(rt));
    }
}

static void all_were_told(const guest *guests, int code)
{
    for (unsigned i = 0; i < WAITERS - 1; i++)
        cr_assert_eq(guests->codes[i], code, "guest %u: %d", i, guests->codes[i]);
}

static void with_context(guest *guests)
{
    guests->context = child_of(NULL);
}

static void cancel(guest *guests)
{
    filch_context_cancel(guests->context, -EINTR);
}

static void told_the_cause(const guest *guests)
{
    all_were_told(guests, -EINTR);
    filch_reservation next;
    OK(filch_limiter_reserve(guests->limiter, 1, &next));
    cr_assert_leq(next.at, filch_in(24 * hour), "all permits were given back");
    filch_context_release(guests->context);
    filch_limiter_destroy(guests->limiter);
}

Test(limiter, who_is_cancelled_gives_back)
{
    on_every_runtime(with_context, cancel, told_the_cause);
}

static void nothing(guest *guests)
{
}

static void destroy(guest *guests)
{
    filch_limiter_destroy(guests->limiter);
}

static void told_the_end(const guest *guests)
{
    all_were_told(guests, -EIDRM);
}

Test(limiter, destroy_ends_waits)
{
    on_every_runtime(nothing, destroy, told_the_end);
}

static void hasten(guest *guests)
{
    filch_limiter_set(guests->limiter, (filch_limit){.rate = 1000000, .burst = 1});
}

static void told_to_go(const guest *guests)
{
    all_were_told(guests, 0);
    filch_limiter_destroy(guests->limiter);
}

Test(limiter, changed_limit_reschedules_waiters)
{
    on_every_runtime(nothing, hasten, told_to_go);
}

static void in_time_if_hourly(guest *guests)
{
    filch_limiter_set(guests->limiter, (filch_limit){.rate = 1, .burst = 2, .period = hour});
    guests->until = filch_in(45 * hour);
}

static void slow_down_and_end(guest *guests)
{
    filch_limiter_set(guests->limiter, seldom);
    filch_limiter_destroy(guests->limiter);
}

/* The first has to wait for a day, the second for two. */
static void all_but_one_were_too_late(const guest *guests)
{
    unsigned late = 0, in_time = 0;
    for (unsigned i = 0; i < WAITERS - 1; i++) {
        late += guests->codes[i] == -ETIMEDOUT;
        in_time += guests->codes[i] == -EIDRM;
    }
    cr_assert_eq(in_time, 1);
    cr_assert_eq(late, WAITERS - 2);
}

Test(limiter, changed_limit_rejects_late_waiters)
{
    on_every_runtime(in_time_if_hourly, slow_down_and_end, all_but_one_were_too_late);
}

static void two_each(guest *guests)
{
    guests->permits = 2;
}

static void one_at_most(guest *guests)
{
    filch_limiter_set(guests->limiter, (filch_limit){.rate = 1000000, .burst = 1});
}

static void told_it_is_too_much(const guest *guests)
{
    all_were_told(guests, -EINVAL);
    filch_limiter_destroy(guests->limiter);
}

Test(limiter, smaller_burst_rejects_larger_waiters)
{
    on_every_runtime(two_each, one_at_most, told_it_is_too_much);
}

/* ---- Contention ---- */

enum { FIBERS = 64, TRIES = 300 };

typedef struct contest {
    filch_limiter *limiter;
    grant grants[FIBERS * TRIES];
    filch_u32 allowed;
} contest;

static void contend(filch_self self, void *arg, unsigned index)
{
    contest *one = arg;
    uint64_t random = stress_mix(index + 1);
    for (unsigned i = 0; i < TRIES; i++) {
        filch_reservation mine = {0};
        random = stress_mix(random + i);
        if (random % 8 == 0)
            party_gives_way(self);
        if (filch_limiter_reserve(one->limiter, 1 + random % 3, &mine))
            continue;
        if (random % 5 == 0)
            filch_limiter_give_back(&mine);
        one->grants[index * TRIES + i] = (grant){mine.at, mine.permits};
    }
}

/* Spans from the first grant on: those of every one are checked on fewer
 * (tests/unit/resilience/test_bucket.c). */
Test(limiter, contending_fibers_get_no_extra_permits)
{
    filch_limit limit = {.rate = 100000, .burst = 100};
    for (unsigned i = 0; i < CONFIGS; i++) {
        static contest one;
        memset(&one, 0, sizeof one);
        one.limiter = with(limit);
        filch_runtime *rt = config_runtime(i, 1000000);
        parties_meet(rt, FIBERS, 0, contend, &one);
        OK(filch_runtime_destroy(rt));
        qsort(one.grants, FIBERS * TRIES, sizeof one.grants[0], rates_earlier);
        cr_assert(rates_kept(limit, one.grants, 2000), "%s", config_name(i));
        cr_assert(rates_kept(limit, one.grants + FIBERS * TRIES - 2000, 2000), "%s",
                  config_name(i));
        filch_limiter_destroy(one.limiter);
    }
}

static void try_on(filch_self self, void *arg, unsigned index)
{
    contest *one = arg;
    for (unsigned i = 0; i < TRIES; i++) {
        if ((i + index) % 16 == 0)
            party_gives_way(self);
        if (!filch_limiter_allow(one->limiter, 1))
            filch_u32_add(&one->allowed, 1, FILCH_ACQ_REL);
    }
}

Test(limiter, trying_fibers_get_available_permits)
{
    filch_limit limit = {.rate = 1000000, .burst = 1000};
    for (unsigned i = 0; i < CONFIGS; i++) {
        static contest one;
        memset(&one, 0, sizeof one);
        filch_runtime *rt = config_runtime(i, 1000000);
        int64_t begun = filch_now();
        one.limiter = with(limit);
        parties_meet(rt, FIBERS, 0, try_on, &one);
        cr_assert(rates_allow(limit, filch_u32_load(&one.allowed, FILCH_ACQUIRE),
                              filch_now() - begun + 1));
        cr_assert_geq(filch_u32_load(&one.allowed, FILCH_ACQUIRE), limit.burst);
        OK(filch_runtime_destroy(rt));
        filch_limiter_destroy(one.limiter);
    }
}

/* The permits of waiters that are cancelled, one after the other. */

static const int64_t day = 24 * 3600 * FILCH_SECOND;
static const filch_limit daily = {.rate = 1, .burst = 1, .period = 24 * 3600 * FILCH_SECOND};

typedef struct queue {
    filch_limiter *limiter;
    filch_context *contexts[WAITERS];
    int codes[WAITERS];
    int64_t begun, half, moved;
    filch_u32 over;
} queue;

static unsigned inside(filch_limiter *limiter)
{
    fl_wait_queue_lock(&limiter->wait_queue);
    unsigned count = limiter->wait_queue.inside;
    fl_wait_queue_unlock(&limiter->wait_queue);
    return count;
}

static void wait_as_task_for_line(filch_self self, filch_limiter *limiter, unsigned count)
{
    while (inside(limiter) != count)
        party_gives_way(self);
}

/* The time at which one more waiter would get its permit. */
static int64_t time_of_next(filch_limiter *limiter)
{
    fl_wait_queue_lock(&limiter->wait_queue);
    fl_bucket bucket = limiter->bucket;
    fl_wait_queue_unlock(&limiter->wait_queue);
    fl_booking next;
    return fl_bucket_book(&bucket, 1, filch_now(), FILCH_FOREVER, &next) ? -1 : next.at;
}

/* The even ones first, so that there are more gaps than are remembered. */
static void cancel_all(queue *one, filch_self self)
{
    wait_as_task_for_line(self, one->limiter, WAITERS);
    for (unsigned i = 0; i < WAITERS; i += 2)
        filch_context_cancel(one->contexts[i], -EINTR);
    wait_as_task_for_line(self, one->limiter, WAITERS / 2);
    one->half = time_of_next(one->limiter);
    filch_limiter_set(one->limiter, daily);
    one->moved = time_of_next(one->limiter);
    for (unsigned i = 1; i < WAITERS; i += 2)
        filch_context_cancel(one->contexts[i], -ETIMEDOUT); /* a cause like any other */
    wait_as_task_for_line(self, one->limiter, 0);
}

/* Each comes when the one before it waits; the last party cancels them. */
static void wait_or_cancel(filch_self self, void *arg, unsigned index)
{
    queue *one = arg;
    if (index == WAITERS) {
        cancel_all(one, self);
        return;
    }
    wait_as_task_for_line(self, one->limiter, index);
    one->codes[index] = filch_limiter_acquire(one->limiter, 1, one->contexts[index], FILCH_FOREVER);
}

Test(limiter_cancel, cancelled_gaps_serve_waiters_none_remain)
{
    for (unsigned i = 0; i < CONFIGS; i++) {
        static queue one;
        one = (queue){.begun = filch_now()};
        filch_runtime *rt = config_runtime(i, 1000000);
        OK(filch_limiter_create(&one.limiter, daily));
        OK(filch_limiter_allow(one.limiter, 1));
        for (unsigned w = 0; w < WAITERS; w++)
            one.contexts[w] = child_of(NULL);
        parties_meet(rt, WAITERS - 3, 4, wait_or_cancel, &one);
        for (unsigned w = 0; w < WAITERS; w++) {
            cr_assert_eq(one.codes[w], w % 2 ? -ETIMEDOUT : -EINTR, "%u: %d", w, one.codes[w]);
            filch_context_release(one.contexts[w]);
        }
        cr_assert_geq(one.half, one.begun + day);
        cr_assert_lt(one.half, one.begun + WAITERS * day, "%s", config_name(i));
        cr_assert_geq(one.moved, one.begun + (WAITERS / 2 + 1) * day);
        cr_assert_leq(one.moved, filch_in((WAITERS / 2 + 1) * day), "the others have moved up");
        cr_assert_geq(time_of_next(one.limiter), one.begun + day);
        cr_assert_leq(time_of_next(one.limiter), filch_in(day), "%s", config_name(i));
        filch_limiter_destroy(one.limiter);
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- Used permits stay used ---- */

static void *cancel_who_waits(void *arg)
{
    queue *one = arg;
    WAIT_WHILE(!inside(one->limiter) && !filch_u32_load(&one->over, FILCH_ACQUIRE));
    filch_context_cancel(one->contexts[0], -EINTR);
    return NULL;
}

Test(limiter_cancel, waited_permit_is_not_given_again)
{
    const int64_t period = FILCH_SECOND / 4;
    queue one = {.contexts = {child_of(NULL)}};
    filch_reservation first;
    pthread_t thread;
    OK(filch_limiter_create(&one.limiter, (filch_limit){.rate = 1, .burst = 1, .period = period}));
    OK(filch_limiter_reserve(one.limiter, 1, &first));
    OK(filch_limiter_acquire(one.limiter, 1, NULL, FILCH_FOREVER));
    cr_assert_geq(filch_now(), first.at + period);
    cr_assert_eq(pthread_create(&thread, NULL, cancel_who_waits, &one), 0);
    int rc = filch_limiter_acquire(one.limiter, 1, one.contexts[0], FILCH_FOREVER);
    cr_assert(rc == -EINTR || rc == 0, "too late to be cancelled");
    cr_assert_geq(time_of_next(one.limiter), first.at + (rc ? 2 : 3) * period);
    filch_u32_add(&one.over, 1, FILCH_RELEASE);
    pthread_join(thread, NULL);
    filch_limiter_destroy(one.limiter);
    filch_context_release(one.contexts[0]);
}
