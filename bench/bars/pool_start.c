/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: from submission to start of a job. On an idle pool, by a thread that blocks until the job is
 * done, against a bare futex hand-off with the same pinning. At half load, jobs of 100 us that arrive
 * at random and wait for nobody (open loop: a Poisson process, the same arrivals for all), against a
 * pool written by hand. */
#include "latency.h"

#include "pool_sides.h"
#include "spin.h"

enum { WORKERS = 2, JOB_US = 100 };
static const double LOAD = 0.5; /* of the workers */

/* ---- On an idle pool ---- */

static int note_start(filch_self self, filch_job *job, void *note)
{
    (void)self, (void)job;
    latency_note_start(note);
    return 0;
}

static void submit(void *to, latency_note *note, bool computing)
{
    filch_job *job;
    (void)computing;
    pool_check(filch_pool_submit(&job, to, note_start, note, NULL, FILCH_FOREVER));
    pool_check(filch_job_wait(job, FILCH_FOREVER));
    filch_job_release(job);
}

static bool judge_idle(const measure_options *options)
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
    double *us; /* from submission to start; sorted */
} load;

static long job_turns;

static void do_job(arrival *a)
{
    a->started = measure_now();
    spin_turns(job_turns);
}

static int do_our_job(filch_self self, filch_job *job, void *a)
{
    (void)self, (void)job;
    do_job(a);
    return 0;
}

static void do_hand_job(void *a)
{
    do_job(a);
}

static void submit_ours(void *pool, arrival *a)
{
    pool_check(FILCH_SUBMIT(pool, do_our_job, a));
}

static void settle_ours(void *pool)
{
    pool_check(filch_pool_wait(pool, FILCH_FOREVER));
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
    double p50[MEASURE_ROUNDS], p99[MEASURE_ROUNDS], p999[MEASURE_ROUNDS]; /* us */
} load_arm;

/* Exponential gaps, by a generator with a fixed seed (xorshift64*, S. Vigna, 2016). */
static load load_of(long count)
{
    load l = {calloc((size_t)count, sizeof *l.arrivals), count,
              calloc((size_t)count, sizeof *l.us)};
    uint64_t x = 88172645463325252u;
    double mean = JOB_US * 1e-6 / (LOAD * WORKERS);
    pool_check(l.arrivals && l.us ? 0 : -1);
    for (long i = 0; i < count; i++) {
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        double uniform = (double)((x * UINT64_C(2685821657736338717)) >> 11) * 0x1p-53;
        l.arrivals[i].gap = -log(1 - uniform) * mean;
    }
    return l;
}

/* Nobody is waited for: who is late submits all that has come meanwhile. */
static void run_load(load *l, load_arm *arm, int round)
{
    double due = measure_now();
    for (long i = 0; i < l->count; i++) {
        due += l->arrivals[i].gap;
        double left = due - measure_now();
        if (left > 0)
            measure_sleep(left);
        l->arrivals[i].submitted = measure_now();
        arm->submit(arm->pool, &l->arrivals[i]);
    }
    arm->settle(arm->pool);
    for (long i = 0; i < l->count; i++)
        l->us[i] = (l->arrivals[i].started - l->arrivals[i].submitted) * 1e6;
    if (round < 0)
        return;
    arm->p50[round] = measure_quantile(l->us, (size_t)l->count, 0.5);
    arm->p99[round] = measure_quantile(l->us, (size_t)l->count, 0.99);
    arm->p999[round] = measure_quantile(l->us, (size_t)l->count, 0.999);
}

static void show_load(const load_arm *arm, int repeat)
{
    measure_spread p50 = measure_spread_of(arm->p50, repeat),
                   p99 = measure_spread_of(arm->p99, repeat),
                   p999 = measure_spread_of(arm->p999, repeat);
    printf("    half load, submit -> start, us: %-14s p50 %.1f (%.1f .. %.1f), p99 %.1f (%.1f .. "
           "%.1f), p99.9 %.1f (%.1f .. %.1f)\n",
           arm->name, p50.median, p50.least, p50.most, p99.median, p99.least, p99.most, p999.median,
           p999.least, p999.most);
}

static bool judge_quantile(const char *what, const double *ours, const double *hand, int repeat,
                           enum measure_bound bound)
{
    double at[MEASURE_ROUNDS];
    for (int i = 0; i < repeat; i++)
        at[i] = ours[i] / hand[i];
    return measure_judge(what, measure_spread_of(at, repeat), bound, 1.1);
}

static bool judge_load(const measure_options *options)
{
    static load_arm arms[] = {{.name = "filch", .submit = submit_ours, .settle = settle_ours},
                              {.name = "hand, pinned",
                               .submit = submit_hand,
                               .settle = settle_hand},
                              {.name = "hand", .submit = submit_hand, .settle = settle_hand}};
    enum { ARMS = sizeof arms / sizeof *arms };
    int cpus[2];
    jobpool *hands[2];
    filch_pool *pool = pool_with((filch_pool_config){.workers = WORKERS});
    load l = load_of(options->size * 10);
    measure_cpus(cpus);
    for (int i = 0; i < 2; i++)
        if (jobpool_create(&hands[i], WORKERS, POOL_ROOM, i == 0 ? cpus : NULL))
            child_die("hand", "no pool");
    arms[0].pool = pool;
    arms[1].pool = hands[0];
    arms[2].pool = hands[1];
    job_turns = (long)(spin_turns_per_us() * JOB_US);
    prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
    for (int round = -1; round < options->repeat; round++)
        for (int i = 0; i < ARMS; i++)
            run_load(&l, &arms[i], round);
    for (int i = 0; i < ARMS; i++)
        show_load(&arms[i], options->repeat);
    bool reached = judge_quantile("job at half load: submit -> start, p50 / by hand", arms[0].p50,
                                  arms[1].p50, options->repeat, MEASURE_AT_MOST);
    reached = judge_quantile("job at half load: submit -> start, p99 / by hand", arms[0].p99,
                             arms[1].p99, options->repeat, MEASURE_AT_MOST) &&
              reached;
    judge_quantile("job at half load: submit -> start, p99.9 / by hand", arms[0].p999, arms[1].p999,
                   options->repeat, MEASURE_REPORTED);
    for (int i = 0; i < 2; i++)
        jobpool_destroy(hands[i]);
    filch_pool_destroy(pool);
    free(l.arrivals);
    free(l.us);
    return reached;
}

int main(int argc, char **argv)
{
    measure_options options =
        measure_read_options(argc, argv, 1000,
                             "SUBMISSIONS to an idle pool, and ten times as many at half load");
    bool reached = true;
    if (measure_wanted(&options, "idle"))
        reached = judge_idle(&options) && reached;
    if (measure_wanted(&options, "load"))
        reached = judge_load(&options) && reached;
    return reached ? 0 : 1;
}
