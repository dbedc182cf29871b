/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "search.h"
#include "progress.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <tools/shared/clock.h>
#include <unistd.h>

/* Decision points that a run may have beyond those of the first one, before it makes no progress. */
enum { LIMIT_TIMES = 50, LIMIT_LEAST = 100000 };
enum { FIRST_RUN_SEED = 1 };

/* ---- The chances ---- */

double search_chance(const search *s, unsigned depth)
{
    return 1 / ((double)s->threads * pow((double)s->points, depth - 1));
}

double search_chance_of_all(const search *s, unsigned depth)
{
    return -expm1((double)s->tried * log1p(-search_chance(s, depth)));
}

/* ---- The runs ---- */

typedef struct state {
    search *to;
    run slots[EXPLORE_JOBS];
    run *active[EXPLORE_JOBS];
    unsigned long next; /* seed */
    double began;
} state;

static run_order order_for(const search *s, uint64_t seed)
{
    return (run_order){.workers = s->options->workers,
                       .seed = seed,
                       .depth = s->options->depth,
                       .steps = s->points,
                       .limit = s->points * LIMIT_TIMES + LIMIT_LEAST,
                       .timeout = s->options->timeout};
}

static int refuse(const explore_options *o, const run *r)
{
    fprintf(stderr,
            "filch explore: '%s' has created no runtime with virtual workers: it needs %s\n",
            o->program[0],
            o->openmp ? "a parallel region of OpenMP with two threads or more"
                      : "filch_runtime_create of a libfilch of this version; or is it a program of "
                        "OpenMP (--openmp)?");
    fwrite(r->text, 1, r->length, stderr);
    return -ENOTSUP;
}

/* One that is too long for many runs. */
static int give_up(const explore_options *o, const run *r)
{
    fprintf(stderr,
            "filch explore: the first run of '%s' did not end within %g s (%" PRIu64
            " decision points): give it less to do, or a longer --timeout\n",
            o->program[0], o->timeout, r->schedule.header.points);
    fwrite(r->text, 1, r->length, stderr);
    return -ETIMEDOUT;
}

/* A random walk; how many decision points there are. It may already fail. It has the same seed in each search, or
 * the same seeds would mean other runs in a search that begins with another one (--first). */
static int measure(search *s)
{
    const explore_options *o = s->options;
    run *r = &s->failure;
    const run_order order = {.workers = o->workers, .seed = FIRST_RUN_SEED, .timeout = o->timeout};
    int rc = run_whole(r, o, &order);
    if (rc)
        return rc;
    if (r->end == RUN_NO_RUNTIME)
        return refuse(o, r);
    if (r->end == RUN_TIMED_OUT)
        return give_up(o, r);
    s->points = r->schedule.header.points ? r->schedule.header.points : 1;
    s->threads = schedule_threads(&r->schedule);
    s->found = run_failed(r);
    if (!s->found)
        run_free(r);
    return 0;
}

static bool wanted(const state *of)
{
    const search *s = of->to;
    const explore_options *o = s->options;
    return !s->found && of->next - o->first < o->seeds &&
           seconds_of(CLOCK_MONOTONIC) - of->began < o->seconds;
}

/* Starts runs in all free places. */
static int fill(state *of)
{
    for (unsigned i = 0; i < of->to->options->jobs; i++) {
        if (of->active[i] || !wanted(of))
            continue;
        const run_order order = order_for(of->to, of->next++);
        int rc = run_start(&of->slots[i], of->to->options, &order);
        if (rc)
            return rc;
        of->active[i] = &of->slots[i];
    }
    return 0;
}

/* Of several failures at the same time, the one with the lowest seed is reported. */
static void judge(state *of, run *r)
{
    search *s = of->to;
    for (unsigned i = 0; i < EXPLORE_JOBS; i++)
        if (of->active[i] == r)
            of->active[i] = NULL;
    s->tried++;
    if (run_failed(r) && (!s->found || r->order.seed < s->failure.order.seed)) {
        if (s->found)
            run_free(&s->failure);
        s->failure = *r;
        s->found = true;
    } else {
        run_free(r);
    }
}

static bool any_active(const state *of)
{
    for (unsigned i = 0; i < EXPLORE_JOBS; i++)
        if (of->active[i])
            return true;
    return false;
}

static int try_seeds(search *s, double began)
{
    state of = {.to = s, .next = s->options->first, .began = began};
    progress shown = {.began = began};
    int rc = 0;
    while (!rc && (rc = fill(&of)) == 0 && any_active(&of)) {
        judge(&of, run_wait(of.active, EXPLORE_JOBS));
        search_shows(&shown, s);
    }
    for (unsigned i = 0; i < EXPLORE_JOBS; i++)
        if (of.active[i])
            run_free(of.active[i]);
    search_shown(&shown);
    return rc;
}

int search_run(search *s, const explore_options *o)
{
    const double began = seconds_of(CLOCK_MONOTONIC);
    *s = (search){.options = o, .failure = RUN_NONE, .shortest = RUN_NONE};
    int rc = measure(s);
    if (!rc && !s->found)
        rc = try_seeds(s, began);
    s->seconds = seconds_of(CLOCK_MONOTONIC) - began;
    return !rc && s->found ? search_minimize(s) : rc;
}

void search_free(search *s)
{
    run_free(&s->failure);
    run_free(&s->shortest);
    schedule_free(&s->choices);
}
