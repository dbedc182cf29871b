/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: empty jobs, submitted, run and accounted for by a pool of two workers. They come from one
 * thread outside the pool, from four, and from jobs; against a pool written by hand and oneTBB.
 * With a timeout, a handle, or both and a callback, against plain jobs of the same bounded queue.
 * And with priorities, a handle that is waited for, metrics. Each arm is a process of its own. */
#include "sides.h"

#include <filch/metrics.h>

enum { WORKERS = 2, SUBMITTERS = 4, EACH = 1000, SIDES_MOST = 7, HANDLES = 1024 };

/* ---- What is measured: seconds from the first submission until all are done ---- */

static double from_one(const jobs_side *side, void *pool, long count)
{
    double from = measure_now();
    side->burst(pool, count);
    side->wait(pool, count);
    return measure_now() - from;
}

typedef struct submitters {
    const jobs_side *side;
    void *pool;
    long share;
    pthread_barrier_t start, end;
} submitters;

static void *submit_share(void *arg)
{
    submitters *all = arg;
    pthread_barrier_wait(&all->start);
    all->side->burst(all->pool, all->share);
    pthread_barrier_wait(&all->end);
    return NULL;
}

static double from_four(const jobs_side *side, void *pool, long count)
{
    pthread_t threads[SUBMITTERS];
    submitters all = {.side = side, .pool = pool, .share = count / SUBMITTERS};
    pthread_barrier_init(&all.start, NULL, SUBMITTERS + 1);
    pthread_barrier_init(&all.end, NULL, SUBMITTERS + 1);
    for (int i = 0; i < SUBMITTERS; i++)
        if (pthread_create(&threads[i], NULL, submit_share, &all))
            child_die(side->name, "no thread");
    double from = measure_now();
    pthread_barrier_wait(&all.start);
    pthread_barrier_wait(&all.end);
    side->wait(pool, all.share * SUBMITTERS);
    double seconds = measure_now() - from;
    for (int i = 0; i < SUBMITTERS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&all.start);
    pthread_barrier_destroy(&all.end);
    return seconds;
}

static double from_jobs(const jobs_side *side, void *pool, long sowers, long each)
{
    double from = measure_now();
    side->sow(pool, sowers, each);
    side->wait(pool, sowers * (each + 1));
    return measure_now() - from;
}

static double from_workers(const jobs_side *side, void *pool, long count)
{
    return from_jobs(side, pool, count / EACH, EACH);
}

static double from_two_workers(const jobs_side *side, void *pool, long count)
{
    return from_jobs(side, pool, WORKERS, count / WORKERS);
}

/* ---- A pool with everything ---- */

typedef struct rich_pool {
    pool_ours ours;
    filch_metrics *metrics;
} rich_pool;

static void *open_rich(unsigned workers, long most, bool inside)
{
    rich_pool *rich = pool_memory(1, sizeof *rich);
    rich->ours.pool = pool_with((filch_pool_config){
        .workers = workers, .order = FILCH_PRIORITY, .capacity = POOL_ROOM, .timed = true});
    measure_check(filch_metrics_create(&rich->metrics));
    measure_check(filch_metrics_add_pool(rich->metrics, rich->ours.pool));
    return rich;
}

/* Each job's handle is waited for, with so many others under way. */
static void burst_with_handles(filch_pool *pool, long count, filch_job_options options, bool levels)
{
    filch_job *under_way[HANDLES] = {0};
    for (long i = 0; i < count + HANDLES; i++) {
        filch_job **at = &under_way[i % HANDLES];
        if (*at) {
            measure_check(filch_job_wait(*at, FILCH_FOREVER));
            filch_job_release(*at);
        }
        *at = NULL;
        if (levels)
            options.priority = (unsigned)i % FILCH_PRIORITIES;
        if (i < count)
            measure_check(filch_pool_submit(at, pool, pool_nothing, NULL, &options, FILCH_FOREVER));
    }
}

static void rich_burst(void *side, long count)
{
    burst_with_handles(((rich_pool *)side)->ours.pool, count, (filch_job_options){0}, true);
}

static const jobs_side rich_side = {
    "filch, with everything", open_rich, rich_burst, NULL, pool_wait, false};

/* ---- Kinds of jobs in a bounded queue ---- */

static void told(filch_job *job, filch_outcome outcome, const filch_failure *why, void *data)
{
}

static void burst_with_timeouts(void *side, long count)
{
    pool_ours *ours = side;
    for (long i = 0; i < count; i++)
        measure_check(
            FILCH_SUBMIT_AS(ours->pool, pool_nothing, NULL, .timeout = 3600 * FILCH_SECOND));
}

static void burst_with_a_handle(void *side, long count)
{
    burst_with_handles(((pool_ours *)side)->pool, count, (filch_job_options){0}, false);
}

static void burst_with_all(void *side, long count)
{
    burst_with_handles(((pool_ours *)side)->pool, count,
                       (filch_job_options){.timeout = 3600 * FILCH_SECOND, .done = told}, false);
}

static const jobs_side with_timeout = {"timeout", pool_open_fifo, burst_with_timeouts,
                                       NULL,      pool_wait,      false};
static const jobs_side with_handle = {"handle", pool_open_fifo, burst_with_a_handle,
                                      NULL,     pool_wait,      false};
static const jobs_side with_all = {
    "timeout, handle, done", pool_open_fifo, burst_with_all, NULL, pool_wait, false};

/* ---- Arms ---- */

enum { PEERS_FROM = 3 };
static const jobs_side *const compared[] = {
    &pool_default,     &pool_many,      &pool_fifo, &pool_hand_small, &pool_hand_large,
#ifdef JOBS_HAVE_TBB
    &jobs_tbb_enqueue, &jobs_tbb_group,
#endif
};
static const jobs_side *const alone[] = {&rich_side};
static const jobs_side *const kinds[] = {&pool_fifo, &with_timeout, &with_handle, &with_all,
                                         &pool_hand_small};

