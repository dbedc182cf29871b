/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * How long the queue: jobs arrive at pools of different capacity, independently of each other and
 * of their outcome. A full queue rejects them. Each round has its arrivals, the same for all
 * capacities.
 *
 * Little's law is checked by two accounts that know nothing of each other: L comes from the pool's
 * own numbers, looked at again and again; lambda and W from the jobs' clock. At the beginning and
 * at the end the pool is empty, so that the law holds exactly but for the looking. */
#include "arrivals.h"
#include "tune.h"

#include <errno.h>
#include <filch/pool.h>
#include <filch/timer.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLE_SECONDS 0.2
#define SAMPLE_SECONDS_QUICK 0.1
#define LOOKS_A_SECOND 4000.0
/* Of what a pool of that width can do, so much arrives where no rate was given. */
#define DEFAULT_LOAD 0.8

enum { MOST_DEFAULT_WIDTH = 16 };

typedef struct stamps {
    const tune_load *load;
    int64_t submitted, started, ended;
} stamps;

typedef struct stream {
    const tune_load *load;
    unsigned width, threads, capacity;
    double rate, seconds;
    uint64_t seed;
} stream;

/* State of the thread that plays the outside world. */
typedef struct world {
    filch_pool *pool;
    stamps *stamps; /* of the accepted */
    double *late;   /* ns, of the offered */
    size_t room, offered, accepted;
    int64_t began, looked; /* looked: when, the last time */
    double in_system;      /* jobs, then */
    double area;           /* job seconds: the integral of in_system */
} world;

static int one_job(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    stamps *s = data;
    s->started = filch_now();
    load_run(s->load);
    s->ended = filch_now();
    return 0;
}

/* Between two looks the number is taken to change evenly. Returns it. */
static double look(world *w)
{
    filch_pool_stats stats;
    filch_pool_stats_read(w->pool, &stats, sizeof stats);
    int64_t now = filch_now();
    double in_system = (double)(stats.waiting + stats.running);
    w->area += (w->in_system + in_system) / 2 * (double)(now - w->looked) * 1e-9;
    w->in_system = in_system;
    w->looked = now;
    return in_system;
}

static int arrive(world *w, const stream *s, int64_t due)
{
    stamps *mine = &w->stamps[w->accepted];
    *mine = (stamps){.load = s->load, .submitted = filch_now()};
    w->late[w->offered++] = (double)(mine->submitted - due);
    int rc = FILCH_SUBMIT(w->pool, one_job, mine);
    w->accepted += rc == 0;
    return rc == -EAGAIN ? 0 : rc;
}

/* Arrivals and looks as they are due, until the time is over; looks until the pool is empty. */
static int play(world *w, const stream *s)
{
    arrivals comers = {s->seed, s->rate}, looks = {~s->seed, LOOKS_A_SECOND};
    w->began = w->looked = filch_now();
    double next = (double)w->began + arrivals_gap(&comers);
    double next_look = (double)w->began + arrivals_gap(&looks);
    double end = (double)w->began + s->seconds * 1e9;
    while (next < end && w->offered < w->room) {
        int64_t due = (int64_t)(next < next_look ? next : next_look);
        filch_sleep_until(due);
        if (next < next_look) {
            int rc = arrive(w, s, due);
            if (rc)
                return rc;
            next += arrivals_gap(&comers);
        } else {
            look(w);
            next_look = (double)filch_now() + arrivals_gap(&looks);
        }
    }
    while (look(w) > 0)
        filch_sleep((int64_t)arrivals_gap(&looks));
    return 0;
}

/* waits: room for all that were accepted. */
static queue_sample account(const world *w, double *waits)
{
    double seconds = (double)(w->looked - w->began) * 1e-9, inside = 0, served = 0;
    for (size_t i = 0; i < w->accepted; i++) {
        const stamps *s = &w->stamps[i];
        waits[i] = (double)(s->started - s->submitted) * 1e-9;
        inside += (double)(s->ended - s->submitted) * 1e-9;
        served += (double)(s->ended - s->started) * 1e-9;
    }
    double accepted = (double)w->accepted, each = accepted > 0 ? 1 / accepted : 0;
    return (queue_sample){.offered = (double)w->offered,
                          .rejected = (double)w->offered - accepted,
                          .in_system = w->area / seconds,
                          .arrivals = accepted / seconds,
                          .seconds_in = inside * each,
                          .by_little = inside / seconds,
                          .service = served * each,
                          .wait_50 = quantile_of(waits, w->accepted, 0.5),
                          .wait_99 = quantile_of(waits, w->accepted, 0.99),
                          .late_99 = quantile_of(w->late, w->offered, 0.99) * 1e-9};
}

static int open_world(world *w, const stream *s)
{
    *w = (world){.room = 1000 + (size_t)(1.5 * s->rate * s->seconds)};
    w->stamps = malloc((w->room + 1) * sizeof *w->stamps);
    w->late = malloc(w->room * sizeof *w->late);
    if (!w->stamps || !w->late)
        return -ENOMEM;
    return filch_pool_create(&w->pool, &(filch_pool_config){.name = "tune",
                                                            .order = FILCH_FIFO,
                                                            .width = s->width,
                                                            .workers = s->threads,
                                                            .capacity = s->capacity,
                                                            .full = FILCH_FULL_REJECT});
}

