/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "calibrate.h"

#include <filch/filch.h>
#include <tools/shared/clock.h>

enum { TASKS = 50, TIMES = 200, SWITCHES = 10000 };

FILCH_VOID_TASK(nothing, (int, unused))
{
    (void)unused;
    __asm__ volatile("");
}

/* Below it there is another forked task, as usual: only the newest one of a stack is dearer. */
FILCH_VOID_TASK(fork_and_join, (calibrate_round *, r))
{
    double at[4], fork = 0, join = 0, call = 0;
    for (int i = 0; i < TIMES; i++) {
        FILCH_FORK(nothing, 0);
        at[0] = seconds_of(CLOCK_MONOTONIC);
        for (int k = 0; k < TASKS; k++)
            FILCH_FORK(nothing, k);
        at[1] = seconds_of(CLOCK_MONOTONIC);
        for (int k = 0; k < TASKS; k++)
            FILCH_JOIN_VOID(nothing);
        at[2] = seconds_of(CLOCK_MONOTONIC);
        for (int k = 0; k < TASKS; k++)
            nothing(self, k);
        at[3] = seconds_of(CLOCK_MONOTONIC);
        FILCH_JOIN_VOID(nothing);
        fork += at[1] - at[0];
        join += at[2] - at[1];
        call += at[3] - at[2];
    }
    r->fork = fork / (TASKS * TIMES) * 1e9;
    r->join = join > call ? (join - call) / (TASKS * TIMES) * 1e9 : 0;
}

typedef struct partner {
    bool is_over, has_ended; /* one worker runs both fibers */
} partner;

static void yield_until_over(filch_self self, void *arg)
{
    partner *p = arg;
    while (!p->is_over)
        filch_yield(self);
    p->has_ended = true;
}

FILCH_VOID_TASK(switch_fibers, (calibrate_round *, r), (filch_runtime *, rt))
{
    partner p = {0};
    if (filch_go(rt, yield_until_over, &p))
        return;
    double from = seconds_of(CLOCK_MONOTONIC);
    for (int i = 0; i < SWITCHES; i++)
        filch_yield(self);
    r->to_fiber = (seconds_of(CLOCK_MONOTONIC) - from) / (2 * SWITCHES) * 1e9;
    p.is_over = true;
    while (!p.has_ended)
        filch_yield(self);
}

int calibrate_inline(calibrate_round *r)
{
    filch_runtime *rt;
    int rc = filch_runtime_create(&rt, &(filch_config){.size = sizeof(filch_config), .workers = 1});
    if (rc)
        return rc;
    FILCH_RUN(rt, fork_and_join, r);
    FILCH_RUN(rt, switch_fibers, r, rt);
    return filch_runtime_destroy(rt);
}
