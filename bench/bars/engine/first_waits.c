/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bar: tasks that wait for the first time, so that each needs a new fiber. In each round a new runtime lets
 * 100,000 tasks wait at once, twice: the first time cold, the second time warm, on the same fibers. The difference is
 * the cost of a new fiber. Its floor, in the same round: one thread maps as much memory, installs as many
 * guards, one by one, and writes to the same page of each unit. */
#include "bars.h"

#include <filch/atomic.h>
#include <sys/mman.h>
#include <unistd.h>

#define UNIT ((size_t)1 << 20)
#define GUARD ((size_t)128 << 10)     /* as in runtime/platform/memory/arena.h, */
#define HEADER_AT ((size_t)384 << 10) /* in that page */

enum { GUARD_INSTALL = 102, FIGURES = 5 };

typedef struct cost {
    double wall, cpu; /* seconds */
} cost;

static cost now(void)
{
    return (cost){measure_now(), measure_cpu()};
}

static cost since(cost from)
{
    cost to = now();
    return (cost){to.wall - from.wall, to.cpu - from.cpu};
}

/* ---- Tasks that wait ---- */

static filch_waitgroup gate, left;
static filch_u32 begun;

static void waits(filch_self self, void *unused)
{
    filch_u32_add(&begun, 1, FILCH_RELAXED); /* a number */
    filch_waitgroup_wait(&gate);
    filch_waitgroup_done(&left);
}

/* Until all tasks wait, or are about to. */
static cost waits_of(filch_runtime *rt, unsigned tasks)
{
    filch_u32_store(&begun, 0, FILCH_RELAXED); /* no task is there */
    filch_waitgroup_add(&gate, 1);
    filch_waitgroup_add(&left, tasks);
    cost from = now();
    for (unsigned i = 0; i < tasks; i++)
        measure_check(filch_go(rt, waits, NULL));
    while (filch_u32_load(&begun, FILCH_RELAXED) < tasks) /* a number */
        measure_sleep(100e-6);
    cost spent = since(from);
    filch_waitgroup_done(&gate);
    filch_waitgroup_wait(&left);
    return spent;
}

/* ---- The floor ---- */

static cost pages_of(unsigned units)
{
    cost from = now();
    size_t size = (units + 1) * UNIT;
    char *whole = mmap(NULL, size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    measure_expect(whole != MAP_FAILED, "no memory");
    madvise(whole, size, MADV_NOHUGEPAGE);
    char *unit = whole + (UNIT - (size_t)((uintptr_t)whole % UNIT));
    for (unsigned i = 0; i < units; i++, unit += UNIT) {
        madvise(unit, GUARD, GUARD_INSTALL); /* older kernels refuse, quickly */
        *(volatile char *)(unit + HEADER_AT) = 1;
    }
    cost spent = since(from);
    munmap(whole, size);
    return spent;
}

/* ---- The figures ---- */

static double each(double seconds, unsigned tasks)
{
    return seconds * 1e6 / tasks;
}

static void run_round(unsigned tasks, double figures[FIGURES])
{
    filch_runtime *rt = runtime_of(2, NULL);
    cost cold = waits_of(rt, tasks), warm = waits_of(rt, tasks);
    filch_runtime_destroy(rt);
    cost floor = pages_of(tasks);
    figures[0] = each(cold.wall - warm.wall, tasks);
    figures[1] = each(cold.cpu - warm.cpu, tasks);
    figures[2] = (cold.cpu - warm.cpu) / floor.cpu;
    figures[3] = cold.cpu / warm.cpu;
    figures[4] = each(floor.wall, tasks);
}

bool first_waits_judge(const bar *unused, const measure_options *options)
{
    static const struct {
        const char *what;
        enum measure_bound bound;
        double value;
    } rows[FIGURES] = {
        {"a first wait over a later one: us", MEASURE_AT_MOST, 5},
        {"the same: us of CPU time", MEASURE_REPORTED, 0},
        {"the same, over the bare pages' CPU time", MEASURE_AT_MOST, 1.3},
        {"CPU time of first waits / of later ones", MEASURE_REPORTED, 0},
        {"the bare pages of a fiber, one thread: us", MEASURE_REPORTED, 0},
    };
    static double at[FIGURES][MEASURE_ROUNDS];
    for (int round = -1; round < options->repeat; round++) {
        double figures[FIGURES];
        run_round((unsigned)options->size, figures);
        for (int i = 0; i < FIGURES && round >= 0; i++)
            at[i][round] = figures[i];
    }
    bool reached = true;
    for (int i = 0; i < FIGURES; i++)
        reached &= measure_judge(rows[i].what, measure_spread_of(at[i], options->repeat),
                                 rows[i].bound, rows[i].value);
    return reached;
}
