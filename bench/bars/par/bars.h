/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The bars of this folder; and one kernel in several columns as arms that take turns, each in a
 * process of its own (../child.h). Add arms, run, judge; an arm whose peer was not built has no
 * number, and a bar that needs it is missed.
 *
 * Runs of some ten milliseconds are at the mercy of other users of the core. Another guest of the
 * same host makes x * a + b 1.8 times slower, or not, from one run to the next. For such runs a
 * round is several turns, and the best of an arm's turns counts. */
#ifndef BARS_PAR_BARS_H
#define BARS_PAR_BARS_H

#include "../../kernels/par/par.h"
#include "../../kernels/place.h"
#include "../../peers/peer.h"
#include "../bar.h"
#include "../child.h"
#include "../runtimes.h"

#include <sys/mman.h>

bar_judge loops_for, loops_irregular, loops_small;
bar_judge sums_reduce, sums_scan;
bar_judge sorts_judge;

/* ---- An arm in processes of its own, since two OpenMP runtimes do not live in one ----
 *
 * Each child holds one place and one instance of the kernel; it restores its input, runs when it is
 * asked to, checks the answer, and says how long the run took. The next arm's turn comes when this
 * one's threads have come to rest. */

enum { SERVED_COPIES = 2 };

typedef struct served_reply {
    double from, till; /* of the run */
    uint64_t answer;
} served_reply;

typedef struct served_arm {
    kernel kernel;
    kernel_size size;
    kernel_place place;
    int copies; /* 2: two at once, each pinned to a CPU of its own */
    bool pinned;
    void *memory[SERVED_COPIES]; /* for each copy's data, or NULL */
    child_process children[SERVED_COPIES];
    uint64_t answer; /* of the last run */
} served_arm;

/* Which copy this process is. */
typedef struct served_place {
    served_arm *arm;
    int copy, cpu;
} served_place;

static inline void served_serve(child_process *c, void *context)
{
    const served_place *place = context;
    served_arm *arm = place->arm;
    kernel_run run = {.size = &arm->size, .memory = arm->memory[place->copy]};
    const kernel *k = &arm->kernel;
    served_reply reply;
    if (arm->pinned)
        measure_pin(place->cpu);
    measure_expect(!kernel_place_open(&arm->place, k) && (!k->setup || !k->setup(&run)),
                   "no place for a kernel, or no input");
    while (child_ordered(c)) {
        if (k->prepare)
            k->prepare(&run);
        reply.from = measure_now();
        k->run(arm->place.it, &run);
        reply.till = measure_now();
        if (k->finish)
            k->finish(&run);
        reply.answer = run.answer;
        measure_expect(kernel_answer_is_right(&run), "a kernel's answer is wrong");
        child_reply(c, &reply, sizeof reply);
    }
}

static inline void served_start(served_arm *arm)
{
    int cpus[2];
    measure_cpus(cpus);
    for (int i = 0; i < arm->copies; i++)
        child_start(&arm->children[i], arm->kernel.name, served_serve,
                    &(served_place){arm, i, cpus[i]});
}

static inline void served_stop(served_arm *arm)
{
    for (int i = 0; i < arm->copies; i++)
        child_stop(&arm->children[i]);
}

/* Seconds from the first start to the last end. */
static inline double served_once(void *context)
{
    served_arm *arm = context;
    served_reply replies[SERVED_COPIES];
    double from = 0, till = 0;
    for (int i = 0; i < arm->copies; i++)
        child_order(&arm->children[i]);
    for (int i = 0; i < arm->copies; i++) {
        child_await(&arm->children[i], &replies[i], sizeof replies[i]);
        from = i == 0 || replies[i].from < from ? replies[i].from : from;
        till = i == 0 || replies[i].till > till ? replies[i].till : till;
    }
    for (int i = 0; i < arm->copies; i++)
        child_rest(&arm->children[i]);
    arm->answer = replies[0].answer;
    return till - from;
}

/* ---- The race ---- */

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
        measure_expect(r->served[i].answer == r->served[0].answer,
                       "an answer is not that of the first arm");
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
