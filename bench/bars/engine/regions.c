/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: short parallel regions that follow each other, as libraries for linear algebra and solvers
 * have them. Four loops of 40 to 150 us are called from a task and from an ordinary thread. They are
 * compared with a static split over two threads that spin at a barrier, and with serial code; under
 * the limits of limits.h with serial code alone. Then come the prices (region_prices.c). */
#include "bars.h"

#include "halves.h"
#include "limits.h"
#include "region_loops.h"
#include <filch/for.h>

enum {
    WARM = 20,  /* calls before those that are measured */
    TURNS = 51, /* of which the median counts, so that a preempted one does not */
    CALLS = 4,  /* in a turn */
    WORKERS = 2
};

FILCH_FOR(each, i, (region *, r))
{
    r->item(r, i);
}

/* ---- Ways to call a region ---- */

typedef struct way {
    const char *name;
    void (*call)(struct way *w, filch_self self);
    void (*open)(void), (*close)(void); /* around a round; or NULL */
    bool inside;                        /* is it called by a task? */
    filch_runtime *rt;
    region *r;
    double longest; /* seconds of calls, which count as they are; 0: TURNS turns */
    double seconds; /* a call */
    uint64_t answer;
} way;

static halves split;

static void open_split(void)
{
    halves_open(&split);
}

static void close_split(void)
{
    halves_close(&split);
}

static void call_serially(way *w, filch_self self)
{
    items(w->r, 0, w->r->n);
}

static void call_halves(way *w, filch_self self)
{
    halves_run(&split, items, w->r, w->r->n);
}

static void call_inside(way *w, filch_self self)
{
    each(self, 0, w->r->n, w->r);
}

static void call_outside(way *w, filch_self self)
{
    FILCH_RUN(w->rt, each, 0, w->r->n, w->r);
}

static void run_calls(way *w, filch_self self, int calls)
{
    for (int i = 0; i < calls; i++) {
        w->call(w, self);
        w->r->call++;
    }
}

/* A quota shows only in a time that is much longer than its period. */
static void run_long(way *w, filch_self self)
{
    double from = measure_now(), time;
    long calls = 0;
    do {
        run_calls(w, self, CALLS);
        calls += CALLS;
        time = measure_now() - from;
    } while (time < w->longest);
    w->seconds = time / (double)calls;
}

static void run_turns(way *w, filch_self self)
{
    double at[TURNS];
    run_calls(w, self, WARM);
    if (w->longest > 0) {
        run_long(w, self);
        return;
    }
    for (int turn = 0; turn < TURNS; turn++) {
        double from = measure_now();
        run_calls(w, self, CALLS);
        at[turn] = (measure_now() - from) / CALLS;
    }
    w->seconds = measure_spread_of(at, TURNS).median;
}

FILCH_VOID_TASK(run_inside, (way *, w))
{
    run_turns(w, self);
}

static double run_way(void *context)
{
    way *w = context;
    reset(w->r);
    if (w->open)
        w->open();
    if (w->inside)
        FILCH_RUN(w->rt, run_inside, w);
    else
        run_turns(w, NULL);
    if (w->close)
        w->close();
    w->answer = answer(w->r);
    return w->seconds;
}

/* ---- The loops ---- */

enum { SERIAL, HALVES, TASK, THREAD, WAYS };

static const way ways[WAYS] = {
    [SERIAL] = {.name = "serial", .call = call_serially},
    [HALVES] = {.name = "static split",
                .call = call_halves,
                .open = open_split,
                .close = close_split},
    [TASK] = {.name = "in a task", .call = call_inside, .inside = true},
    [THREAD] = {.name = "from a thread", .call = call_outside},
};

typedef struct judged {
    int way, over;
    enum measure_bound bound;
    double value;
} judged;

static const judged alone[] = {{TASK, HALVES, MEASURE_AT_MOST, 1.05},
                               {TASK, SERIAL, MEASURE_REPORTED, 0},
                               {THREAD, HALVES, MEASURE_AT_MOST, 1.05},
                               {THREAD, SERIAL, MEASURE_REPORTED, 0}},
                    limited[] = {{TASK, SERIAL, MEASURE_AT_MOST, 1.1},
                                 {THREAD, SERIAL, MEASURE_AT_MOST, 1.1}};

static bool judge_region(const char *name, const measure_arm *arms, const judged *rows,
                         size_t count, int repeat)
{
    bool reached = true;
    for (size_t i = 0; i < count; i++) {
        const measure_arm *own = &arms[rows[i].way], *over = &arms[rows[i].over];
        reached &= measure_judge_ratio(measure_text("%s: %s / %s", name, own->name, over->name),
                                       own, over, repeat, rows[i].bound, rows[i].value);
    }
    return reached;
}

/* Of the ways, those that are rows. The static split waits by spinning, forever on one CPU. */
static int ways_of(const judged *rows, size_t count, int *wanted)
{
    int all = 0;
    for (int i = 0; i < WAYS; i++)
        for (size_t k = 0; k < count; k++)
            if (rows[k].way == i || rows[k].over == i) {
                wanted[all++] = i;
                break;
            }
    return all;
}

static bool race_region(const char *name, region *r, filch_runtime *rt, const judged *rows,
                        size_t count, double longest, int repeat)
{
    static measure_arm arms[WAYS], raced[WAYS];
    way mine[WAYS];
    int wanted[WAYS], all = ways_of(rows, count, wanted);
    for (int i = 0; i < all; i++) {
        way *w = &mine[wanted[i]];
        *w = ways[wanted[i]];
        w->r = r;
        w->rt = rt;
        w->longest = longest;
        raced[i] = (measure_arm){.name = w->name, .once = run_way, .context = w};
    }
    measure_interleaved(raced, all, repeat);
    for (int i = 0; i < all; i++) {
        const way *w = &mine[wanted[i]];
        arms[wanted[i]] = raced[i];
        measure_show(name, &raced[i], 1e6, "us", repeat);
        measure_expect(longest || w->answer == mine[SERIAL].answer, "a region's answer is wrong");
    }
    return judge_region(name, arms, rows, count, repeat);
}

#define ROWS(rows) rows, sizeof(rows) / sizeof *(rows)

static bool race_limited(const cpu_limit *under, region *r, filch_runtime *rt, int repeat)
{
    char name[64];
    snprintf(name, sizeof name, "%s, %s", under->name, r->name);
    if (!under->begin()) {
        printf("%s: not here (%s)\n", name, under->needs);
        return true;
    }
    bool reached = race_region(name, r, rt, ROWS(limited), under->longest, repeat);
    under->end();
    return reached;
}

bool regions_judge(const bar *unused, const measure_options *options)
{
    filch_runtime *rt = runtime_of(WORKERS, NULL);
    double steps = steps_per_us();
    bool reached = true;
    for (size_t i = 0; i < REGIONS; i++) {
        region *r = &regions[i];
        r->steps = (long)(r->us * steps);
        if (measure_wanted(options, r->name))
            reached = race_region(r->name, r, rt, ROWS(alone), 0, options->repeat) && reached;
        for (const cpu_limit *under = limits; under < limits + LIMITS; under++)
            if (measure_wanted(options, under->name))
                reached = race_limited(under, r, rt, options->repeat) && reached;
    }
    filch_runtime_destroy(rt);
    return reached;
}
