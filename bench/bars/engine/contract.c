/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: a loop is never slower than serial code. Loops of 1 us to 10 ms are called again and again
 * from a task and from an ordinary thread, beside the same calls without Filch. Some are even, some
 * read memory, and in skewed ones the last of 64 iterations takes 64 times as long as the first. Some
 * follow each other at once, and some with serial work in between, so that workers fall asleep. A
 * round has some calls of each way; the median and the 99th percentile of its calls are compared. */
#include "bars.h"

#include "../spin.h"
#include <filch/for.h>

enum {
    ITEMS = 64,
    WARM = 20,      /* calls before those that are measured */
    MOST = 143,     /* that are, in a round: 1,000 in seven */
    LONG_MOST = 25, /* of a loop of LONG us or longer */
    LONG = 1000,
    WORKERS = 2
};
static const size_t WORDS = (size_t)32
                            << 20; /* beyond the caches, and enough for the longest call */

typedef struct call {
    long share[ITEMS]; /* of each iteration: turns of spin_turns, or words */
    const uint64_t *words, *at;
    uint64_t sum[ITEMS];
    bool reads;
    long gap; /* serial work before each call: turns of spin_turns */
} call;

static uint64_t read_words(const uint64_t *at, long words)
{
    uint64_t sum = 0;
    for (long i = 0; i < words; i++)
        sum += at[i];
    return sum;
}

/* One function for all ways: a copy that is predicted better, for its place in a loop, is no gain of
 * serial code. */
static __attribute__((noinline)) void run_item(call *c, size_t i)
{
    if (c->reads)
        c->sum[i] += read_words(c->at + (size_t)c->share[i] * i, c->share[i]);
    else
        spin_turns(c->share[i]);
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
    if (c->at + words > c->words + WORDS)
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
    measure_arm median, late; /* the 50th and 99th percentile of each round: seconds */
} way;

static void call_serially(way *w, filch_self self)
{
    for (size_t i = 0; i < ITEMS; i++)
        run_item(w->call, i);
}

static void call_inside(way *w, filch_self self)
{
    items(self, 0, ITEMS, w->call);
}

static void call_outside(way *w, filch_self self)
{
    FILCH_RUN(w->rt, items, 0, ITEMS, w->call);
}

static void run_calls(way *w, filch_self self, int round)
{
    double at[MOST];
    for (int i = -WARM; i < w->calls; i++) {
        go_on(w->call);
        spin_turns(w->call->gap);
        double from = measure_now();
        w->once(w, self);
        if (i >= 0)
            at[i] = measure_now() - from;
    }
    if (round >= 0) {
        w->median.at[round] = measure_quantile(at, (size_t)w->calls, 0.5);
        w->late.at[round] = measure_quantile(at, (size_t)w->calls, 0.99);
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

typedef struct shape {
    const char *name;
    bool reads, skewed;
    double gap; /* us */
} shape;

static const shape shapes[] = {{.name = "even"},
                               {.name = "even, 50 us apart", .gap = 50},
                               {.name = "even, 1 ms apart", .gap = 1000},
                               {.name = "skewed", .skewed = true},
                               {.name = "memory", .reads = true}};

/* Even loops that last long enough must be faster, against the way out of staying alone. After a gap
 * the library's code and data have left the nearest caches. */
static double most_of(const shape *s, double us)
{
    if (!s->gap && !s->skewed && !s->reads && us >= 20)
        return 1 / 1.5;
    return fmax(1.03, 1 + (s->gap ? 1 : 0.06) / us);
}

static bool judge(const char *what, double most, const way *mine, int repeat)
{
    const way *serial = &mine[SERIAL];
    bool reached = true;
    for (int i = TASK; i < WAYS; i++) {
        reached &=
            measure_judge_ratio(measure_text("%s, %s: median / serial", what, mine[i].name),
                                &mine[i].median, &serial->median, repeat, MEASURE_AT_MOST, most);
        reached &= measure_judge_ratio(measure_text("%s, %s: p99 / serial", what, mine[i].name),
                                       &mine[i].late, &serial->late, repeat, MEASURE_AT_MOST, 1.2);
    }
    return reached;
}

/* ---- Loops ---- */

static const double sizes[] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 3000, 10000}; /* us */

static double words_per_us(call *c)
{
    const long words = 100 * 1000 / ITEMS * ITEMS;
    double best = 1e9;
    c->share[0] = words / ITEMS;
    for (int i = 0; i < 15; i++) {
        go_on(c);
        double from = measure_now();
        c->sum[0] += read_words(c->at, words);
        best = fmin(best, measure_now() - from);
    }
    return (double)words / best * 1e-6;
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
    measure_expect(!c->reads || units * us <= (double)WORDS, "no call fits into the words");
    share_out(c, units * us, s->skewed);
    for (int round = -1; round < repeat; round++)
        for (int i = 0; i < WAYS; i++)
            run_round(&mine[i], round);
    snprintf(what, sizeof what, "%s %g us", s->name, us);
    return judge(what, most_of(s, us), mine, repeat);
}

bool contract_judge(const bar *unused, const measure_options *options)
{
    filch_runtime *rt = runtime_of(WORKERS, NULL);
    uint64_t *words = malloc(WORDS * sizeof *words);
    bool reached = true;
    measure_expect(words, "no memory");
    memset(words, 1, WORDS * sizeof *words);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        call c = {.words = words, .at = words, .reads = shapes[i].reads};
        double units = c.reads ? words_per_us(&c) : spin_turns_per_us();
        c.gap = (long)(shapes[i].gap * spin_turns_per_us());
        for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
            if (measure_wanted(options, shapes[i].name))
                reached &= race(&shapes[i], sizes[k], &c, units, rt, options->repeat);
    }
    free(words);
    filch_runtime_destroy(rt);
    return reached;
}
