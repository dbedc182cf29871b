/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Shared by the tests of the parallel algorithms: the runtimes, the sizes, the random numbers, a
 * loop that another worker has to help with. */
#ifndef SUPPORT_PAR_H
#define SUPPORT_PAR_H

#include <filch/par.h>
#include <runtime/par/site.h>
#include <tests/support/build.h>
#include <tests/support/patience.h>
#include <tests/support/stress.h>
#include <tests/support/test.h>

enum { PAR_RUNTIMES = 4 };
static const unsigned par_workers[PAR_RUNTIMES] = {1, 2, 8, 64};

static inline filch_runtime *par_runtime(unsigned workers)
{
    filch_runtime *rt;
    filch_config config = {.size = sizeof config, .workers = workers, .stack_size = 1 << 20};
    if (filch_runtime_create(&rt, &config))
        filch_die("%s", filch_error());
    return rt;
}

static inline uint64_t par_random(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    return stress_mix(*state);
}

/* 0 to most, small ones as often as large ones; less where everything takes longer. */
static inline size_t par_size(uint64_t *state, size_t most)
{
    if (BUILD_TSAN || BUILD_ASAN || BUILD_TINY)
        most = most / 10 + 1;
    size_t below = (size_t)1 << par_random(state) % 21;
    size_t size = (size_t)par_random(state) % below;
    return size < most ? size : size % most;
}

/* As if each iteration of a call had taken `ns`. */
static inline void par_teach(filch_for_fn *body, size_t n, uint64_t ns)
{
    const void *site = (const void *)(uintptr_t)body;
    const fl_lesson_call call = {.n = n ? n : 1, .worked = (n ? n : 1) * ns};
    fl_lesson lesson = {.tag = fl_site_recall(site, n).tag};
    fl_lesson_learn(&lesson, &call);
    fl_site_keep(site, n, lesson);
}

/* A body for 64 indices, taught to be long, so that it forks first. Index 0 ends when one of the upper
 * quarter has run, which another worker must do; arg: a filch_u32, 0. */
static inline int par_await_helper(filch_self self, size_t begin, size_t end, void *arg)
{
    filch_u32 *upper = arg;
    for (; begin < end; begin++) {
        if (begin >= 48)
            filch_u32_store(upper, 1, FILCH_RELAXED);
        for (unsigned turn = 0; begin == 0 && !filch_u32_load(upper, FILCH_RELAXED); turn++)
            be_patient(turn);
    }
    return 0;
}

#endif
