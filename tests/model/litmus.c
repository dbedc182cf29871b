/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Does the checker itself tell the truth? The small programs on which memory models are compared:
 * tests/model/litmus/programs.txt has them, generate.py makes functions and rows of them, each with
 * the exact set of outcomes. No verdict is typed: the sets are those of the axioms of RC11.
 *
 * The rows that are written here show what those axioms do not speak of: hints, plain data,
 * futexes. Each of their outcomes is what the two loads returned. */
#include <filch/atomic.h>

#include <stdio.h>
#include <string.h>

static filch_u32 x, y, z;
static uint32_t plain;
static unsigned r[8];

static void setup(void)
{
    filch_u32_store(&x, 0, FILCH_RELAXED);
    filch_u32_store(&y, 0, FILCH_RELAXED);
    filch_u32_store(&z, 0, FILCH_RELAXED);
    plain = 0;
    memset(r, 0, sizeof r);
    mc_name(&x, "x");
    mc_name(&y, "y");
    mc_name(&z, "z");
    mc_name(&plain, "plain");
}

/* Returns what it found. */
static uint32_t cas(filch_u32 *word, uint32_t expected, uint32_t value, filch_order order)
{
    filch_u32_cas(word, &expected, value, order);
    return expected;
}

#include <tests/model/litmus_rows.h>

static void two(void)
{
    char word[16];
    snprintf(word, sizeof word, "%u%u", r[0], r[1]);
    mc_outcome(word);
}

/* ---- Hints, plain data, waiting ---- */

static void pause_orders(unsigned thread)
{
    filch_u32_store(thread ? &y : &x, 1, FILCH_RELAXED);
    filch_pause();
    r[thread] = filch_u32_load(thread ? &x : &y, FILCH_RELAXED);
}

/* The pausing thread may go on before the other has done anything: both of its additions come first. */
static void pause_passes(unsigned thread)
{
    r[thread] = filch_u32_add(&x, 1, FILCH_RELAXED);
    if (thread)
        return;
    filch_pause();
    filch_u32_add(&x, 1, FILCH_RELAXED);
}

/* A loop sees a store in the end. */
static void pause_waits(unsigned thread)
{
    if (thread == 0)
        filch_u32_store(&x, 1, FILCH_RELAXED);
    else
        while (!r[1]) {
            filch_pause();
            r[1] = filch_u32_load(&x, FILCH_RELAXED);
        }
}

static void plain_again(unsigned thread)
{
    if (thread)
        return;
    filch_u32_store(&x, 1, FILCH_RELAXED);
    memset(&x, 0, sizeof x);
    r[0] = filch_u32_load(&x, FILCH_RELAXED);
}

static void handed_over(unsigned thread)
{
    if (thread == 0) {
        mc_plain(&plain, sizeof plain, true);
        filch_u32_store(&x, 1, FILCH_RELEASE);
    } else if (filch_u32_load(&x, FILCH_ACQUIRE)) {
        mc_plain(&plain, sizeof plain, false);
        r[1] = 1;
    }
}

static void futex(unsigned thread)
{
    if (thread == 0) {
        filch_u32_store(&x, 1, FILCH_RELEASE);
        mc_futex_wake(&x, 1, MC_HERE);
    } else {
        while (!filch_u32_load(&x, FILCH_ACQUIRE))
            mc_futex_wait(&x, 0, false, MC_HERE);
        r[1] = 1;
    }
}

#define PAIR                                                                                       \
    {                                                                                              \
        "first", "second"                                                                          \
    }
#define ROW(body, expected, what)                                                                  \
    {                                                                                              \
#body, what, PAIR, setup, body, two, .outcomes = expected                                  \
    }

const mc_model mc_models[] = {LITMUS_ROWS,
                              ROW(pause_orders, "00 01 10 11", "a pause is a hint, and no fence"),
                              ROW(pause_passes, "01 02 10", "a pause need not wait for others"),
                              ROW(pause_waits, "01", "a loop that pauses goes on"),
                              ROW(plain_again, "00", "a plain store makes another word"),
                              ROW(handed_over, "00 01", "plain data behind a flag"),
                              ROW(futex, "01", "a waiter is woken"),
                              {.name = NULL}};
