/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A fork and its join on one worker, by queue and fence; floor: a call of the same function
 * that is not inlined. And a fiber switch; floor: swapcontext. */
#include "micro.h"

#include <ucontext.h>

enum { BATCH = 1024 };

static const filch_config queues[] = {
    {.size = sizeof(filch_config), .workers = 1, .queue = "chase-lev", .fence = "asymmetric"},
    {.size = sizeof(filch_config), .workers = 1, .queue = "chase-lev", .fence = "full"},
    {.size = sizeof(filch_config), .workers = 1, .queue = "central-mutex"},
};
static const char *const queue_names[] = {"chase-lev", "chase-lev, full fence", "central-mutex"};

/* ---- A pair ---- */

__attribute__((noinline)) static long increment(long x)
{
    __asm__ volatile("" : "+r"(x));
    return x + 1;
}

FILCH_TASK(long, child, (long, x))
{
    return increment(x);
}

/* The whole loop runs on the worker, which therefore drives the state. */
FILCH_TASK(long, pairs, (shim_state *, state))
{
    long x = 0;
    while (shim_keep_running_batch(state, BATCH))
        for (int i = 0; i < BATCH; i++) {
            FILCH_FORK(child, x);
            FILCH_JOIN(x, child);
        }
    return x;
}

/* As in a recursion: there is an older task, so the join does not have to defend its own against
 * thieves. */
FILCH_TASK(long, pairs_above_another, (shim_state *, state))
{
    FILCH_FORK(child, 0);
    long x = pairs(self, state);
    FILCH_JOIN(long one, child);
    return x + one - 1;
}

static void measure_pairs(shim_state *state, bool above_another)
{
    int64_t which = shim_range(state);
    filch_runtime *rt = micro_runtime(state, &queues[which]);
    if (!rt)
        return;
    shim_label(state, queue_names[which]);
    long done =
        above_another ? FILCH_RUN(rt, pairs_above_another, state) : FILCH_RUN(rt, pairs, state);
    if (done != shim_iterations(state))
        shim_fail(state, "a pair was lost");
    filch_runtime_destroy(rt);
}

static void pair(shim_state *state)
{
    measure_pairs(state, true);
}

static void lone_pair(shim_state *state)
{
    measure_pairs(state, false);
}

static void plain_call(shim_state *state)
{
    long x = 0;
    while (shim_keep_running_batch(state, BATCH))
        for (int i = 0; i < BATCH; i++)
            x = increment(x);
    if (x != shim_iterations(state))
        shim_fail(state, "a call was lost");
}

/* ---- A switch: two fibers of one worker yield to each other; an iteration is there and back
 * ---- */

typedef struct yielding {
    filch_u32 stop; /* W1: set by the driving fiber; both run on the one worker */
    filch_u32 ended;
} yielding;

static void yield_until_stopped(filch_self self, void *arg)
{
    yielding *y = arg;
    while (!filch_u32_load(&y->stop, FILCH_ACQUIRE)) /* W1 */
        filch_yield(self);
    filch_u32_store(&y->ended, 1, FILCH_RELEASE); /* W2: y may go out of scope */
}

FILCH_VOID_TASK(yields, (shim_state *, state), (filch_runtime *, runtime))
{
    yielding y;
    filch_u32_store(&y.stop, 0, FILCH_RELAXED);  /* before the other fiber exists */
    filch_u32_store(&y.ended, 0, FILCH_RELAXED); /* likewise */
    if (filch_go(runtime, yield_until_stopped, &y)) {
        shim_fail(state, filch_error());
        return;
    }
    while (shim_keep_running(state))
        filch_yield(self);
    filch_u32_store(&y.stop, 1, FILCH_RELEASE);      /* W1 */
    while (!filch_u32_load(&y.ended, FILCH_ACQUIRE)) /* W2 */
        filch_yield(self);
}

static void yield_there_and_back(shim_state *state)
{
    filch_runtime *rt = micro_workers(state, 1);
    if (!rt)
        return;
    FILCH_RUN(rt, yields, state, rt);
    filch_runtime_stats stats;
    filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &stats, sizeof stats);
    shim_counter(state, "switches_each", (double)stats.switches / (double)shim_iterations(state));
    filch_runtime_destroy(rt);
}

static ucontext_t here, there;

static void swap_back(void)
{
    for (;;)
        swapcontext(&there, &here);
}

static void swapcontext_there_and_back(shim_state *state)
{
    static char stack[65536];
    getcontext(&there);
    there.uc_stack.ss_sp = stack;
    there.uc_stack.ss_size = sizeof stack;
    makecontext(&there, swap_back, 0);
    while (shim_keep_running(state))
        swapcontext(&here, &there);
}

void register_forkjoin(void)
{
    shim_benchmark *usual = shim_register("pair/filch", pair);
    shim_benchmark *lone = shim_register("lone pair/filch", lone_pair);
    for (size_t i = 0; i < sizeof queues / sizeof queues[0]; i++) {
        shim_argument(usual, (int64_t)i);
        shim_argument(lone, (int64_t)i);
    }
    shim_register("pair/floor/call", plain_call);
    shim_register("switch/filch/yield", yield_there_and_back);
    shim_register("switch/floor/swapcontext", swapcontext_there_and_back);
}
