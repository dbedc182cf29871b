/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: how many permits a limiter hands out in 10 s, against burst + rate * t. Tasks reserve one,
 * sleep until its instant, and reserve the next; what counts is in which span the reserved instants
 * lie, not when the sleepers woke. A single task cannot sleep for 10 us: at 100,000 a second either
 * the burst bridges its lateness, or there are 64 of them. */
#include "measure.h"

#include "runtimes.h"

enum { WORKERS = 2, CASES = 4, TASKS_MOST = 64 };

typedef struct limit_case {
    const char *name;
    filch_limit limit;
    unsigned tasks;
} limit_case;

static const limit_case cases[CASES] = {
    {"1 a second", {.rate = 1, .burst = 1}, 1},
    {"1,000 a second", {.rate = 1000, .burst = 10}, 1},
    {"100,000 a second, burst 100", {.rate = 100000, .burst = 100}, 1},
    {"100,000 a second, 64 waiters", {.rate = 100000, .burst = 1}, TASKS_MOST},
};

typedef struct limit_run {
    filch_limiter *limiter;
    filch_waitgroup *group;
    int64_t from, till;
    long counts[TASKS_MOST]; /* instants before `till`, by task */
} limit_run;

typedef struct taker {
    limit_run *run;
    long *count;
} taker;

static void check(int rc)
{
    if (rc) {
        fprintf(stderr, "the limiter: %s\n", filch_error());
        exit(1);
    }
}

static void take(filch_self self, void *arg)
{
    const taker *t = arg;
    limit_run *run = t->run;
    filch_reservation one;
    (void)self;
    for (;;) {
        check(filch_limiter_reserve(run->limiter, 1, &one));
        if (one.at >= run->till)
            break;
        ++*t->count;
        check(filch_sleep_until(one.at));
    }
    filch_waitgroup_done(run->group);
}

static void start(filch_runtime *rt, const limit_case *c, limit_run *run, taker *takers,
                  int64_t span)
{
    run->from = filch_now();
    run->till = run->from + span;
    check(filch_limiter_create(&run->limiter, c->limit));
    for (unsigned i = 0; i < c->tasks; i++) {
        takers[i] = (taker){run, &run->counts[i]};
        check(filch_go(rt, take, &takers[i]));
    }
}

/* How far from burst + rate * t, in units of what is allowed: 0.5 % of it and one permit. */
static bool judge(const limit_case *c, const limit_run *run)
{
    char what[96];
    long count = 0;
    for (unsigned i = 0; i < c->tasks; i++)
        count += run->counts[i];
    double seconds = (double)(run->till - run->from) * 1e-9,
           promised = c->limit.burst + c->limit.rate * seconds;
    printf("    %s: %ld permits in %.1f s; burst + rate * t = %.0f\n", c->name, count, seconds,
           promised);
    snprintf(what, sizeof what, "limiter, %s: error / (0.5 %% + 1 permit)", c->name);
    return measure_judge_one(what, fabs((double)count - promised) / (promised * 0.005 + 1),
                             MEASURE_AT_MOST, 1);
}

int main(int argc, char **argv)
{
    static limit_run runs[CASES];
    static taker takers[CASES][TASKS_MOST];
    measure_options options =
        measure_read_options(argc, argv, 10000, "MILLISECONDS; --repeat is of no use");
    filch_runtime *rt = runtime_of(WORKERS, NULL);
    bool reached = true;
    for (int i = 0; i < CASES; i++) {
        filch_waitgroup group = {0};
        if (!measure_wanted(&options, cases[i].name))
            continue;
        runs[i].group = &group;
        filch_waitgroup_add(&group, (int)cases[i].tasks);
        start(rt, &cases[i], &runs[i], takers[i], options.size * FILCH_MILLISECOND);
        filch_waitgroup_wait(&group);
        filch_limiter_destroy(runs[i].limiter);
        reached = judge(&cases[i], &runs[i]) && reached;
    }
    filch_runtime_destroy(rt);
    return reached ? 0 : 1;
}
