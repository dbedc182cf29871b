/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Breakers that many tasks and threads call, trip and reset at once: every call is accounted for,
 * there are never more probes than allowed, and the reported changes form a chain. */
#include <filch/breaker.h>
#include <pthread.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { TASKS = 64, THREADS = 2, PROBES = 3 };

/* State that all members of a run share. */
typedef struct load {
    filch_breaker *breaker;
    uint64_t seed;
    filch_u32 members, allowed, refused, reported, neither, late;
    filch_u32 under_way, most_under_way;
    filch_breaker_change last; /* that was told */
    unsigned told, gaps;
    filch_u32 telling;
} load;

static void count(filch_u32 *counter)
{
    filch_u32_add(counter, 1, FILCH_ACQ_REL);
}

static uint32_t sum(const filch_u32 *counter)
{
    return filch_u32_load(counter, FILCH_ACQUIRE);
}

/* ---- Members ---- */

typedef void member_fn(load *of, uint64_t random);

typedef struct assignment {
    filch_runtime *rt;
    load *of;
    member_fn *fn;
    unsigned times;
} assignment;

static void work(const assignment *one)
{
    uint64_t random = one->of->seed + filch_u32_add(&one->of->members, 1, FILCH_ACQ_REL);
    for (unsigned i = 0; i < one->times; i++) {
        random = stress_mix(random + i);
        one->fn(one->of, random);
        stress_dawdle(random >> 20);
    }
}

FILCH_VOID_TASK(all_work, (const assignment *, one), (unsigned, tasks))
{
    if (tasks > 1) {
        FILCH_FORK(all_work, one, tasks / 2);
        all_work(self, one, tasks - tasks / 2);
        FILCH_JOIN_VOID(all_work);
    } else {
        work(one);
    }
}

static void *works_outside(void *arg)
{
    work(arg);
    return NULL;
}

static void run_all(unsigned config, load *of, member_fn *fn, unsigned times)
{
    pthread_t threads[THREADS];
    filch_runtime *rt = stress_runtime(config, of->seed);
    assignment one = {rt, of, fn, stress_times(times)};
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, works_outside, &one), 0);
    FILCH_RUN(rt, all_work, &one, TASKS);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    cr_assert_eq(filch_runtime_destroy(rt), 0, "%s", stress_name(config));
}

/* ---- Everything at once ---- */

static void tell(filch_breaker *breaker, const filch_breaker_change *change, void *arg)
{
    load *of = arg;
    cr_assert_eq(breaker, of->breaker);
    cr_assert_eq(filch_u32_add(&of->telling, 1, FILCH_ACQ_REL), 0, "one at a time");
    cr_assert_eq(change->from, of->last.to);
    cr_assert_gt(change->number, of->last.number);
    cr_assert_geq(change->when, of->last.when);
    of->gaps += change->number != of->last.number + 1;
    of->last = *change;
    of->told++;
    if (change->number % 64 == 0)
        filch_sleep(FILCH_MICROSECOND);
    filch_u32_add(&of->telling, (uint32_t)-1, FILCH_ACQ_REL);
}

static void report(load *of, filch_breaker_ticket *ticket, filch_breaker_verdict verdict)
{
    int rc = filch_breaker_report(of->breaker, ticket, verdict);
    cr_assert(rc == 0 || rc == -ESTALE, "%d", rc);
    count(rc ? &of->late : verdict == FILCH_BREAKER_NEITHER ? &of->neither : &of->reported);
}

static void anything(load *of, uint64_t random)
{
    filch_breaker_ticket ticket;
    if (random % 512 == 0)
        filch_breaker_trip(of->breaker, filch_in((int64_t)(random >> 32) % 20000));
    else if (random % 512 == 1)
        filch_breaker_reset(of->breaker);
    else if (filch_breaker_allow(of->breaker, &ticket))
        count(&of->refused);
    else {
        count(&of->allowed);
        if (random % 64 == 2)
            filch_sleep(FILCH_MICROSECOND);
        report(of, &ticket, (filch_breaker_verdict)(random >> 8 & 3 ? 1 : (random >> 10) % 3));
    }
}

static void balances(const load *of, const char *name)
{
    filch_breaker_stats stats;
    filch_breaker_stats_read(of->breaker, &stats, sizeof stats);
    cr_assert_eq(stats.passed, sum(&of->allowed), "%s", name);
    cr_assert_eq(stats.refused, sum(&of->refused), "%s", name);
    cr_assert_eq(stats.succeeded + stats.failed, sum(&of->reported), "%s", name);
    cr_assert_eq(stats.neither, sum(&of->neither), "%s", name);
    cr_assert_eq(stats.late, sum(&of->late), "%s", name);
    cr_assert_eq(stats.passed, stats.succeeded + stats.failed + stats.neither + stats.late);
    cr_assert_eq(stats.probes, 0, "%s", name);
    cr_assert_eq(stats.state, of->last.to, "the last change is told: %s", name);
}