/* Its memory goes with the process. */
static void measure_stream(const void *order, void *result, char *error)
{
    const stream *s = order;
    world w;
    filch_pool_stats stats;
    int rc = open_world(&w, s);
    if (!rc)
        rc = play(&w, s);
    if (rc) {
        snprintf(error, APART_ERROR, "%s", *filch_error() ? filch_error() : strerror(-rc));
        return;
    }
    filch_pool_stats_read(w.pool, &stats, sizeof stats);
    filch_pool_destroy(w.pool);
    double *waits = malloc((w.accepted + 1) * sizeof *waits);
    if (!waits)
        snprintf(error, APART_ERROR, "no memory for the times of %zu jobs", w.accepted);
    else if (stats.outcomes[FILCH_SUCCEEDED] != w.accepted)
        snprintf(error, APART_ERROR, "%llu of %zu jobs succeeded",
                 (unsigned long long)stats.outcomes[FILCH_SUCCEEDED], w.accepted);
    else
        *(queue_sample *)result = account(&w, waits);
}

static void measure(tune_report *r, size_t cell, unsigned round)
{
    const tune_options *o = r->options;
    const queue_report *q = &r->queue;
    queue_cell *c = &r->queue.cells[cell];
    stream s = {.load = &o->load,
                .width = q->width,
                .threads = tune_threads(o, q->width),
                .capacity = c->capacity,
                .rate = q->rate,
                .seconds = o->quick ? SAMPLE_SECONDS_QUICK : SAMPLE_SECONDS,
                .seed = (uint64_t)round + 1};
    if (apart_run(measure_stream, &s, &c->samples[c->count], sizeof c->samples[0], &c->facts))
        c->count++;
}

static apart_facts *facts_of(tune_report *r, size_t cell)
{
    return &r->queue.cells[cell].facts;
}

static double median_of_field(const queue_cell *c, size_t at)
{
    double values[TUNE_REPEATS];
    for (unsigned i = 0; i < c->count; i++)
        memcpy(&values[i], (const char *)&c->samples[i] + at, sizeof values[i]);
    return spread_of(values, c->count).median;
}

static void summarize(queue_cell *c)
{
    double rejected[TUNE_REPEATS], inside[TUNE_REPEATS], differs[TUNE_REPEATS];
    double offered = 0, turned_away = 0;
    if (!c->count)
        return;
    for (unsigned i = 0; i < c->count; i++) {
        const queue_sample *s = &c->samples[i];
        offered += s->offered;
        turned_away += s->rejected;
        differs[i] = little_difference(s->in_system, s->arrivals, s->seconds_in);
        rejected[i] = s->offered > 0 ? s->rejected / s->offered : 0;
        inside[i] = s->seconds_in;
    }
    c->share = offered > 0 ? turned_away / offered : 0;
    c->rejected = spread_of(rejected, c->count);
    c->seconds_in = spread_of(inside, c->count);
    c->little = spread_of(differs, c->count);
    for (size_t at = 0; at < sizeof c->median; at += sizeof(double)) {
        double value = median_of_field(c, at);
        memcpy((char *)&c->median + at, &value, sizeof value);
    }
}

static void judge(queue_report *q, double most_rejected)
{
    double rejected[TUNE_LIST];
    for (size_t i = 0; i < q->count; i++) {
        queue_cell *c = &q->cells[i];
        summarize(c);
        rejected[i] = c->count ? c->share : 1;
        if (!c->count)
            continue;
        q->measured = true;
        q->load = q->rate * c->median.service / q->width; /* of the largest capacity */
    }
    q->recommended = first_at_most(rejected, q->count, most_rejected);
}

/* As the first part recommends, or as the load's figures say; no wider than keeps all cores busy. */
static unsigned default_width(const tune_report *r)
{
    const tune_options *o = r->options;
    const width_cell *best = &r->width.cells[r->width.recommended];
    double fills = width_that_fills(o->cores, load_busy(&o->load), MOST_DEFAULT_WIDTH);
    return (unsigned)fmax(best->count ? fmin(best->width, fills) : fills, 1);
}

void tune_measure_queue(tune_report *r)
{
    const tune_options *o = r->options;
    queue_report *q = &r->queue;
    q->count = o->capacities.count;
    q->width = o->width ? o->width : default_width(r);
    double at_once = fmin(q->width, width_that_fills(o->cores, load_busy(&o->load), q->width));
    q->rate = o->rate > 0 ? o->rate : DEFAULT_LOAD * at_once / load_seconds(&o->load);
    for (size_t i = 0; i < q->count; i++)
        q->cells[i] = (queue_cell){.capacity = o->capacities.at[i]};
    tune_rounds(r, TUNE_QUEUE, q->count, facts_of, measure);
    judge(q, o->rejected);
}
