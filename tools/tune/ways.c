/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * With and without a pool: the same jobs, submitted as fast as can be, each to a thread of its own,
 * each as a detached task, or all to a pool. */
#include "tune.h"

#include <filch/pool.h>
#include <filch/sync.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <tools/shared/clock.h>

enum { LOOKS = 32 }; /* at the number of threads, while jobs are submitted */

/* One way to run so many jobs, and what is kept while they run. */
typedef struct crowd {
    const tune_load *load;
    unsigned jobs, most_threads, cores;
    unsigned width, capacity; /* the pool's */
    filch_waitgroup left;
    filch_semaphore threads;
    way_sample sample;
} crowd;

static double threads_now(void)
{
    char line[256];
    double threads = 0;
    FILE *in = fopen("/proc/self/status", "r");
    while (in && fgets(line, sizeof line, in))
        if (sscanf(line, "Threads: %lf", &threads) == 1)
            break;
    if (in)
        fclose(in);
    return threads;
}

/* After the i-th job was submitted. */
static void look(crowd *c, unsigned i)
{
    if ((i + 1) % (c->jobs / LOOKS + 1) && i + 1 < c->jobs)
        return;
    double threads = threads_now();
    if (threads > c->sample.threads)
        c->sample.threads = threads;
}

static void *in_thread(void *crowd_)
{
    crowd *c = crowd_;
    load_run(c->load);
    filch_semaphore_give_back(&c->threads, 1);
    filch_waitgroup_done(&c->left);
    return NULL;
}

static int run_threads(crowd *c)
{
    pthread_attr_t detached;
    int rc = filch_semaphore_init(&c->threads, c->most_threads);
    if (rc)
        return rc;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    for (unsigned i = 0; i < c->jobs; i++) {
        pthread_t thread;
        if (filch_semaphore_try_acquire(&c->threads, 1)) {
            c->sample.held_back++;
            filch_semaphore_acquire(&c->threads, 1);
        }
        filch_waitgroup_add(&c->left, 1);
        if (pthread_create(&thread, &detached, in_thread, c)) {
            c->sample.failures++;
            filch_waitgroup_done(&c->left);
            filch_semaphore_give_back(&c->threads, 1);
        }
        look(c, i);
    }
    filch_waitgroup_wait(&c->left);
    return 0;
}

static void in_task(filch_self self, void *crowd_)
{
    (void)self;
    crowd *c = crowd_;
    load_run(c->load);
    filch_waitgroup_done(&c->left);
}

static int run_tasks(crowd *c)
{
    filch_runtime *rt;
    int rc = filch_runtime_create(&rt, &(filch_config){.workers = c->cores});
    if (rc)
        return rc;
    for (unsigned i = 0; i < c->jobs; i++) {
        filch_waitgroup_add(&c->left, 1);
        if (filch_go(rt, in_task, c)) {
            c->sample.failures++;
            filch_waitgroup_done(&c->left);
        }
        look(c, i);
    }
    filch_waitgroup_wait(&c->left);
    return 0; /* the runtime goes with the process: its end is no part of the time */
}

static int in_job(filch_self self, filch_job *job, void *crowd_)
{
    (void)self, (void)job;
    const crowd *c = crowd_;
    load_run(c->load);
    return 0;
}

static int run_pool(crowd *c)
{
    filch_pool *pool;
    int rc =
        filch_pool_create(&pool,
                          &(filch_pool_config){.name = "tune",
                                               .workers = c->cores < c->width ? c->cores : c->width,
                                               .width = c->width,
                                               .capacity = c->capacity});
    if (rc)
        return rc;
    for (unsigned i = 0; i < c->jobs; i++) {
        if (FILCH_SUBMIT(pool, in_job, c))
            c->sample.failures++;
        look(c, i);
    }
    return filch_pool_wait(pool, FILCH_FOREVER);
}

static const struct {
    const char *name, *what;
    int (*run)(crowd *c);
} ways[WAYS] = {
    [WAY_THREADS] = {"threads", "a POSIX thread for each job", run_threads},
    [WAY_TASKS] = {"tasks", "a detached task for each job (filch_go)", run_tasks},
    [WAY_POOL] = {"pool", "a pool whose submitters wait for room", run_pool},
};

typedef struct way_order {
    size_t way;
    crowd crowd;
} way_order;

static void measure_way(const void *order, void *result, char *error)
{
    const way_order *o = order;
    crowd c = o->crowd;
    struct rusage usage;
    double start = seconds_of(CLOCK_MONOTONIC);
    int rc = ways[o->way].run(&c);
    c.sample.seconds = seconds_of(CLOCK_MONOTONIC) - start;
    if (rc)
        snprintf(error, APART_ERROR, "%s", *filch_error() ? filch_error() : strerror(-rc));
    getrusage(RUSAGE_SELF, &usage);
    c.sample.peak_mib = (double)usage.ru_maxrss / 1024;
    memcpy(result, &c.sample, sizeof c.sample);
}

static void measure(tune_report *r, size_t cell, int round)
{
    (void)round;
    const tune_options *o = r->options;
    way_cell *c = &r->ways.cells[cell];
    way_order order = {.way = cell,
                       .crowd = {.load = &o->load,
                                 .jobs = r->ways.jobs,
                                 .most_threads = o->threads,
                                 .cores = o->cores,
                                 .width = r->ways.width,
                                 .capacity = r->ways.capacity}};
    if (apart_run(measure_way, &order, &c->samples[c->count], sizeof c->samples[0], &c->facts))
        c->count++;
}

static apart_facts *facts_of(tune_report *r, size_t cell)
{
    return &r->ways.cells[cell].facts;
}

static void summarize(way_cell *c)
{
    double seconds[TUNE_REPEATS], peaks[TUNE_REPEATS];
    for (int i = 0; i < c->count; i++) {
        const way_sample *s = &c->samples[i];
        seconds[i] = s->seconds;
        peaks[i] = s->peak_mib;
        c->threads = s->threads > c->threads ? s->threads : c->threads;
        c->failures = s->failures > c->failures ? s->failures : c->failures;
        c->held_back = s->held_back > c->held_back ? s->held_back : c->held_back;
    }
    if (c->count) {
        c->seconds = spread_of(seconds, (size_t)c->count);
        c->peak_mib = spread_of(peaks, (size_t)c->count);
    }
}

void tune_measure_ways(tune_report *r)
{
    ways_report *w = &r->ways;
    w->jobs = r->options->jobs;
    w->width = tune_width(r, TUNE_DEFAULT_WIDTH);
    w->capacity = 2 * w->width > 64 ? 2 * w->width : 64;
    for (size_t i = 0; i < WAYS; i++)
        w->cells[i] = (way_cell){.name = ways[i].name, .what = ways[i].what};
    tune_rounds(r, TUNE_POOL, WAYS, facts_of, measure);
    for (size_t i = 0; i < WAYS; i++)
        summarize(&w->cells[i]);
}
