/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: short parallel regions that follow each other, as libraries for linear algebra and solvers
 * have them. Four loops of 40 to 150 us are called from a task and from an ordinary thread. They are
 * compared with a static split over two threads that spin at a barrier, and with serial code; beside
 * a process that computes, with serial code alone. Then come the prices of entering a region, of a fork,
 * and of the rest after regions. */
#include "measure.h"

#include "halves.h"
#include "load.h"
#include "runtimes.h"
#include <filch/for.h>

enum {
    MOST = 1000,   /* iterations of a loop */
    BODIES = 128,  /* of the N-body step */
    WARM = 20,     /* calls before those that are measured */
    TURNS = 51,    /* of which the median counts, so that a preempted one does not */
    CALLS = 4,     /* in a turn */
    PAIRS = 10000, /* forks and joins in a turn */
    DEPTH = 10,    /* of the tree: 1,023 nodes */
    WORKERS = 2
};

typedef struct body {
    double x, y, z, vx, vy, vz;
} body;

/* A loop that is called again and again: iteration i of call c is item(r, i). */
typedef struct region {
    const char *name;
    size_t n;
    double us; /* that a chain lasts; 0: the N-body step */
    void (*item)(struct region *r, size_t i);
    long steps;    /* of a chain */
    unsigned call; /* the number of calls before this one */
    uint64_t sum[MOST];
    body at[2][BODIES]; /* before and after a step, by turns */
} region;

static uint64_t run_chain(uint64_t x, long steps)
{
    for (long i = 0; i < steps; i++)
        x = x * 6364136223846793005u + 1442695040888963407u;
    return x;
}

static void item_chain(region *r, size_t i)
{
    r->sum[i] += run_chain(i + r->call, r->steps);
}

static void item_body(region *r, size_t i)
{
    const body *from = r->at[r->call % 2];
    body b = from[i];
    double ax = 0, ay = 0, az = 0;
    for (size_t j = 0; j < BODIES; j++) {
        double dx = from[j].x - b.x, dy = from[j].y - b.y, dz = from[j].z - b.z;
        double square = dx * dx + dy * dy + dz * dz + 1e-3, pull = 1 / (square * sqrt(square));
        ax += dx * pull;
        ay += dy * pull;
        az += dz * pull;
    }
    b.vx += ax * 1e-6;
    b.vy += ay * 1e-6;
    b.vz += az * 1e-6;
    b.x += b.vx * 1e-6;
    b.y += b.vy * 1e-6;
    b.z += b.vz * 1e-6;
    r->at[(r->call + 1) % 2][i] = b;
}

static double steps_per_us(void)
{
    const long steps = 200000;
    volatile uint64_t x = 1;
    double best = 1e9;
    for (int i = 0; i < 15; i++) {
        double from = measure_now();
        x = run_chain(x, steps);
        best = fmin(best, measure_now() - from);
    }
    return (double)steps / best * 1e-6;
}

static void reset(region *r)
{
    r->call = 0;
    memset(r->sum, 0, sizeof r->sum);
    for (size_t i = 0; i < BODIES; i++) {
        double a = (double)i;
        r->at[0][i] = (body){cos(a * 7), sin(a * 5), cos(a * 3), 0, 0, 0};
    }
}

/* Equal for equal results, bit by bit. */
static uint64_t answer(const region *r)
{
    uint64_t sum = 0, word;
    for (size_t i = 0; i < MOST; i++)
        sum = sum * 31 + r->sum[i];
    for (size_t i = 0; i < BODIES; i++) {
        memcpy(&word, &r->at[r->call % 2][i].x, sizeof word);
        sum = sum * 31 + word;
    }
    return sum;
}

static void items(void *context, size_t begin, size_t end)
{
    region *r = context;
    for (size_t i = begin; i < end; i++)
        r->item(r, i);
}

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
    (void)self;
    items(w->r, 0, w->r->n);
}

static void call_halves(way *w, filch_self self)
{
    (void)self;
    halves_run(&split, items, w->r, w->r->n);
}

static void call_inside(way *w, filch_self self)
{
    each(self, 0, w->r->n, w->r);
}

static void call_outside(way *w, filch_self self)
{
    (void)self;
    FILCH_RUN(w->rt, each, 0, w->r->n, w->r);
}