#define LIST(sides) sides, sizeof(sides) / sizeof *(sides)
typedef struct pattern {
    const char *name, *what;
    double (*run)(const jobs_side *side, void *pool, long count);
    bool inside; /* jobs submit */
    const jobs_side *const *sides;
    int count;
    double millions, times; /* a second, and of the best peer, at least; 0: reported */
} pattern;

static const pattern patterns[] = {
    {"one", "from a thread", from_one, false, LIST(compared), 12, 1.8},
    {"four", "from four threads", from_four, false, LIST(compared), 12, 1.8},
    {"workers", "from jobs, 1,000 each", from_workers, true, LIST(compared), 30, 0},
    {"halves", "from two jobs, half each", from_two_workers, true, LIST(compared), 0, 0},
    {"rich", "with everything, from a thread", from_one, false, LIST(alone), 1, 0},
    {"crowd", "with everything, from four", from_four, false, LIST(alone), 0, 0},
    {"kinds", "in a bounded queue", from_one, false, LIST(kinds), 0, 0},
};
enum { PATTERNS = sizeof patterns / sizeof *patterns };

/* As many times as long as a plain job, at most. */
static const double dearer_most = 1.5;

typedef struct jobs_arm {
    const jobs_side *side;
    const pattern *pattern;
    long count;
    child_process process;
} jobs_arm;

static void serve(child_process *c, void *context)
{
    const jobs_arm *arm = context;
    void *pool = arm->side->open(WORKERS, arm->count + arm->count / EACH + 1, arm->pattern->inside);
    while (child_ordered(c)) {
        double seconds = arm->pattern->run(arm->side, pool, arm->count);
        child_reply(c, &seconds, sizeof seconds);
    }
}

static double jobs_once(void *context)
{
    jobs_arm *arm = context;
    double seconds;
    child_order(&arm->process);
    child_await(&arm->process, &seconds, sizeof seconds);
    child_rest(&arm->process);
    return seconds;
}

/* ---- Judgement ---- */

static measure_spread millions_of(const measure_arm *arm, long count, int repeat)
{
    double at[MEASURE_ROUNDS];
    for (int i = 0; i < repeat; i++)
        at[i] = (double)count / arm->at[i] * 1e-6;
    return measure_spread_of(at, repeat);
}

static const measure_arm *best_peer(const pattern *p, const measure_arm *arms, int count,
                                    int repeat)
{
    const measure_arm *best = &arms[PEERS_FROM];
    for (int i = PEERS_FROM + 1; i < count; i++)
        if ((p->inside || !compared[i]->apart) && measure_spread_of(arms[i].at, repeat).median <
                                                      measure_spread_of(best->at, repeat).median)
            best = &arms[i];
    return best;
}

static enum measure_bound at_least(double value)
{
    return value > 0 ? MEASURE_AT_LEAST : MEASURE_REPORTED;
}

static bool judge_rate(const pattern *p, const measure_arm *arm, double millions, long count,
                       int repeat)
{
    return measure_judge(measure_text("jobs %s: %s, M/s", p->what, arm->name),
                         millions_of(arm, count, repeat), at_least(millions), millions);
}

static bool judge_peers(const pattern *p, const measure_arm *arms, int repeat)
{
    const measure_arm *best = best_peer(p, arms, p->count, repeat);
    return measure_judge_ratio(measure_text("jobs %s: %s / filch", p->what, best->name), best,
                               &arms[0], repeat, at_least(p->times), p->times);
}

static bool judge_kinds(const pattern *p, const measure_arm *arms, int repeat)
{
    bool reached = true;
    for (int i = 1; i < p->count && p->sides[i] != &pool_hand_small; i++)
        reached &= measure_judge_ratio(measure_text("jobs %s: %s / plain", p->what, arms[i].name),
                                       &arms[i], &arms[0], repeat, MEASURE_AT_MOST, dearer_most);
    return reached;
}

static bool judge(const pattern *p, const measure_arm *arms, long count, int repeat)
{
    bool reached = true;
    int best_of_ours = p->sides == compared ? 1 : 0; /* many at a time, where that is compared */
    for (int i = 0; i < p->count; i++)
        reached &= judge_rate(p, &arms[i], i == best_of_ours ? p->millions : 0, count, repeat);
    if (p->sides == compared)
        return judge_peers(p, arms, repeat) && reached;
    return p->sides == kinds ? judge_kinds(p, arms, repeat) && reached : reached;
}

static bool run_pattern(const pattern *p, long jobs_count, int repeat)
{
    static measure_arm arms[SIDES_MOST];
    static jobs_arm jobs[SIDES_MOST];
    for (int i = 0; i < p->count; i++) {
        const jobs_side *side = p->sides[i];
        jobs[i] = (jobs_arm){.side = side, .pattern = p, .count = jobs_count};
        arms[i] = (measure_arm){.name = side->name, .once = jobs_once, .context = &jobs[i]};
        child_start(&jobs[i].process, side->name, serve, &jobs[i]);
    }
    measure_interleaved(arms, p->count, repeat);
    for (int i = 0; i < p->count; i++)
        child_stop(&jobs[i].process);
    return judge(p, arms, jobs_count, repeat);
}

bool jobs_judge(const bar *unused, const measure_options *options)
{
    const long turn = SUBMITTERS * EACH, count = (options->size + turn - 1) / turn * turn;
    bool reached = true;
    for (int i = 0; i < PATTERNS; i++)
        if (measure_wanted(options, patterns[i].name))
            reached &= run_pattern(&patterns[i], count, options->repeat);
    return reached;
}
