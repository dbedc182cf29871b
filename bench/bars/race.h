/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * One kernel in several columns as arms that take turns, each in a process of its own (served.h).
 * Add arms, run, judge; an arm whose peer was not built has no number, and a bar that needs it is
 * missed.
 *
 * Runs of some ten milliseconds are at the mercy of other users of the core. Another guest of the
 * same host makes x * a + b 1.8 times slower, or not, from one run to the next. For such runs a
 * round is several turns, and the best of an arm's turns counts. */
#ifndef BARS_RACE_H
#define BARS_RACE_H

#include "served.h"

#include <sys/mman.h>

enum { RACE_MOST = 12, RACE_NONE = -1, RACE_PAGE = 4096 };

typedef struct race {
    const char *kernel;
    kernel_size size;
    int repeat, count;
    int turns; /* of each arm in a round */
    measure_arm arms[RACE_MOST];
    served_arm served[RACE_MOST];
} race;

/* Of that many items: with the answer of the table where it has that size; others have to agree. */
static inline void race_open(race *r, const char *name, long n, int repeat)
{
    const kernel_row *row = kernel_find(name);
    memset(r, 0, sizeof *r);
    r->kernel = name;
    r->size.n = n;
    r->repeat = repeat;
    r->turns = 1;
    for (int i = 0; i < KERNEL_SIZES; i++)
        if (row->column[KERNEL_SERIAL]->sizes[i].n == n)
            r->size = row->column[KERNEL_SERIAL]->sizes[i];
}

static inline served_arm *race_add_arm(race *r, const char *name)
{
    served_arm *arm = &r->served[r->count];
    r->arms[r->count].name = name;
    r->arms[r->count++].context = arm;
    arm->size = r->size;
    arm->copies = 1;
    arm->place.workers = 1;
    return arm;
}

/* So many copies at once of the plain code. */
static inline int race_add_serial(race *r, const char *name, int copies)
{
    served_arm *arm = race_add_arm(r, name);
    kernel_in(kernel_find(r->kernel), KERNEL_SERIAL, NULL, &arm->kernel);
    arm->place.as = KERNEL_SERIAL;
    arm->copies = copies;
    arm->pinned = true;
    return r->count - 1;
}

/* Some kernel of Filch; NULL: the race's. */
static inline int race_add_filch(race *r, const char *name, const kernel *k, unsigned workers)
{
    served_arm *arm = race_add_arm(r, name);
    if (k)
        arm->kernel = *k;
    else
        kernel_in(kernel_find(r->kernel), KERNEL_FILCH, NULL, &arm->kernel);
    arm->place.as = KERNEL_FILCH;
    arm->place.workers = workers;
    return r->count - 1;
}

static inline int race_add_peer(race *r, const char *name, const char *whose, unsigned workers)
{
    const peer_row *row = peer_find(whose);
    kernel k;
    if (!row->peer || !kernel_in(kernel_find(r->kernel), KERNEL_PEER, row, &k)) {
        fprintf(stderr, "%s: no arm \"%s\": it needs %s\n", r->kernel, name, row->needs);
        return RACE_NONE;
    }
    served_arm *arm = race_add_arm(r, name);
    arm->kernel = k;
    arm->place.as = KERNEL_PEER;
    arm->place.peer = row;
    arm->place.workers = workers;
    return r->count - 1;
}

/* Another first state of the data for every arm. */
static inline void race_prepare_by(race *r, void (*prepare)(kernel_run *run))
{
    for (int i = 0; i < r->count; i++)
        r->served[i].kernel.prepare = prepare;
}

static inline void race_round(race *r, int round)
{
    for (int turn = 0; turn < r->turns; turn++)
        for (int i = 0; i < r->count; i++) {
            double seconds = served_once(r->arms[i].context), *best = &r->arms[i].at[round];
            *best = turn == 0 || seconds < *best ? seconds : *best;
        }
}

/* All arms work on the same pages: which ones a process gets decides more about a loop that is
 * bound by memory than what runs it. */
static inline void race_share(race *r)
{
    size_t bytes = r->served[0].kernel.bytes_each * (size_t)r->size.n;
    for (int copy = 0; bytes && copy < SERVED_COPIES; copy++) {
        void *memory = mmap(NULL, bytes + RACE_PAGE, PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        for (int i = 0; memory != MAP_FAILED && i < r->count; i++)
            r->served[i].memory[copy] = memory;
    }
}

static inline void race_unshare(race *r)
{
    size_t bytes = r->served[0].kernel.bytes_each * (size_t)r->size.n;
    for (int copy = 0; copy < SERVED_COPIES; copy++)
        if (r->served[0].memory[copy])
            munmap(r->served[0].memory[copy], bytes + RACE_PAGE);
}

static inline void race_run(race *r)
{
    race_share(r);
    for (int i = 0; i < r->count; i++)
        served_start(&r->served[i]);
    race_round(r, 0); /* to warm up; the next one takes its place */
    for (int round = 0; round < r->repeat; round++)
        race_round(r, round);
    for (int i = 0; i < r->count; i++) {
        served_stop(&r->served[i]);
        if (r->served[i].answer != r->served[0].answer)
            served_die(&r->served[i], "not the answer of the first arm");
        measure_show(r->kernel, &r->arms[i], 1e3, "ms", r->repeat);
    }
    race_unshare(r);
}

/* The faster of two by its median; one that is missing is not. */
static inline int race_faster(const race *r, int a, int b)
{
    if (a < 0 || b < 0)
        return a < 0 ? b : a;
    return measure_spread_of(r->arms[a].at, r->repeat).median <
                   measure_spread_of(r->arms[b].at, r->repeat).median
               ? a
               : b;
}

/* Judges scale x a / b. */
static inline bool race_judge(const race *r, const char *what, int a, int b, double scale,
                              enum measure_bound bound, double value)
{
    if (a < 0 || b < 0)
        return measure_judge_one(what, NAN, bound, value);
    return measure_judge(what, measure_ratio(&r->arms[a], &r->arms[b], scale, r->repeat), bound,
                         value);
}

#endif
