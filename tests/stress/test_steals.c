/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Steals, counted one by one. Every forked unit adds to a cell of its own that it has run, and
 * whether a thief ran it: on another fork stack than the one that forked it. After each round every
 * cell says "once", and every joined result is its own unit's; the runtimes' own counters have to
 * agree with what the cells say. Some rounds by default; FILCH_STEALS=1e9 in the environment asks
 * for that many steals of each kind, and for a tenth of single slots. */
#include <inttypes.h>
#include <sched/forkstack.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum {
    RAN = 1,
    STOLEN = 1 << 8,
    MOST = FL_SLOTS - FL_RESERVE - 20,
    STEALING_CONFIGS = 6,
    CELLS = 1 << 14
};

static filch_u32 cells[CELLS];
_Static_assert(MOST <= CELLS, "a cell for each unit");

static uint64_t steals_wanted(void)
{
    const char *text = getenv("FILCH_STEALS");
    return text && *text ? (uint64_t)atof(text) : 0;
}

/* On that queue which steals: few and many workers, both fences. */
static unsigned stealing_config(unsigned i)
{
    return 2 * i;
}

static void mark(filch_self self, filch_self forker, unsigned cell)
{
    bool stolen = filch_forkstack_of(self) != filch_forkstack_of(forker);
    filch_u32_add(&cells[cell], stolen ? RAN + STOLEN : RAN, FILCH_RELAXED); /* read after joins */
}

/* How many of the first `count` units were stolen; each ran once. */
static uint64_t collect(unsigned count, const char *name)
{
    uint64_t stolen = 0;
    for (unsigned i = 0; i < count; i++) {
        uint32_t cell = filch_u32_load(&cells[i], FILCH_RELAXED);
        cr_assert_eq(cell % STOLEN, RAN, "unit %u ran %u times on %s", i, cell % STOLEN, name);
        stolen += cell / STOLEN;
    }
    memset(cells, 0, sizeof cells);
    return stolen;
}

static uint64_t slots_given(const filch_runtime_stats *stats)
{
    return stats->gift_tasks + stats->robs;
}

/* Rounds on every configuration, or until enough were stolen in all of them together: the scheduler
 * decides how much that is per round. check: compares the runtime's counts with those of its
 * cells. */
static void steal(uint64_t wanted, uint64_t (*play)(filch_runtime *, uint64_t, const char *),
                  void (*check)(const filch_runtime_stats *, uint64_t, const char *))
{
    uint64_t seed = stress_seed(), round = seed;
    unsigned rounds = wanted ? 0 : stress_times(20);
    for (unsigned i = 0; i < STEALING_CONFIGS; i++) {
        const char *name = stress_name(stealing_config(i));
        filch_runtime *rt = stress_runtime(stealing_config(i), seed);
        uint64_t stolen = 0;
        for (unsigned k = 0; k < rounds || stolen < wanted / STEALING_CONFIGS; k++)
            stolen += play(rt, stress_mix(round++), name);
        filch_runtime_stats stats;
        filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &stats, sizeof stats);
        check(&stats, stolen, name);
        OK(filch_runtime_destroy(rt));
        printf("%" PRIu64 " steals on %s\n", stolen, name);
        fflush(stdout);
    }
}

/* ---- Flat: units are handed over by halves, and stolen again from their thief ---- */

FILCH_TASK(uint64_t, unit, (filch_self, forker), (unsigned, cell), (uint64_t, seed))
{
    mark(self, forker, cell);
    return stress_mix(seed + cell);
}

FILCH_TASK(unsigned, flat, (unsigned, count), (uint64_t, seed))
{
    unsigned wrong = 0;
    for (unsigned i = 0; i < count; i++)
        FILCH_FORK(unit, self, i, seed);
    for (unsigned i = count; i-- > 0;) {
        FILCH_JOIN(uint64_t value, unit);
        wrong += value != stress_mix(seed + i);
    }
    return wrong;
}

static uint64_t play_flat(filch_runtime *rt, uint64_t seed, const char *name)
{
    unsigned count = 1 + (unsigned)(seed % MOST);
    cr_assert_eq(FILCH_RUN(rt, flat, count, seed), 0, "%s", name);
    return collect(count, name);
}

/* Thieves fork the halves of their ranges; those of them that are stolen are counted by the runtime
 * alone. */
