/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: from submission to start of a job. On an idle pool, by a thread that blocks until the job
 * is done, against a bare futex hand-off with the same pinning. At half load, jobs of 100 us that
 * arrive at random times (open loop: a Poisson process, the same arrivals for all), against a pool
 * written by hand. */
#include "sides.h"

#include "../latency.h"
#include "../spin.h"

enum { WORKERS = 2, JOB_US = 100, SLICES = 10, ARMS = 3, QUANTILES = 3 };
static const double LOAD = 0.5; /* of the workers */

/* ---- On an idle pool ---- */

static int note_start(filch_self self, filch_job *job, void *note)
{
    latency_note_start(note);
    return 0;
}

static void submit(void *to, latency_note *note, bool computing)
{
    filch_job *job;
    measure_check(filch_pool_submit(&job, to, note_start, note, NULL, FILCH_FOREVER));
    measure_check(filch_job_wait(job, FILCH_FOREVER));
    filch_job_release(job);
}

bool start_idle(const bar *unused, const measure_options *options)
{
    static const latency_bound bounds[] = {{"p50", 0.5, 1.5}, {"p99", 0.99, 1.5}};
    static latency_lab lab;
    cpu_set_t all;
    filch_pool *pool = pool_with((filch_pool_config){.workers = WORKERS});
    lab.submit = submit;
    lab.to = pool;
    sched_getaffinity(0, sizeof all, &all);
    latency_open(&lab);
    bool reached =
        latency_judge(&lab, "job: submit -> start", false, (size_t)options->size, bounds);
    latency_close(&lab);
    sched_setaffinity(0, sizeof all, &all);
    filch_pool_destroy(pool);
    return reached;
}

/* ---- At half load ---- */

typedef struct arrival {
    double gap; /* seconds after the one before */
    double submitted, started;
} arrival;

typedef struct load {
    arrival *arrivals;
    long count;
} load;

static long job_turns;

static void do_job(arrival *a)
{
    a->started = measure_now();
    spin_turns(job_turns);
}

static int do_our_job(filch_self self, filch_job *job, void *a)
{
    do_job(a);
    return 0;
}

static void do_hand_job(void *a)
{
    do_job(a);
}

static void submit_ours(void *pool, arrival *a)
{
    measure_check(FILCH_SUBMIT(pool, do_our_job, a));
}

static void settle_ours(void *pool)
{
    measure_check(filch_pool_wait(pool, FILCH_FOREVER));
}

static void submit_hand(void *pool, arrival *a)
{
    jobpool_submit(pool, do_hand_job, a);
}

static void settle_hand(void *pool)
{
    jobpool_wait(pool);
}

typedef struct load_arm {
    const char *name;
    void (*submit)(void *pool, arrival *a);
    void (*settle)(void *pool);
    void *pool;
    double *us; /* from submission to start, of a round; sorted */
    double at[QUANTILES][MEASURE_ROUNDS];
} load_arm;

static const struct {
    const char *name;
    double q;
    enum measure_bound bound;
} quantiles[QUANTILES] = {{"p50", 0.5, MEASURE_AT_MOST},
                          {"p99", 0.99, MEASURE_AT_MOST},
                          {"p99.9", 0.999, MEASURE_REPORTED}};

/* Exponential gaps, by a generator with a fixed seed (xorshift64*, S. Vigna, 2016). */
static load load_of(long count)
{
    load l = {pool_memory((size_t)count, sizeof *l.arrivals), count};
    uint64_t x = 88172645463325252u;
    double mean = JOB_US * 1e-6 / (LOAD * WORKERS);
    for (long i = 0; i < count; i++) {
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        double uniform = (double)((x * UINT64_C(2685821657736338717)) >> 11) * 0x1p-53;
        l.arrivals[i].gap = -log(1 - uniform) * mean;
    }
    return l;
}

/* Open loop: a late submitter submits all jobs that have arrived meanwhile. */
static void run_slice(load *l, load_arm *arm, long first, long end)
{
    double due = measure_now();
    for (long i = first; i < end; i++) {
        arrival *a = &l->arrivals[i];
        due += a->gap;
        double left = due - measure_now();
        if (left > 0)
            measure_sleep(left);
        a->submitted = measure_now();
        arm->submit(arm->pool, a);
    }
    arm->settle(arm->pool);
    for (long i = first; i < end; i++)
        arm->us[i] = (l->arrivals[i].started - l->arrivals[i].submitted) * 1e6;
}

/* The arms take turns in slices, so that what else the machine does meets them all. */
static void run_round(load *l, load_arm *arms, int round)
{
    for (int slice = 0; slice < SLICES; slice++)
        for (int i = 0; i < ARMS; i++)
            run_slice(l, &arms[i], l->count * slice / SLICES, l->count * (slice + 1) / SLICES);
    for (int i = 0; i < ARMS && round >= 0; i++)
        for (int k = 0; k < QUANTILES; k++)
            arms[i].at[k][round] = measure_quantile(arms[i].us, (size_t)l->count, quantiles[k].q);
}

/* The first arm against the second. */
static bool judge_quantiles(const load_arm *arms, int repeat)
{
    bool reached = true;
    for (int k = 0; k < QUANTILES; k++) {
        double ratios[MEASURE_ROUNDS];
        for (int i = 0; i < ARMS; i++) {
            measure_spread s = measure_spread_of(arms[i].at[k], repeat);
            printf("    job at half load: submit -> start, %-5s %-12s %8.1f us (%.1f .. %.1f)\n",
                   quantiles[k].name, arms[i].name, s.median, s.least, s.most);
        }
        for (int i = 0; i < repeat; i++)
            ratios[i] = arms[0].at[k][i] / arms[1].at[k][i];
        reached &= measure_judge(measure_text("job at half load: submit -> start, %s / by hand",
                                              quantiles[k].name),
                                 measure_spread_of(ratios, repeat), quantiles[k].bound, 1.1);
    }
    return reached;
}

bool start_load(const bar *unused, const measure_options *options)
{
    static load_arm arms[ARMS] = {{.name = "filch", .submit = submit_ours, .settle = settle_ours},
                                  {.name = "hand, pinned",
                                   .submit = submit_hand,
                                   .settle = settle_hand},
                                  {.name = "hand", .submit = submit_hand, .settle = settle_hand}};
    int cpus[2];
    load l = load_of(options->size * 10);
    measure_cpus(cpus);
    arms[0].pool = pool_with((filch_pool_config){.workers = WORKERS});
    arms[1].pool = pool_by_hand(WORKERS, POOL_ROOM, cpus);
    arms[2].pool = pool_by_hand(WORKERS, POOL_ROOM, NULL);
    for (int i = 0; i < ARMS; i++)
        arms[i].us = pool_memory((size_t)l.count, sizeof *arms[i].us);
    job_turns = (long)(spin_turns_per_us() * JOB_US);
    prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
    for (int round = -1; round < options->repeat; round++)
        run_round(&l, arms, round);
    bool reached = judge_quantiles(arms, options->repeat);
    filch_pool_destroy(arms[0].pool);
    jobpool_destroy(arms[1].pool);
    jobpool_destroy(arms[2].pool);
    for (int i = 0; i < ARMS; i++)
        free(arms[i].us);
    free(l.arrivals);
    return reached;
}
