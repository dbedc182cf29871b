/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: a loop is never slower than serial code. Loops of 1 us to 10 ms are called again and again
 * from a task and from an ordinary thread, beside the same calls without Filch. Some are even, some
 * read memory, and in skewed ones the last of 64 iterations takes 64 times as long as the first. A
 * round has some calls of each way; the median and the 99th percentile of its calls are compared. */
#include "measure.h"

#include "runtimes.h"
#include <filch/for.h>

enum {
    ITEMS = 64,
    WARM = 20,      /* calls before those that are measured */
    MOST = 143,     /* that are, in a round: 1,000 in seven */
    LONG_MOST = 25, /* of a loop of LONG us or longer */
    LONG = 1000,
    WORKERS = 2
};
static const size_t BYTES = (size_t)64 << 20; /* beyond the caches */

typedef struct call {
    long share[ITEMS]; /* steps of a chain, or words */
    const uint64_t *words, *at;
    uint64_t sum[ITEMS];
    bool reads;
} call;

static uint64_t run_chain(uint64_t x, long steps)
{
    for (long i = 0; i < steps; i++)
        x = x * 6364136223846793005u + 1442695040888963407u;
    return x;
}

static uint64_t read_words(const uint64_t *at, long words)
{
    uint64_t sum = 0;
    for (long i = 0; i < words; i++)
        sum += at[i];
    return sum;
}

static void run_item(call *c, size_t i)
{
    c->sum[i] += c->reads ? read_words(c->at + (size_t)c->share[i] * i, c->share[i])
                          : run_chain(i, c->share[i]);
}

FILCH_FOR(items, i, (call *, c))
{
    run_item(c, i);
}

/* The next part of the memory, so that no call finds it in a cache. */
static void go_on(call *c)
{
    size_t words = (size_t)c->share[0] * ITEMS;
    if (!c->reads)
        return;
    c->at += words;
    if (c->at + words > c->words + BYTES / sizeof *c->words)
        c->at = c->words;
}

/* ---- Ways ---- */

typedef struct way {
    const char *name;
    void (*once)(struct way *w, filch_self self);
    bool inside; /* called by a task */
    filch_runtime *rt;
    call *call;
    int calls;
    double median[MEASURE_ROUNDS], late[MEASURE_ROUNDS]; /* of each round: seconds */
} way;

static void call_serially(way *w, filch_self self)
{
    (void)self;
    for (size_t i = 0; i < ITEMS; i++)
        run_item(w->call, i);
}

static void call_inside(way *w, filch_self self)
{
    items(self, 0, ITEMS, w->call);
}

static void call_outside(way *w, filch_self self)
{
    (void)self;
    FILCH_RUN(w->rt, items, 0, ITEMS, w->call);
}

static void run_calls(way *w, filch_self self, int round)
{
    double at[MOST];
    for (int i = -WARM; i < w->calls; i++) {
        go_on(w->call);
        double from = measure_now();
        w->once(w, self);
        if (i >= 0)
            at[i] = measure_now() - from;
    }
    if (round >= 0) {
        w->median[round] = measure_quantile(at, (size_t)w->calls, 0.5);
        w->late[round] = measure_quantile(at, (size_t)w->calls, 0.99);
    }
}

FILCH_VOID_TASK(calls_inside, (way *, w), (int, round))
{
    run_calls(w, self, round);
}

static void run_round(way *w, int round)
{
    if (w->inside)
        FILCH_RUN(w->rt, calls_inside, w, round);
    else
        run_calls(w, NULL, round);
}

enum { SERIAL, TASK, THREAD, WAYS };

static const way ways[WAYS] = {
    [SERIAL] = {.name = "serial", .once = call_serially},
    [TASK] = {.name = "in a task", .once = call_inside, .inside = true},
    [THREAD] = {.name = "from a thread", .once = call_outside},
};

/* ---- Judgement ---- */

static measure_spread ratio(const double *a, const double *b, int repeat)
{
    double at[MEASURE_ROUNDS];
    for (int i = 0; i < repeat; i++)
        at[i] = a[i] / b[i];
    return measure_spread_of(at, repeat);
}

/* Even loops that last long enough must be faster, against the way out of staying alone. */
static bool judge(const char *what, double us, const way *mine, bool even, int repeat)
{
    const way *serial = &mine[SERIAL];
    double allowed = fmax(1.03, 1 + 0.06 / us);
    double most = even && us >= 20 ? 1 / 1.5 : allowed;
    bool reached = true;
    for (int i = TASK; i < WAYS; i++) {
        char row[96];
        snprintf(row, sizeof row, "%s, %s: median / serial", what, mine[i].name);
        reached = measure_judge(row, ratio(mine[i].median, serial->median, repeat), MEASURE_AT_MOST,
                                most) &&
                  reached;
        snprintf(row, sizeof row, "%s, %s: p99 / serial", what, mine[i].name);
        reached =
            measure_judge(row, ratio(mine[i].late, serial->late, repeat), MEASURE_AT_MOST, 1.2) &&
            reached;
    }
    return reached;
}

/* ---- Loops ---- */

typedef struct shape {
    const char *name;
    bool reads, skewed;
} shape;

static const shape shapes[] = {{"even", false, false},
                               {"skewed", false, true},
                               {"memory", true, false}};
static const double sizes[] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 3000, 10000}; /* us */

/* Units, steps or words, of a call that lasts a microsecond. */
static double units_per_us(call *c)
{
    double best = 1e9;
    long units = 100000;
    for (int i = 0; i < 15; i++) {
        c->share[0] = units / ITEMS;
        go_on(c);
        double from = measure_now();
        c->sum[0] += c->reads ? read_words(c->at, units) : run_chain(c->sum[0], units);
        best = fmin(best, measure_now() - from);
    }
    return (double)units / best * 1e-6;
}

static void share_out(call *c, double units, bool skewed)
{
    for (int i = 0; i < ITEMS; i++)
        c->share[i] =
            (long)(units * (skewed ? 2.0 * (i + 1) / (ITEMS * (ITEMS + 1)) : 1.0 / ITEMS));
}

static bool race(const shape *s, double us, call *c, double units, filch_runtime *rt, int repeat)
{
    static way mine[WAYS];
    char what[64];
    for (int i = 0; i < WAYS; i++) {
        mine[i] = ways[i];
        mine[i].rt = rt;
        mine[i].call = c;
        mine[i].calls = us < LONG ? MOST : LONG_MOST;
    }
    share_out(c, units * us, s->skewed);
    for (int round = -1; round < repeat; round++)
        for (int i = 0; i < WAYS; i++)
            run_round(&mine[i], round);
    snprintf(what, sizeof what, "%s %g us", s->name, us);
    return judge(what, us, mine, !s->skewed && !s->reads, repeat);
}

int main(int argc, char **argv)
{
    measure_options options = measure_read_options(argc, argv, 0, "0, which means nothing");
    filch_runtime *rt = runtime_of(WORKERS, NULL);
    uint64_t *words = malloc(BYTES);
    bool reached = true;
    if (!words) {
        fprintf(stderr, "no memory: %zu bytes\n", BYTES);
        return 1;
    }
    memset(words, 1, BYTES);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        call c = {.words = words, .at = words, .reads = shapes[i].reads};
        double units = units_per_us(&c);
        for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
            if (measure_wanted(&options, shapes[i].name))
                reached = race(&shapes[i], sizes[k], &c, units, rt, options.repeat) && reached;
    }
    free(words);
    filch_runtime_destroy(rt);
    return reached ? 0 : 1;
}
