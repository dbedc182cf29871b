/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The prices around short parallel regions: of entering one, of a fork, and of the rest after them. */
#include "bars.h"

#include <filch/for.h>

enum {
    TURNS = 51,    /* of which the median counts, so that a preempted one does not */
    CALLS = 4,     /* in a turn */
    PAIRS = 10000, /* forks and joins in a turn */
    DEPTH = 10     /* of the tree: 1,023 nodes */
};

typedef struct price {
    const struct price_row *row;
    filch_runtime *rt;
    double seconds; /* of one */
} price;

typedef struct price_row {
    const char *name;
    unsigned workers;
    void (*turn)(price *p); /* sets its seconds */
    double scale;           /* units in a second */
    double most;            /* in that unit; 0: reported */
    int turns;              /* 0: TURNS */
} price_row;

FILCH_FOR(nothing, i)
{
}

FILCH_TASK(long, tree, (int, depth))
{
    long left;
    if (depth == 1)
        return 1;
    FILCH_FORK(tree, depth - 1);
    long right = tree(self, depth - 1);
    FILCH_JOIN(left, tree);
    return left + right + 1;
}

FILCH_TASK(long, same, (long, value))
{
    return value;
}

FILCH_TASK(long, pairs, (long, count))
{
    long sum = 0, value;
    for (long i = 0; i < count; i++) {
        FILCH_FORK(same, i);
        FILCH_JOIN(value, same);
        sum += value;
    }
    return sum;
}

/* Only the pairs are timed, not their entry from another thread. */
static long timed_pairs(filch_self self, price *p)
{
    double from = measure_now();
    long sum = pairs(self, PAIRS);
    p->seconds = (measure_now() - from) / PAIRS;
    return sum;
}

FILCH_TASK(long, outermost, (price *, p))
{
    return timed_pairs(self, p);
}

FILCH_TASK(long, nested, (price *, p))
{
    long zero;
    FILCH_FORK(same, 0);
    long sum = timed_pairs(self, p);
    FILCH_JOIN(zero, same);
    return sum + zero;
}

static void expect(const price *p, long is, long should_be)
{
    if (is == should_be)
        return;
    fprintf(stderr, "%s: wrong answer\n", p->row->name);
    exit(1);
}

static void turn_empty(price *p)
{
    double from = measure_now();
    for (int i = 0; i < CALLS; i++)
        FILCH_RUN(p->rt, nothing, 0, 128);
    p->seconds = (measure_now() - from) / CALLS;
}

static void turn_tree(price *p)
{
    double from = measure_now();
    for (int i = 0; i < CALLS; i++)
        expect(p, FILCH_RUN(p->rt, tree, DEPTH), (1 << DEPTH) - 1);
    p->seconds = (measure_now() - from) / CALLS;
}

/* The CPU time of the process in 3 s that begin a second after the last region. */
static void turn_rest(price *p)
{
    turn_tree(p);
    measure_sleep(1);
    double before = measure_cpu();
    measure_sleep(3);
    p->seconds = measure_cpu() - before;
}

static void turn_first(price *p)
{
    measure_sleep(1);
    double from = measure_now();
    expect(p, FILCH_RUN(p->rt, tree, DEPTH), (1 << DEPTH) - 1);
    p->seconds = measure_now() - from;
}

static void turn_outermost(price *p)
{
    expect(p, FILCH_RUN(p->rt, outermost, p), (long)PAIRS * (PAIRS - 1) / 2);
}

static void turn_nested(price *p)
{
    expect(p, FILCH_RUN(p->rt, nested, p), (long)PAIRS * (PAIRS - 1) / 2);
}

/* A runtime of its own: beside another one there would be more workers than CPUs, and none would
 * spin. */
static double run_price(void *context)
{
    double at[TURNS];
    price *p = context;
    const int turns = p->row->turns ? p->row->turns : TURNS;
    p->rt = runtime_of(p->row->workers, NULL);
    for (int turn = 0; turn < turns; turn++) {
        p->row->turn(p);
        at[turn] = p->seconds;
    }
    filch_runtime_destroy(p->rt);
    return measure_spread_of(at, turns).median;
}

/* On one worker nobody takes the fork that the nested pairs are inside. */
static const price_row prices[] = {
    {"empty loop of 128, from a thread, us", 2, turn_empty, 1e6, 1.5, 0},
    {"tree of 1,023 nodes, from a thread, 1 worker, us", 1, turn_tree, 1e6, 2.5, 0},
    {"tree of 1,023 nodes, from a thread, 2 workers, us", 2, turn_tree, 1e6, 3, 0},
    {"first tree after 1 s, from a thread, us", 2, turn_first, 1e6, 0, 3},
    {"CPU time of 3 s after the last region, ms", 2, turn_rest, 1e3, 1, 1},
    {"outermost fork and join, ns", 2, turn_outermost, 1e9, 2, 0},
    {"nested fork and join, 1 worker, ns", 1, turn_nested, 1e9, 0, 0},
};
enum { PRICES = sizeof prices / sizeof prices[0] };

bool regions_prices(const bar *unused, const measure_options *options)
{
    static measure_arm arms[PRICES];
    price wanted[PRICES];
    int count = 0;
    bool reached = true;
    for (int i = 0; i < PRICES; i++) {
        if (!measure_wanted(options, prices[i].name))
            continue;
        wanted[count] = (price){.row = &prices[i]};
        arms[count] = (measure_arm){.once = run_price, .context = &wanted[count]};
        count++;
    }
    measure_interleaved(arms, count, options->repeat);
    for (int i = 0; i < count; i++) {
        const price_row *row = wanted[i].row;
        reached &= measure_judge_arm(row->name, &arms[i], row->scale, options->repeat,
                                     row->most > 0 ? MEASURE_AT_MOST : MEASURE_REPORTED, row->most);
    }
    return reached;
}
