/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Loops. A static one gets its part of the iterations here, once; any other takes chunks of a share. Bounds
 * include the last iteration. */
#include <runtime/openmp/kmpc/kmpc.h>

#include <runtime/openmp/loop.h>

#include <stdio.h>
#include <stdlib.h>

/* ---- Schedules, by clang's numbers ---- */

enum {
    MODIFIERS = 3 << 29,
    NONMONOTONIC = 1 << 30,
    NO_MERGE = 128, /* the same schedules again */
    FIRST_NO_MERGE = 160,
    BALANCED = 45, /* static, in chunks that are multiples of a size */
    STATIC_CHUNKED = 33,
    ORDERED = 64, /* from here on, to LAST_ORDERED */
    LAST_ORDERED = 72,
    DISTRIBUTE_CHUNKED = 91,
    DISTRIBUTE = 92
};

static int schedule_of(int32_t number)
{
    const int plain = number & ~MODIFIERS;
    return plain >= FIRST_NO_MERGE ? plain - NO_MERGE : plain;
}

/* Those of loops that take chunks; ordered ones have 32 more. */
static const struct {
    unsigned char kind;
    bool chunk; /* it has a chunk size */
} schedules[] = {
    [33] = {FL_OMP_STATIC, true}, [34] = {FL_OMP_STATIC, false},  [35] = {FL_OMP_DYNAMIC, true},
    [36] = {FL_OMP_GUIDED, true}, [37] = {FL_OMP_RUNTIME, false}, [38] = {FL_OMP_AUTO, false},
    [39] = {FL_OMP_GUIDED, true}, [40] = {FL_OMP_STATIC, false},  [41] = {FL_OMP_STATIC, false},
    [42] = {FL_OMP_GUIDED, true}, [43] = {FL_OMP_GUIDED, true},   [44] = {FL_OMP_DYNAMIC, true},
    [45] = {FL_OMP_STATIC, true}, [46] = {FL_OMP_GUIDED, true},   [47] = {FL_OMP_RUNTIME, false},
};

static void plan_schedule(fl_omp_plan *plan, int32_t number, int64_t chunk)
{
    const int schedule = schedule_of(number);
    plan->ordered = schedule >= ORDERED && schedule <= LAST_ORDERED;
    const int base = plan->ordered ? schedule - (ORDERED - 32) : schedule;
    if (base < STATIC_CHUNKED || base > 47) {
        fprintf(stderr, "libomp on Filch: unknown schedule %d\n", number);
        abort();
    }
    const unsigned monotonic = number & NONMONOTONIC ? 0 : FL_OMP_MONOTONIC;
    fl_omp_plan_schedule(plan, schedules[base].kind | monotonic,
                         schedules[base].chunk && chunk > 0 ? (uint64_t)chunk : 0);
}

/* ---- Static loops ---- */

/* Those that share out the iterations: threads of a team, or teams of a league. */
typedef struct party {
    uint64_t number, size;
} party;

static party threads(void)
{
    const fl_omp_thread *thread = fl_omp_here();
    return (party){thread->number, thread->team->size};
}

static party teams(void)
{
    const fl_omp_icv *icv = fl_omp_icv_here();
    return (party){icv->team, icv->teams ? icv->teams : 1};
}

/* The first part of a party's iterations, and how far it is to the next one. */
typedef struct part {
    uint64_t from, count, stride;
    bool last; /* it has the last iteration, in some part */
} part;

static part even_part(uint64_t all, party of)
{
    const uint64_t each = all / of.size, longer = all % of.size;
    const uint64_t from = of.number * each + (of.number < longer ? of.number : longer);
    const uint64_t count = each + (of.number < longer);
    return (part){from, count, all, count && from + count == all};
}

static part chunked_part(uint64_t all, party of, uint64_t chunk)
{
    chunk = chunk < 1 ? 1 : chunk > all ? all : chunk;
    const uint64_t chunks = (all - 1) / chunk + 1;
    part it = {.stride = chunks <= of.size ? all : chunk * of.size,
               .last = (chunks - 1) % of.size == of.number};
    if (of.number < chunks) {
        it.from = of.number * chunk;
        it.count = all - it.from < chunk ? all - it.from : chunk;
    }
    return it;
}

/* all > 0 */
static part part_of(uint64_t all, party of, int schedule, int64_t chunk)
{
    const uint64_t size = chunk > 0 ? (uint64_t)chunk : 1;
    if (schedule == BALANCED)
        return chunked_part(all, of, ((all - 1) / of.size / size + 1) * size);
    if (schedule == STATIC_CHUNKED || schedule == DISTRIBUTE_CHUNKED)
        return chunked_part(all, of, size);
    return even_part(all, of);
}

#define NUMBER int32_t
#define UNSIGNED uint32_t
#define SIGNED int32_t
#define NAME(name) name##_4
#include <runtime/openmp/kmpc/loop_template.h>

#define NUMBER uint32_t
#define UNSIGNED uint32_t
#define SIGNED int32_t
#define NAME(name) name##_4u
#include <runtime/openmp/kmpc/loop_template.h>

#define NUMBER int64_t
#define UNSIGNED uint64_t
#define SIGNED int64_t
#define NAME(name) name##_8
#include <runtime/openmp/kmpc/loop_template.h>

#define NUMBER uint64_t
#define UNSIGNED uint64_t
#define SIGNED int64_t
#define NAME(name) name##_8u
#include <runtime/openmp/kmpc/loop_template.h>

FL_OMP_ENTRY(void, __kmpc_for_static_fini, fl_kmpc_ident *at, int32_t thread)
{
    (void)at, (void)thread;
}

/* A loop that has been cancelled may not have been left. */
FL_OMP_ENTRY(void, __kmpc_dispatch_deinit, fl_kmpc_ident *at, int32_t thread)
{
    (void)at, (void)thread;
    fl_kmpc_leave_loop(fl_omp_here());
}
