/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A worker turns from one thing to the next, and a reader asks how long it has done each. Real:
 * sched/times. The clock is the number of times it was read.
 *
 * Claims: a look returns all the time from the beginning to the moment of the look, and no more;
 * the values read never fall. */
#include <sched/times.h>

#include <string.h>
#include <tests/model/checker/check.h>
#include <tests/model/system/reaches.h>

enum { WORKER = 0, BEGINNING = 1 };

static fl_times times;
static int64_t ticks, looked_at;

static struct shape {
    unsigned turns, reads; /* reads: 0: one look */
} shape;

/* ---- Threads ---- */

MC_UNCHECKED static int64_t tick(void)
{
    looked_at = mc_self() == WORKER ? looked_at : ticks + 1;
    return ++ticks;
}

static void turn(void)
{
    for (unsigned i = 1; i <= shape.turns; i++)
        fl_times_turn(&times, (enum fl_doing)(i % FL_SLEEPING), tick());
}

MC_UNCHECKED static int64_t elapsed(void)
{
    return looked_at - BEGINNING;
}

/* Each activity is read, and nothing behind them is written. */
static uint64_t sum(const uint64_t spent[FL_DOINGS + 1])
{
    uint64_t whole = 0;
    for (unsigned i = 0; i < FL_DOINGS; i++) {
        MC_CLAIM(spent[i] != UINT64_MAX, "a time is not read");
        whole += spent[i];
    }
    MC_CLAIM(spent[FL_DOINGS] == UINT64_MAX, "more times are read than there are");
    return whole;
}

static void look(void)
{
    uint64_t spent[FL_DOINGS + 1];
    memset(spent, -1, sizeof spent);
    bool seen = fl_times_look(&times, tick, spent);
    mc_outcome(seen ? "seen" : "turning");
    if (seen)
        MC_CLAIM((int64_t)sum(spent) == elapsed(), "the parts are not the whole");
}

static void read_again(void)
{
    uint64_t before[FL_DOINGS + 1] = {0}, now[FL_DOINGS + 1];
    for (unsigned i = 0; i < shape.reads; i++) {
        memset(now, -1, sizeof now);
        fl_times_read(&times, tick, now);
        sum(now);
        for (unsigned k = 0; k < FL_DOINGS; k++)
            MC_CLAIM(now[k] >= before[k], "a time falls");
        if (now[FL_SEARCHING])
            reaches_note(i ? "a turn seen by the second" : "a turn seen by the first");
        memcpy(before, now, sizeof before);
    }
    mc_outcome("read");
}

static void body(unsigned thread)
{
    if (thread == WORKER)
        turn();
    else if (shape.reads)
        read_again();
    else
        look();
}

/* ---- Before ---- */

static void lay_out(struct shape chosen)
{
    shape = chosen;
    ticks = BEGINNING;
    reaches_setup();
    memset(&times, 0, sizeof times);
    fl_times_begin(&times, FL_WORKING, BEGINNING);
    mc_name(&times.since, "since");
    mc_name(&times.spent[FL_WORKING], "working");
    mc_name(&times.spent[FL_SEARCHING], "searching");
    mc_name(&times.shown, "shown");
}

MC_SHAPE(look, .turns = 2)
MC_SHAPE(looks, .turns = 3)
MC_SHAPE(reads, .turns = 1, .reads = 2)

#define ROW(name, what, ...)                                                                       \
    {                                                                                              \
#name, what,                                                                               \
            .threads = {"worker", "reader" }, .setup = setup_##name, .body = body,                 \
                                              .finish = reaches_tell, __VA_ARGS__                  \
    }

const mc_model mc_models[] = {ROW(look, "two turns", .outcomes = "seen turning"),
                              ROW(looks, "three turns", .bound = 0, .outcomes = "seen turning"),
                              ROW(reads, "a turn, read twice", .bound = 0, .outcomes = "read",
                                  .reaches = {"a turn seen by the first",
                                              "a turn seen by the second"}),
                              {.name = NULL}};
