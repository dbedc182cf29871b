/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * How wide: the same load on pools of rising width. A sample is a batch: of its jobs, the serial
 * share is done one by one by who submits, while nobody else works; then the others come, all at
 * once. So the load is one that Amdahl's law describes, and how long a batch is does not matter. */
#include "tune.h"

#include <errno.h>
#include <filch/pool.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <tools/shared/clock.h>

#define SAMPLE_SECONDS 0.12
#define SAMPLE_SECONDS_QUICK 0.04

/* The smallest width that gives all but so much of the best throughput is recommended. */
#define SLACK 0.05

typedef struct batch {
    const tune_load *load;
    unsigned width, threads;
    unsigned alone, together; /* jobs */
} batch;

typedef struct sample_job {
    const tune_load *load;
    int64_t waited; /* ns */
} sample_job;

static int one_job(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    sample_job *mine = data;
    mine->waited = load_run(mine->load);
    return 0;
}

/* Adds to *waited, in seconds. */
static int submit_all(filch_pool *pool, const tune_load *load, unsigned jobs, double *waited)
{
    int rc = 0;
    sample_job *all = calloc(jobs, sizeof *all);
    if (!all)
        return -ENOMEM;
    for (unsigned i = 0; i < jobs && !rc; i++) {
        all[i].load = load;
        rc = FILCH_SUBMIT(pool, one_job, &all[i]);
    }
    int waited_for = filch_pool_wait(pool, FILCH_FOREVER);
    for (unsigned i = 0; i < jobs; i++)
        *waited += (double)all[i].waited * 1e-9;
    free(all);
    return rc ? rc : waited_for;
}

static int run_batch(const batch *b, filch_pool *pool, width_sample *out)
{
    double waited = 0;
    int rc = submit_all(pool, b->load, b->width, &waited); /* warms up: fibers, caches */
    if (rc)
        return rc;
    double start = seconds_of(CLOCK_MONOTONIC);
    for (unsigned i = 0; i < b->alone; i++)
        load_run(b->load);
    double cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    waited = 0;
    rc = submit_all(pool, b->load, b->together, &waited);
    *out = (width_sample){.jobs = b->alone + b->together,
                          .seconds = seconds_of(CLOCK_MONOTONIC) - start,
                          .cpu_seconds = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu,
                          .waited = waited};
    return rc;
}

static void measure_batch(const void *order, void *result, char *error)
{
    const batch *b = order;
    filch_pool *pool;
    filch_pool_stats stats;
    int rc = filch_pool_create(&pool, &(filch_pool_config){.width = b->width,
                                                           .workers = b->threads,
                                                           .name = "tune"});
    if (!rc && !(rc = run_batch(b, pool, result))) {
        filch_pool_stats_read(pool, &stats, sizeof stats);
        if (stats.outcomes[FILCH_SUCCEEDED] != b->width + b->together)
            snprintf(error, APART_ERROR, "%llu of %u jobs succeeded",
                     (unsigned long long)stats.outcomes[FILCH_SUCCEEDED], b->width + b->together);
        rc = filch_pool_destroy(pool);
    }
    if (rc)
        snprintf(error, APART_ERROR, "%s", *filch_error() ? filch_error() : strerror(-rc));
}

/* As many jobs as fill a sample, by the load's figures; at least two for each place. */
static batch plan_batch(const tune_options *o, const width_cell *c)
{
    const tune_load *load = &o->load;
    double at_once = fmin(c->width, width_that_fills(o->cores, load_busy(load), TUNE_MOST_WIDTH));
    double jobs = (o->quick ? SAMPLE_SECONDS_QUICK : SAMPLE_SECONDS) * at_once / load_seconds(load);
    double waves = fmin(fmax(round(jobs / c->width), 2), ceil((double)TUNE_MOST_JOBS / c->width));
    unsigned together = (unsigned)waves * c->width;
    double alone = together * load->serial / (1 - load->serial);
    return (batch){load, c->width, c->threads, (unsigned)round(alone), together};
}

static void measure(tune_report *r, size_t cell, unsigned round)
{
    (void)round;
    width_cell *c = &r->width.cells[cell];
    batch b = plan_batch(r->options, c);
    if (apart_run(measure_batch, &b, &c->samples[c->count], sizeof c->samples[0], &c->facts))
        c->count++;
}

static apart_facts *facts_of(tune_report *r, size_t cell)
{
    return &r->width.cells[cell].facts;
}

static void summarize(width_cell *c, const width_cell *one)
{
    double throughput[TUNE_REPEATS], first[TUNE_REPEATS];
    for (unsigned i = 0; i < c->count; i++)
        throughput[i] = c->samples[i].jobs / c->samples[i].seconds;
    for (unsigned i = 0; i < one->count; i++)
        first[i] = one->samples[i].jobs / one->samples[i].seconds;
    unsigned pairs = c->count < one->count ? c->count : one->count;
    if (c->count)
        c->throughput = spread_of(throughput, c->count);
    if (pairs)
        c->speed_up = spread_of_ratio(throughput, first, pairs);
}

/* At width 1, one thread computes; the submitting thread hardly does. Time for which the job was kept
 * from computing by others counts for neither. */
static double busy_of(const width_cell *one)
{
    double busy[TUNE_REPEATS];
    for (unsigned i = 0; i < one->count; i++)
        busy[i] =
            one->samples[i].cpu_seconds / (one->samples[i].cpu_seconds + one->samples[i].waited);
    return one->count ? fmin(spread_of(busy, one->count).median, 1) : 0;
}

static void judge(width_report *w, unsigned cores)
{
    double n[TUNE_LIST], gains[TUNE_LIST], throughputs[TUNE_LIST];
    size_t measured = 0;
    w->busy = busy_of(&w->cells[0]);
    w->fills = width_that_fills(cores, w->busy, TUNE_MOST_WIDTH);
    w->kind = load_kind_of(w->busy);
    for (size_t i = 0; i < w->count; i++) {
        width_cell *c = &w->cells[i];
        summarize(c, &w->cells[0]);
        throughputs[i] = c->throughput.median;
        if (c->speed_up.median <= 0)
            continue;
        n[measured] = fmin(c->width, w->fills);
        gains[measured++] = c->speed_up.median;
    }
    w->fit = amdahl_fit(n, gains, measured);
    w->recommended = knee_of(throughputs, w->count, SLACK);
    w->grows =
        w->count > 1 && w->recommended == w->count - 1 && w->cells[w->count - 1].width < w->fills;
}

void tune_measure_width(tune_report *r)
{
    const tune_options *o = r->options;
    width_report *w = &r->width;
    w->count = o->widths.count;
    for (size_t i = 0; i < w->count; i++)
        w->cells[i] =
            (width_cell){.width = o->widths.at[i], .threads = tune_threads(o, o->widths.at[i])};
    tune_rounds(r, TUNE_WIDTH, w->count, facts_of, measure);
    judge(w, o->cores);
}
