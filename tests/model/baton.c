/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The baton of virtual threads. Real: runtime/platform/virtual/baton. Each thread waits for the baton,
 * counts, and gives it to the next one, round and round.
 *
 * Claims: one thread at a time has the baton, and sees the last one's writes; all have their turns.
 * The outcomes show that threads sleep, and that some find the baton without. */
#include <runtime/platform/futex.h>
#include <runtime/platform/virtual/baton.h>

#include <tests/model/checker/check.h>
#include <tests/model/system/system.h>

#include <string.h>

static struct shape {
    unsigned threads, turns;
} shape;

static struct {
    fl_baton of[MC_THREADS];
    unsigned turns; /* plain: its holder's */
} baton;
static unsigned holders;
static bool slept[MC_THREADS];

/* ---- Futexes ---- */

MC_UNCHECKED bool fl_futex_system_wait(filch_u32 *word, uint32_t value, int64_t until)
{
    (void)until;
    slept[mc_self()] = true;
    return mc_futex_wait(word, value, false, MC_HERE);
}

void fl_futex_system_wake(filch_u32 *word, int count)
{
    mc_futex_wake(word, (unsigned)count, MC_HERE);
}

/* ---- Threads ---- */

MC_UNCHECKED static void tell_how(void)
{
    mc_outcome(slept[mc_self()] ? "slept" : "there");
    slept[mc_self()] = false;
}

/* Plain: two that have no order are a race. */
static void begin_turn(void)
{
    MC_CLAIM(!holders++, "two have the baton");
    tell_how();
}

static void end_turn(void)
{
    holders--;
}

static void body(unsigned thread)
{
    for (unsigned i = 0; i < shape.turns; i++) {
        if (i || thread) /* the first one begins with it */
            fl_baton_await(&baton.of[thread]);
        begin_turn();
        bool last = ++baton.turns == shape.threads * shape.turns;
        end_turn();
        if (!last)
            fl_baton_give(&baton.of[(thread + 1) % shape.threads]);
    }
}

static void lay_out(struct shape chosen)
{
    shape = chosen;
    holders = 0;
    memset(slept, 0, sizeof slept);
    memset(&baton, 0, sizeof baton);
    mc_name(&baton.turns, "turns");
}

static void finish(void)
{
    MC_CLAIM(baton.turns == shape.threads * shape.turns, "a turn is lost");
}

MC_SHAPE(two, .threads = 2, .turns = 2)
MC_SHAPE(three, .threads = 3, .turns = 1)

#define ROW(name, what, ...)                                                                       \
    {                                                                                              \
#name, what, .setup = setup_##name, .body = body, .finish = finish,                        \
                     .outcomes = "slept there", __VA_ARGS__                                        \
    }

const mc_model mc_models[] = {ROW(two, "two threads, two turns each",
                                  .threads = {"one", "another"}),
                              ROW(three, "three threads, one turn each",
                                  .threads = {"one", "another", "third"}),
                              {.name = NULL}};