Test(breakers, calls_are_counted_changes_are_ordered)
{
    uint64_t seed = stress_seed();
    for (unsigned config = 0; config < STRESS_CONFIGS; config++) {
        load of = {.seed = stress_mix(seed + config)};
        filch_breaker_config settings = {.window_time = config % 2 ? FILCH_MILLISECOND : 0,
                                         .failure_percent = 40,
                                         .consecutive = 6,
                                         .open_time = 10 * FILCH_MICROSECOND,
                                         .open_growth = 2,
                                         .open_most = 100 * FILCH_MICROSECOND,
                                         .probes = PROBES,
                                         .successes = 5,
                                         .half_open_time = FILCH_MILLISECOND,
                                         .changed = tell,
                                         .arg = &of};
        OK(filch_breaker_create(&of.breaker, &settings));
        run_all(config, &of, anything, 2000);
        balances(&of, stress_name(config));
        cr_assert_gt(of.told, 0);
        cr_assert(of.gaps || of.told == of.last.number);
        filch_breaker_destroy(of.breaker);
    }
}

/* ---- Probes ---- */

/* Half-open for good, so that all that pass are probes. */
static void probe(load *of, uint64_t random)
{
    filch_breaker_ticket ticket;
    if (filch_breaker_allow(of->breaker, &ticket))
        return;
    uint32_t here = filch_u32_add(&of->under_way, 1, FILCH_ACQ_REL) + 1;
    cr_assert_leq(here, PROBES);
    count(&of->allowed);
    if (random % 16 == 0)
        filch_sleep(FILCH_MICROSECOND);
    filch_u32_add(&of->under_way, (uint32_t)-1, FILCH_ACQ_REL);
    report(of, &ticket, random % 64 ? FILCH_BREAKER_NEITHER : FILCH_BREAKER_SUCCESS);
}

Test(breakers, probes_never_exceed_their_limit)
{
    uint64_t seed = stress_seed();
    for (unsigned config = 0; config < STRESS_CONFIGS; config++) {
        load of = {.seed = stress_mix(seed - config)};
        filch_breaker_config settings = {.probes = PROBES, .successes = 1000000};
        OK(filch_breaker_create(&of.breaker, &settings));
        OK(filch_breaker_trip(of.breaker, 0));
        run_all(config, &of, probe, 2000);
        filch_breaker_stats stats;
        filch_breaker_stats_read(of.breaker, &stats, sizeof stats);
        cr_assert_eq(stats.state, FILCH_BREAKER_HALF_OPEN);
        cr_assert_eq(stats.probes, 0);
        cr_assert_eq(stats.late, 0);
        cr_assert_eq(stats.passed, sum(&of.allowed));
        filch_breaker_destroy(of.breaker);
    }
}

/* ---- Panics ---- */

static int does_as_told(void *arg)
{
    uint64_t random = *(uint64_t *)arg;
    if (random % 32 == 0)
        filch_sleep(FILCH_MICROSECOND);
    if (random % 4 == 1)
        FILCH_PANIC(-EDOM, "the callee gives up");
    return random % 4 ? 0 : -EIO;
}

static void tell_and_panic(filch_breaker *breaker, const filch_breaker_change *change, void *arg)
{
    tell(breaker, change, arg);
    if (change->number % 3 == 0)
        FILCH_PANIC(-ENOTSUP, "a member that is told gives up");
}

typedef struct attempt {
    load *of;
    uint64_t random;
} attempt;

static void call_one(filch_self self, void *arg)
{
    attempt *one = arg;
    int rc = filch_breaker_call(one->of->breaker, does_as_told, &one->random);
    cr_assert(rc == 0 || rc == -EIO || rc == -EHOSTDOWN, "%d", rc);
}

FILCH_VOID_TASK(calls_and_panics, (load *, of), (unsigned, tasks))
{
    if (tasks > 1) {
        FILCH_FORK(calls_and_panics, of, tasks / 2);
        calls_and_panics(self, of, tasks - tasks / 2);
        FILCH_JOIN_VOID(calls_and_panics);
        return;
    }
    attempt one = {of, of->seed + filch_u32_add(&of->members, 1, FILCH_ACQ_REL)};
    for (unsigned i = stress_times(300); i; i--) {
        one.random = stress_mix(one.random + i);
        int rc = filch_try(self, call_one, &one, NULL);
        cr_assert(rc == 0 || rc == -EDOM || rc == -ENOTSUP, "%d", rc);
    }
}

Test(breakers, panicking_callees_leave_nothing_behind)
{
    uint64_t seed = stress_seed();
    for (unsigned config = 0; config < STRESS_CONFIGS; config++) {
        load of = {.seed = stress_mix(seed * 3 + config)};
        filch_breaker_config settings = {.failure_percent = 50,
                                         .min_calls = 5,
                                         .open_time = 10 * FILCH_MICROSECOND,
                                         .probes = PROBES,
                                         .successes = 2,
                                         .changed = tell_and_panic,
                                         .arg = &of};
        OK(filch_breaker_create(&of.breaker, &settings));
        filch_runtime *rt = stress_runtime(config, seed);
        FILCH_RUN(rt, calls_and_panics, &of, TASKS);
        OK(filch_runtime_destroy(rt));
        filch_breaker_stats stats;
        filch_breaker_stats_read(of.breaker, &stats, sizeof stats);
        cr_assert_eq(stats.passed, stats.succeeded + stats.failed + stats.neither + stats.late);
        cr_assert_eq(stats.passed + stats.refused, TASKS * stress_times(300));
        cr_assert_eq(stats.probes, 0);
        cr_assert_eq(stats.state, of.last.to, "%s", stress_name(config));
        filch_breaker_destroy(of.breaker);
    }
}
