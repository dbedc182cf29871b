/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: how many permits a limiter hands out in 10 s, against burst + rate * t, counted by the
 * instants at which they are granted, not by when a sleeper woke. In advance: one task reserves as
 * fast as it can, and runs ahead of the clock. Awaited: tasks reserve one, sleep until its instant,
 * and reserve the next; only the burst can make up for oversleeping. A single task cannot sleep for
 * 10 us: at 100,000 a second either the burst bridges its lateness, or there are 64 of them. */
#include "bars.h"

#include <filch/limiter.h>

enum { WORKERS = 2, TASKS_MOST = 64 };

typedef struct limit_case {
    const char *name;
    filch_limit limit;
    unsigned tasks;
    bool ahead; /* nobody sleeps */
} limit_case;

static const limit_case cases[] = {
    {"1 a second, in advance", {.rate = 1, .burst = 1}, 1, true},
    {"1,000 a second, in advance", {.rate = 1000, .burst = 1}, 1, true},
    {"100,000 a second, in advance", {.rate = 100000, .burst = 1}, 1, true},
    {"1 a second, awaited", {.rate = 1, .burst = 1}, 1, false},
    {"1,000 a second, awaited", {.rate = 1000, .burst = 10}, 1, false},
    {"100,000 a second, awaited, burst 100", {.rate = 100000, .burst = 100}, 1, false},
    {"100,000 a second, awaited by 64", {.rate = 100000, .burst = 1}, TASKS_MOST, false},
};
enum { CASES = sizeof cases / sizeof *cases };

typedef struct limit_run {
    const limit_case *c;
    filch_limiter *limiter;
    filch_waitgroup group;
    int64_t till;
} limit_run;

typedef struct taker {
    limit_run *run;
    long count; /* instants in the span */
} taker;

static void take(filch_self self, void *arg)
{
    taker *t = arg;
    limit_run *run = t->run;
    filch_reservation one;
    for (;;) {
        measure_check(filch_limiter_reserve(run->limiter, 1, &one));
        if (one.at > run->till)
            break;
        t->count++;
        if (!run->c->ahead)
            measure_check(filch_sleep_until(one.at));
    }
    filch_waitgroup_done(&run->group);
}

/* How many instants lie in a span that begins with the first of them. */
static long count_in(filch_runtime *rt, const limit_case *c, int64_t span)
{
    static taker takers[TASKS_MOST];
    limit_run run = {.c = c};
    filch_reservation first;
    long count = 1;
    measure_check(filch_limiter_create(&run.limiter, c->limit));
    measure_check(filch_limiter_reserve(run.limiter, 1, &first));
    run.till = first.at + span;
    filch_waitgroup_add(&run.group, (int)c->tasks);
    for (unsigned i = 0; i < c->tasks; i++) {
        takers[i] = (taker){.run = &run};
        measure_check(filch_go(rt, take, &takers[i]));
    }
    filch_waitgroup_wait(&run.group);
    for (unsigned i = 0; i < c->tasks; i++)
        count += takers[i].count;
    filch_limiter_destroy(run.limiter);
    return count;
}

/* Judges how far it is from burst + rate * t, in units of what is allowed. */
static bool judge(const limit_case *c, long count, int64_t span)
{
    double promised = c->limit.burst + c->limit.rate * ((double)span * 1e-9);
    printf("    %s: %ld permits; burst + rate * t = %.0f\n", c->name, count, promised);
    return measure_judge_one(measure_text("limiter, %s: error", c->name),
                             fabs((double)count - promised) / (promised * 0.005 + 1),
                             MEASURE_AT_MOST, 1);
}

bool limits_judge(const bar *unused, const measure_options *options)
{
    int64_t span = options->size * FILCH_MILLISECOND;
    filch_runtime *rt = runtime_of(WORKERS, NULL);
    bool reached = true;
    for (int i = 0; i < CASES; i++)
        if (measure_wanted(options, cases[i].name))
            reached &= judge(&cases[i], count_in(rt, &cases[i], span), span);
    filch_runtime_destroy(rt);
    return reached;
}