static void run_calls(way *w, filch_self self, int calls)
{
    for (int i = 0; i < calls; i++) {
        w->call(w, self);
        w->r->call++;
    }
}

static void run_turns(way *w, filch_self self)
{
    double at[TURNS];
    run_calls(w, self, WARM);
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
                    beside[] = {{HALVES, SERIAL, MEASURE_REPORTED, 0},
                                {TASK, SERIAL, MEASURE_AT_MOST, 1.1},
                                {THREAD, SERIAL, MEASURE_AT_MOST, 1.1}};

static bool judge_region(const char *name, const measure_arm *arms, const judged *rows,
                         size_t count, int repeat)
{
    bool reached = true;
    for (size_t i = 0; i < count; i++) {
        char what[96];
        snprintf(what, sizeof what, "%s: %s / %s", name, arms[rows[i].way].name,
                 arms[rows[i].over].name);
        measure_spread ratio = measure_ratio(&arms[rows[i].way], &arms[rows[i].over], 1, repeat);
        reached = measure_judge(what, ratio, rows[i].bound, rows[i].value) && reached;
    }
    return reached;
}

static bool race_region(const char *name, region *r, filch_runtime *rt, const judged *rows,
                        size_t count, int repeat)
{
    static measure_arm arms[WAYS];
    way mine[WAYS];
    for (int i = 0; i < WAYS; i++) {
        mine[i] = ways[i];
        mine[i].r = r;
        mine[i].rt = rt;
        arms[i] = (measure_arm){.name = mine[i].name, .once = run_way, .context = &mine[i]};
    }
    measure_interleaved(arms, WAYS, repeat);
    for (int i = 0; i < WAYS; i++) {
        measure_show(name, &arms[i], 1e6, "us", repeat);
        if (mine[i].answer != mine[SERIAL].answer) {
            fprintf(stderr, "%s, %s: wrong answer\n", name, mine[i].name);
            exit(1);
        }
    }
    return judge_region(name, arms, rows, count, repeat);
}

#define ROWS(rows) rows, sizeof(rows) / sizeof *(rows)

static bool race_beside(region *r, filch_runtime *rt, int repeat)
{
    char name[64];
    snprintf(name, sizeof name, "beside another, %s", r->name);
    pid_t load = load_start();
    bool reached = race_region(name, r, rt, ROWS(beside), repeat);
    load_stop(load);
    return reached;
}

static bool race_regions(const measure_options *options)
{
    static region regions[] = {
        {.name = "64 x 1 us", .n = 64, .us = 1, .item = item_chain},
        {.name = "16 x 10 us", .n = 16, .us = 10, .item = item_chain},
        {.name = "1,000 x 0.1 us", .n = 1000, .us = 0.1, .item = item_chain},
        {.name = "N-body of 128", .n = BODIES, .item = item_body},
    };
    filch_runtime *rt = runtime_of(WORKERS, NULL);
    double steps = steps_per_us();
    bool reached = true;
    for (size_t i = 0; i < sizeof regions / sizeof regions[0]; i++) {
        region *r = &regions[i];
        r->steps = (long)(r->us * steps);
        if (measure_wanted(options, r->name))
            reached = race_region(r->name, r, rt, ROWS(alone), options->repeat) && reached;
        if (measure_wanted(options, "beside"))
            reached = race_beside(r, rt, options->repeat) && reached;
    }
    filch_runtime_destroy(rt);
    return reached;
}

/* ---- Prices ---- */

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
    (void)i;
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

static bool judge_price(const price_row *row, const measure_arm *arm, int repeat)
{
    double at[MEASURE_ROUNDS];
    for (int i = 0; i < repeat; i++)
        at[i] = arm->at[i] * row->scale;
    return measure_judge(row->name, measure_spread_of(at, repeat),
                         row->most > 0 ? MEASURE_AT_MOST : MEASURE_REPORTED, row->most);
}

static bool race_prices(const measure_options *options)
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
    for (int i = 0; i < count; i++)
        reached = judge_price(wanted[i].row, &arms[i], options->repeat) && reached;
    return reached;
}

int main(int argc, char **argv)
{
    measure_options options = measure_read_options(argc, argv, 0, "0, which means nothing");
    bool reached = race_regions(&options);
    return race_prices(&options) && reached ? 0 : 1;
}
