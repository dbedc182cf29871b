/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The 0/1 knapsack by branch and bound: takes an item or leaves it, and gives up a branch that
 * cannot beat the best knapsack found anywhere. How many tasks that takes depends on who finds
 * good knapsacks early: speculative work, which parallelism may save as well as waste. One worker
 * takes the item first, and so does the elision.
 *
 * The shared best is a hint and orders nothing: a task that reads an old one searches too much. */
#include "data.h"
#include "kernel.h"

#include <errno.h>

typedef struct item {
    long value, weight;
} item;

typedef struct sack {
    long count, capacity;
    filch_u64 best;
    item *items; /* by value for its weight, descending */
} sack;

static uint64_t best_known(const sack *s)
{
    return filch_u64_load(&s->best, FILCH_RELAXED);
}

static void tell_best(sack *s, long value)
{
    uint64_t best = best_known(s);
    while (best < (uint64_t)value &&
           !filch_u64_cas(&s->best, &best, (uint64_t)value, FILCH_RELAXED))
        ;
}

/* The best value from item `at` on, with so much capacity left; at least `value` has been packed.
 * 0: this branch cannot be the best. */
TASK(long, pack, (sack *, s), (long, at), (long, left), (long, value))
{
    if (at == s->count || left == 0) {
        tell_best(s, value);
        return value;
    }
    const item *next = &s->items[at];
    /* As if the rest could be filled with the best item that is left. */
    if ((uint64_t)(value + left * next->value / next->weight) <= best_known(s))
        return 0;
    FORK_LATER(long, without, pack, s, at + 1, left, value);
    long with = 0;
    if (next->weight <= left)
        with = CALL(pack, s, at + 1, left - next->weight, value + next->value);
    JOIN_LATER(long, without, pack, s, at + 1, left, value);
    return with > without ? with : without;
}

/* Weights and values that hardly differ in their ratio, so that bounds say little. */
static int by_ratio(const void *a, const void *b)
{
    const item *x = (const item *)a, *y = (const item *)b;
    const long left = x->value * y->weight, right = y->value * x->weight;
    return (left < right) - (left > right);
}

static int setup(kernel_run *run)
{
    const long n = run->size->n;
    if (!data_setup(run, sizeof(sack), (size_t)n * sizeof(item)))
        return -ENOMEM;
    sack *s = DATA(sack, run);
    *s = (sack){.count = n, .items = (item *)data_items(run)};
    uint64_t state = 2;
    for (long i = 0; i < n; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        const long weight = 1000 + (long)(state >> 40) % 1000;
        s->items[i] = (item){weight + (long)(state >> 20 & 0xfffff) % 100, weight};
        s->capacity += weight / 2;
    }
    qsort(s->items, (size_t)n, sizeof *s->items, by_ratio);
    return 0;
}

static void prepare(kernel_run *run)
{
    filch_u64_store(&DATA(sack, run)->best, 0, FILCH_RELAXED);
}

static void run_knapsack(void *place, kernel_run *run)
{
    sack *s = DATA(sack, run);
    run->answer = (uint64_t)RUN(place, pack, s, 0, s->capacity, 0);
}

const kernel KERNEL(knapsack) = {
    .name = "knapsack",
    .what = "branch and bound with a shared best: speculative tasks, as many as it takes",
    .source = "Cilk 5 distribution; the answers are those of dynamic programming",
    .sizes = {{"32 items", 32, 25082, 0}, {"64 items", 64, 49940, 0}, {"80 items", 80, 62781, 0}},
    .shown = KERNEL_WITH_ALL,
    .setup = setup,
    .prepare = prepare,
    .run = run_knapsack,
    .teardown = data_teardown,
};
