/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Two workers of a real runtime. The owner forks a task, and the other worker takes it: asked for,
 * by force, or after a wake-up. */
#include "calibrate.h"

#include <filch/filch.h>
#include <time.h>
#include <tools/shared/clock.h>
#include <tools/shared/statistics.h>

enum { MOST = 40, PATIENT = 100000, LONG_AGO = 4000000 /* ns */ };
static const double worthwhile = 3e-6; /* seconds: a thief that gains less naps */

typedef struct stolen {
    filch_u32 started; /* ShowStart: set by the thief, seen by the owner */
    double forked, fork, longest, at;
    int owner, by; /* workers */
} stolen;

FILCH_VOID_TASK(start, (stolen *, s))
{
    s->at = seconds_of(CLOCK_MONOTONIC);
    s->by = filch_worker_index();
    filch_u32_store(&s->started, 1, FILCH_RELEASE); /* ShowStart: at and by are written */
    while (seconds_of(CLOCK_MONOTONIC) - s->at < worthwhile)
        filch_pause();
}

FILCH_VOID_TASK(nothing, (int, unused))
{
    (void)unused;
}

static bool has_started(stolen *s)
{
    return filch_u32_load(&s->started, FILCH_ACQUIRE); /* ShowStart */
}

/* The owner forks and joins until then, so it sees requests; silent: it does not. */
static void wait_for_thief(filch_self self, stolen *s, bool silent)
{
    for (int i = 0; !has_started(s) && i < PATIENT; i++) {
        double from = seconds_of(CLOCK_MONOTONIC), took;
        if (silent) {
            filch_pause();
            continue;
        }
        FILCH_FORK(nothing, i);
        FILCH_JOIN_VOID(nothing);
        took = seconds_of(CLOCK_MONOTONIC) - from;
        s->longest = took > s->longest ? took : s->longest;
    }
}

FILCH_VOID_TASK(own, (stolen *, s), (int, silent))
{
    s->owner = filch_worker_index();
    s->forked = seconds_of(CLOCK_MONOTONIC);
    FILCH_FORK(start, s);
    s->fork = seconds_of(CLOCK_MONOTONIC) - s->forked;
    wait_for_thief(self, s, silent);
    FILCH_JOIN_VOID(start);
}

static void nap(long ns)
{
    nanosleep(&(struct timespec){.tv_nsec = ns}, NULL);
}

enum way { GIFT, FORCED, WOKEN };

/* One after another, so the other worker searches when the next is forked. WOKEN: the owner sleeps
 * first, so the other one finds nothing, and sleeps, too. */
FILCH_VOID_TASK(own_all, (stolen *, list), (int, way), (int, times))
{
    for (int i = 0; i < times; i++) {
        if (way == WOKEN)
            nap(LONG_AGO);
        own(self, &list[i], way == FORCED);
    }
}

/* Medians of those that another worker has taken, in ns; `took` below 0: there were none. */
static void measure(filch_runtime *rt, enum way way, double *took, double *owner)
{
    static const int times[] = {[GIFT] = 40, [FORCED] = 10, [WOKEN] = 3};
    stolen list[MOST] = {0};
    double at[MOST], of_owner[MOST];
    int count = 0;
    FILCH_RUN(rt, own_all, list, (int)way, times[way]);
    for (const stolen *s = list; s < list + times[way]; s++) {
        if (s->by == s->owner)
            continue;
        at[count] = (s->at - s->forked) * 1e9;
        of_owner[count++] = (way == WOKEN ? s->fork : s->longest) * 1e9;
    }
    *took = count ? median_of(at, (size_t)count) : -1;
    *owner = count ? median_of(of_owner, (size_t)count) : -1;
}

int calibrate_steals(calibrate_round *r)
{
    filch_runtime *rt;
    unsigned tier;
    double unused;
    r->gift = r->answer = r->forced = r->wake = r->woken = -1;
    if (!calibrate_tier(&tier))
        return 0;
    int rc = filch_runtime_create(&rt, &(filch_config){.size = sizeof(filch_config), .workers = 2});
    if (rc)
        return rc;
    measure(rt, GIFT, &r->gift, &r->answer);
    measure(rt, FORCED, &r->forced, &unused);
    measure(rt, WOKEN, &r->woken, &r->wake);
    return filch_runtime_destroy(rt);
}
