/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Runs of attempts that share a budget, from all sides: to the last token, deposits equal
 * withdrawals plus the balance; cancels end all waits. */
#include <filch/retry.h>
#include <pthread.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { TASKS = 64, THREADS = 2, MOST = 1000000 };

typedef struct load {
    filch_retry_policy policy;
    filch_retry_budget budget;
    filch_context *context;
    uint64_t seed;
    unsigned times;
    filch_u32 members, runs, attempts, again;
} load;

static uint32_t sum(const filch_u32 *counter)
{
    return filch_u32_load(counter, FILCH_ACQUIRE);
}

static void add(filch_u32 *counter, unsigned n)
{
    filch_u32_add(counter, n, FILCH_ACQ_REL);
}

static void count_again(const filch_retry_report *report, void *arg)
{
    load *of = arg;
    add(&of->again, report->verdict == FILCH_RETRY_AGAIN);
}

static int fails_at_random(void *arg)
{
    uint64_t *random = arg;
    *random = stress_mix(*random + 1);
    stress_dawdle(*random >> 20);
    return *random % 16 == 0 ? -EIO : *random % 4 ? -EAGAIN : 0;
}

/* So often, or until the context is done. */
static bool goes_on(const load *of, unsigned done)
{
    return of->context ? !filch_context_cause(of->context) : done < of->times;
}

static void work(load *of)
{
    uint64_t random = of->seed + filch_u32_add(&of->members, 1, FILCH_ACQ_REL);
    for (unsigned i = 0; goes_on(of, i); i++) {
        unsigned attempts = 0;
        int rc = filch_retry_run(&of->policy, of->context, fails_at_random, &random, &attempts);
        cr_assert(rc == 0 || rc == -EIO || rc == -EAGAIN || rc == -ESTALE, "%d", rc);
        add(&of->attempts, attempts);
        add(&of->runs, 1);
    }
}

FILCH_VOID_TASK(all_work, (load *, of), (unsigned, tasks))
{
    if (tasks > 1) {
        FILCH_FORK(all_work, of, tasks / 2);
        all_work(self, of, tasks - tasks / 2);
        FILCH_JOIN_VOID(all_work);
    } else {
        work(of);
    }
}

static void *works_outside(void *arg)
{
    work(arg);
    return NULL;
}

/* Some time after one has begun; with few slots and fibers not all can begin before. */
static void *cancels_outside(void *arg)
{
    load *of = arg;
    WAIT_WHILE(sum(&of->members) == 0);
    filch_sleep((int64_t)(of->seed % 5000000));
    filch_context_cancel(of->context, -ESTALE);
    return NULL;
}

static void run_all(unsigned config, load *of, void *(*last)(void *))
{
    pthread_t threads[THREADS];
    filch_runtime *rt = stress_runtime(config, of->seed);
    of->policy.told = count_again;
    of->policy.arg = of;
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, i ? last : works_outside, of), 0);
    FILCH_RUN(rt, all_work, of, TASKS);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    cr_assert_eq(filch_runtime_destroy(rt), 0, "%s", stress_name(config));
}

/* A run puts in two tokens, so that there are always whole ones. */
Test(retries, a_shared_budget_is_exact)
{
    uint64_t seed = stress_seed();
    for (unsigned config = 0; config < STRESS_CONFIGS; config++) {
        load of = {.seed = stress_mix(seed + config), .times = stress_times(300)};
        of.policy = (filch_retry_policy){.attempts = FILCH_RETRY_FOR_EVER,
                                         .base = 1000,
                                         .cap = 5000,
                                         .jitter = (filch_jitter)(config % 4),
                                         .budget = &of.budget};
        OK(filch_retry_budget_init(&of.budget, 200, 0, MOST));
        while (filch_retry_budget_take(&of.budget))
            ;
        run_all(config, &of, works_outside);
        unsigned runs = (TASKS + THREADS) * of.times;
        cr_assert_eq(sum(&of.runs), runs);
        cr_assert_eq(sum(&of.attempts), runs + sum(&of.again), "each retry was granted");
        cr_assert_eq(filch_retry_budget_left(&of.budget), 2 * runs - sum(&of.again), "%s",
                     stress_name(config));
    }
}

/* Sooner or later each comes to a wait of minutes. */
Test(retries, a_cancel_ends_all_of_them)
{
    uint64_t seed = stress_seed();
    for (unsigned i = 0; i < stress_times(20) * STRESS_CONFIGS; i++) {
        load of = {.seed = stress_mix(seed - i)};
        of.policy = (filch_retry_policy){.attempts = FILCH_RETRY_FOR_EVER,
                                         .base = 1000,
                                         .factor = 1000,
                                         .cap = 3600 * FILCH_SECOND};
        of.context = child_of(NULL);
        run_all(i % STRESS_CONFIGS, &of, cancels_outside);
        cr_assert_eq(sum(&of.members), TASKS + THREADS - 1);
        cr_assert_leq(sum(&of.attempts), sum(&of.runs) + sum(&of.again));
        filch_context_release(of.context);
    }
}