static void at_least(const filch_runtime_stats *stats, uint64_t stolen, const char *name)
{
    cr_assert_geq(slots_given(stats), stolen, "%s", name);
}

Test(steals, each_unit_of_gift_runs_once, .timeout = 86400)
{
    steal(steals_wanted(), play_flat, at_least);
}

/* ---- Tree: one slot at a time, each a theft of its own, between which thieves nap ---- */

enum { LEVELS = 7, TREE = (1 << LEVELS) - 1, TREES = 32 };
_Static_assert(TREES *TREE <= CELLS, "a cell for each unit");

/* Long enough for a thief to come, and never a system call: these are millions. */
static void spin(uint64_t turns)
{
    while (turns--)
        filch_pause();
}

/* Trees lie one behind the other in the cells, each a heap: the children of i are 2i + 1 and 2i +
 * 2. */
FILCH_TASK(uint64_t, tree, (filch_self, forker), (unsigned, cell), (uint64_t, seed))
{
    unsigned node = cell % TREE, left = cell + node + 1, right = left + 1;
    mark(self, forker, cell);
    if (node >= TREE / 2)
        return stress_mix(seed + cell);
    FILCH_FORK(tree, self, left, seed);
    FILCH_FORK(tree, self, right, seed);
    spin(stress_mix(seed + cell) % 256);
    FILCH_JOIN(uint64_t second, tree);
    FILCH_JOIN(uint64_t first, tree);
    return stress_mix(first ^ stress_mix(second + cell));
}

static uint64_t serial(unsigned cell, uint64_t seed)
{
    unsigned node = cell % TREE, left = cell + node + 1, right = left + 1;
    if (node >= TREE / 2)
        return stress_mix(seed + cell);
    return stress_mix(serial(left, seed) ^ stress_mix(serial(right, seed) + cell));
}

/* Returns how many trees had a wrong value. */
FILCH_TASK(unsigned, trees, (uint64_t, seed))
{
    unsigned wrong = 0;
    for (unsigned cell = 0; cell < TREES * TREE; cell += TREE)
        wrong += tree(self, self, cell, seed) != serial(cell, seed);
    return wrong;
}

static uint64_t play_trees(filch_runtime *rt, uint64_t seed, const char *name)
{
    cr_assert_eq(FILCH_RUN(rt, trees, seed), 0, "%s", name);
    return collect(TREES * TREE, name);
}

/* Where no stack is deep enough for a gift of many, nothing is stolen but units. */
static void exactly(const filch_runtime_stats *stats, uint64_t stolen, const char *name)
{
    if (2 * LEVELS > FL_HALF_FROM)
        at_least(stats, stolen, name);
    else
        cr_assert_eq(slots_given(stats), stolen, "%s", name);
}

Test(steals, both_sides_count_stolen_subtrees_once, .timeout = 86400)
{
    steal(steals_wanted() / 10, play_trees, exactly);
}

/* ---- Flushed: units lie in ready deques ---- */

FILCH_TASK(unsigned, flushed, (unsigned, count), (uint64_t, seed))
{
    unsigned wrong = 0;
    for (unsigned i = 0; i < count; i++)
        FILCH_FORK(unit, self, i, seed);
    filch_yield(self);
    for (unsigned i = count; i-- > 0;) {
        FILCH_JOIN(uint64_t value, unit);
        wrong += value != stress_mix(seed + i);
    }
    return wrong;
}

/* The runtime counts deque steals; items that the worker itself pops run on another stack, too. */
static uint64_t play_flushed(filch_runtime *rt, uint64_t seed, const char *name)
{
    filch_runtime_stats before, after;
    unsigned count = 1 + (unsigned)(seed % MOST);
    filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &before, sizeof before);
    cr_assert_eq(FILCH_RUN(rt, flushed, count, seed), 0, "%s", name);
    filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &after, sizeof after);
    collect(count, name);
    return after.deque_steals - before.deque_steals;
}

static void told(const filch_runtime_stats *stats, uint64_t stolen, const char *name)
{
    cr_assert_geq(stats->deque_steals, stolen, "%s", name);
}

Test(steals, units_of_flushed_stack_run_once, .timeout = 86400)
{
    steal(steals_wanted(), play_flushed, told);
}
