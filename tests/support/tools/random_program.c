/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/test.h>
#include <tests/support/tools.h>

/* Names, and the work item of the whole. */
enum { RANDOM_ROOT = 1, RANDOM_TASK, RANDOM_ITEM = 77 };

static uint32_t draw(random_run *s, uint32_t below)
{
    return (uint32_t)random_below(&s->random, below);
}

static void put(random_run *s, uint32_t worker, enum fl_trace_kind kind, uint32_t a, uint32_t b)
{
    static const int64_t clock[RANDOM_WORKERS] = {1000, 960, 1030, 1000, 900}; /* they differ */
    cr_assert_lt(s->events, (size_t)RANDOM_EVENTS);
    s->event[s->events++] = (made_event){worker, s->now[worker] + clock[worker], kind, a, b};
}

typedef struct forked {
    uint32_t slot;
    int64_t until; /* the span to its fork */
    int64_t at;    /* the time of it */
} forked;

static int64_t run_task(random_run *s, uint32_t worker, int64_t until);

/* Returns the span to the task's end. */
static int64_t join_kept(random_run *s, uint32_t worker, const forked *f)
{
    put(s, worker, FL_TRACE_RUN, f->slot, RANDOM_TASK);
    int64_t end = run_task(s, worker, f->until);
    put(s, worker, FL_TRACE_RUN_END, f->slot, 1);
    return end;
}

static int64_t join_taken(random_run *s, uint32_t worker, uint32_t thief, const forked *f)
{
    int64_t asked = s->now[worker];
    put(s, worker, FL_TRACE_JOIN, f->slot, 0);
    s->busy[thief] = true;
    s->now[thief] = s->now[thief] > f->at + RANDOM_THEFT ? s->now[thief] : f->at + RANDOM_THEFT;
    put(s, thief, FL_TRACE_RUN, f->slot, RANDOM_TASK);
    int64_t end = run_task(s, thief, f->until);
    put(s, thief, FL_TRACE_RUN_END, f->slot, 0);
    s->busy[thief] = false;
    s->now[worker] = (s->now[thief] > asked ? s->now[thief] : asked) + draw(s, 50);
    put(s, worker, FL_TRACE_JOINED, f->slot, 0);
    return end;
}

static int64_t join(random_run *s, uint32_t worker, const forked *f, int64_t until)
{
    uint32_t thief = draw(s, RANDOM_WORKERS);
    int64_t end = s->busy[thief] ? join_kept(s, worker, f) : join_taken(s, worker, thief, f);
    return end > until ? end : until;
}

static int64_t compute(random_run *s, uint32_t worker, int64_t until)
{
    int64_t ns = draw(s, 4) ? draw(s, 1000) : 0;
    s->now[worker] += ns;
    s->work += ns;
    return until + ns;
}

static int64_t run_task(random_run *s, uint32_t worker, int64_t until)
{
    forked open[RANDOM_FORKS];
    unsigned forks = 0, steps = 1 + draw(s, 8);
    s->tasks++;
    until = compute(s, worker, until);
    for (; steps || forks; steps -= steps > 0) {
        bool forks_now =
            steps && forks < RANDOM_FORKS && s->tasks < RANDOM_TASKS_MOST && draw(s, 2);
        if (forks_now) {
            forked *f = &open[forks++];
            *f = (forked){RANDOM_SLOTS * (worker + 1) + s->depth[worker]++, until, s->now[worker]};
            put(s, worker, FL_TRACE_FORK, f->slot, RANDOM_TASK);
        } else if (forks) {
            until = join(s, worker, &open[--forks], until);
            s->depth[worker]--;
        }
        until = compute(s, worker, until);
    }
    return until;
}

int64_t random_program(random_run *s, uint64_t seed)
{
    *s = (random_run){.random = seed, .event = calloc(RANDOM_EVENTS + 1, sizeof *s->event)};
    cr_assert_not_null(s->event);
    for (uint32_t i = 0; i < RANDOM_WORKERS; i++)
        put(s, i, FL_TRACE_SWITCH, i + 1, 0);
    s->busy[0] = true;
    put(s, 0, FL_TRACE_JOB, RANDOM_ITEM, RANDOM_ROOT);
    int64_t span = run_task(s, 0, 0);
    put(s, 0, FL_TRACE_JOB_END, 1, 0);
    return span;
}
