/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: empty jobs, submitted, run and accounted for by a pool of two workers: from one thread that is
 * none of its workers, from four, and from jobs; against a pool written by hand and oneTBB. And with
 * all that a job can have: a bounded queue, priorities, a handle that is waited for, metrics. Each arm
 * is a process of its own. */
#include "pool_sides.h"

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
    (void)most, (void)inside;
    rich_pool *rich = pool_memory(1, sizeof *rich);
    rich->ours.pool = pool_with((filch_pool_config){
        .workers = workers, .order = FILCH_PRIORITY, .capacity = POOL_ROOM, .timed = true});
    pool_check(filch_metrics_create(&rich->metrics));
    pool_check(filch_metrics_add_pool(rich->metrics, rich->ours.pool));
    return rich;
}

/* Each job's handle is waited for, with so many others under way. */
static void rich_burst(void *side, long count)
{
    rich_pool *rich = side;
    filch_job *under_way[HANDLES] = {0};
    for (long i = 0; i < count + HANDLES; i++) {
        filch_job **at = &under_way[i % HANDLES];
        if (*at) {
            pool_check(filch_job_wait(*at, FILCH_FOREVER));
            filch_job_release(*at);
        }
        *at = NULL;
        if (i < count)
            pool_check(
                filch_pool_submit(at, rich->ours.pool, pool_nothing, NULL,
                                  &(filch_job_options){.priority = (unsigned)i % FILCH_PRIORITIES},
                                  FILCH_FOREVER));
    }
}

static const jobs_side rich_side = {
    "filch, with everything", open_rich, rich_burst, NULL, pool_wait, false};

/* ---- Arms ---- */

typedef struct pattern {
    const char *name, *what;
    double (*run)(const jobs_side *side, void *pool, long count);
    bool inside;            /* jobs submit */
    bool alone;             /* only the pool with everything */
    double millions, times; /* a second, and of the best peer, at least; 0: reported */
} pattern;

static const pattern patterns[] = {
    {"one", "from a thread", from_one, false, false, 12, 1.8},
    {"four", "from four threads", from_four, false, false, 12, 1.8},
    {"workers", "from jobs, 1,000 each", from_workers, true, false, 30, 0},
    {"halves", "from two jobs, half each", from_two_workers, true, false, 0, 0},
    {"rich", "with everything, from a thread", from_one, false, true, 1, 0},
    {"crowd", "with everything, from four", from_four, false, true, 0, 0},
};
enum { PATTERNS = sizeof patterns / sizeof *patterns, PEERS_FROM = 3 };

static const jobs_side *const compared[] = {
    &pool_default,     &pool_many,      &pool_fifo, &pool_hand_small, &pool_hand_large,
#ifdef JOBS_HAVE_TBB
    &jobs_tbb_enqueue, &jobs_tbb_group,
#endif
};
static const jobs_side *const alone[] = {&rich_side};

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

static bool judge(const pattern *p, const measure_arm *arms, int sides, long count, int repeat)
{
    char what[96];
    bool reached = true;
    int best_of_ours = sides > PEERS_FROM ? 1 : 0; /* many at a time, where that is compared */
    for (int i = 0; i < sides; i++) {
        double millions = i == best_of_ours ? p->millions : 0;
        snprintf(what, sizeof what, "jobs %s: %s, M/s", p->what, arms[i].name);
        reached = measure_judge(what, millions_of(&arms[i], count, repeat), at_least(millions),
                                millions) &&
                  reached;
    }
    if (sides <= PEERS_FROM)
        return reached;
    const measure_arm *best = best_peer(p, arms, sides, repeat);
    snprintf(what, sizeof what, "jobs %s: %s / filch", p->what, best->name);
    return measure_judge(what, measure_ratio(best, &arms[0], 1, repeat), at_least(p->times),
                         p->times) &&
           reached;
}

static bool run_pattern(const pattern *p, const measure_options *options)
{
    static measure_arm arms[SIDES_MOST];
    static jobs_arm jobs[SIDES_MOST];
    const jobs_side *const *sides = p->alone ? alone : compared;
    int count = (int)(p->alone ? sizeof alone / sizeof *alone : sizeof compared / sizeof *compared);
    for (int i = 0; i < count; i++) {
        jobs[i] = (jobs_arm){.side = sides[i], .pattern = p, .count = options->size};
        arms[i] = (measure_arm){.name = sides[i]->name, .once = jobs_once, .context = &jobs[i]};
        child_start(&jobs[i].process, sides[i]->name, serve, &jobs[i]);
    }
    measure_interleaved(arms, count, options->repeat);
    for (int i = 0; i < count; i++)
        child_stop(&jobs[i].process);
    return judge(p, arms, count, options->size, options->repeat);
}

int main(int argc, char **argv)
{
    measure_options options = measure_read_options(argc, argv, 1000000, "JOBS of a round, >= 4000");
    bool reached = true;
    options.size = (options.size + SUBMITTERS * EACH - 1) / (SUBMITTERS * EACH) * SUBMITTERS * EACH;
    for (int i = 0; i < PATTERNS; i++)
        if (measure_wanted(&options, patterns[i].name))
            reached = run_pattern(&patterns[i], &options) && reached;
    return reached ? 0 : 1;
}
