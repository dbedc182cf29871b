/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Models that are wrong on purpose: more than the checker can hold, threads that never end, claims
 * that break. selftest.sh runs each and demands its exit status and its message; none may ever be
 * called "ok". */
#include <filch/atomic.h>
#include <tests/model/checker/state.h>

#include <stdio.h>

enum { WORDS = MC_LOCATIONS + 1, PLAIN = 10000, MANY = 1 << 16 };
static filch_u32 word[WORDS], x, y;
static uint32_t plain[PLAIN];
static void *object;
static unsigned inside;

static void setup(void)
{
    filch_u32_store(&x, 0, FILCH_RELAXED);
    filch_u32_store(&y, 0, FILCH_RELAXED);
    inside = 0;
    object = mc_alloc(sizeof(uint64_t), 8);
    mc_name(&x, "x");
    mc_name(&y, "y");
    mc_name(object, "object");
    mc_name(plain, "plain");
}

/* ---- Limits ---- */

static void never_ends(unsigned thread)
{
    while (thread || !filch_u32_load(&x, FILCH_RELAXED))
        if (thread)
            filch_u32_load(&y, FILCH_RELAXED);
}

static void waits_for_nobody(unsigned thread)
{
    (void)thread;
    while (!filch_u32_load(&x, FILCH_ACQUIRE))
        filch_pause();
}

static void too_many_words(unsigned thread)
{
    for (int i = 0; i < WORDS; i++)
        filch_u32_store(&word[i], thread, FILCH_RELAXED);
}

static void too_many_stores(unsigned thread)
{
    for (uint32_t i = 0; i < MC_STORES; i++)
        filch_u32_store(&x, i + thread, FILCH_RELAXED);
}

static void too_many_choices(unsigned thread)
{
    (void)thread;
    for (int i = 0; i < MANY; i++)
        mc_choose(2);
}

static void too_many_plain_words(unsigned thread)
{
    for (int i = 0; i < PLAIN; i++)
        plain[i] = thread;
}

static void too_much_memory(unsigned thread)
{
    (void)thread;
    mc_alloc(MANY << 8, 8);
}

static void too_many_objects(unsigned thread)
{
    (void)thread;
    for (int i = 0; i < MANY; i++)
        mc_alloc(1, 1);
}

static void too_many_outcomes(unsigned thread)
{
    char text[16];
    (void)thread;
    for (int i = 0; i < MANY; i++) {
        snprintf(text, sizeof text, "%d", i);
        mc_outcome(text);
    }
}

static void setup_ignoring(void)
{
    for (int i = 0; i < 100; i++)
        mc_ignore(&word[i], sizeof word[i]);
}

/* ---- Claims ---- */

static void both(unsigned thread)
{
    (void)thread;
    filch_u32_add(&x, 1, FILCH_RELAXED);
}

static void many_times(unsigned thread)
{
    for (int i = 0; i < 3; i++)
        both(thread);
}

/* A lock without fences: it fails where each thread reads an old value, and nowhere else. */
MC_UNCHECKED static void come_in(void)
{
    MC_CLAIM(!inside++, "both came in");
}

static void torn(unsigned thread)
{
    filch_u32_store(thread ? &y : &x, 1, FILCH_RELEASE);
    if (!filch_u32_load(thread ? &x : &y, FILCH_ACQUIRE))
        come_in();
}

static void tell_x(void)
{
    mc_outcome(filch_u32_load(&x, FILCH_RELAXED) == 2 ? "2" : "other");
}

static void deadlock(unsigned thread)
{
    filch_u32 *mine = thread ? &y : &x, *other = thread ? &x : &y;
    mc_lock(mine, MC_HERE);
    mc_lock(other, MC_HERE);
    mc_unlock(other, MC_HERE);
    mc_unlock(mine, MC_HERE);
}

static void sleeps_for_ever(unsigned thread)
{
    if (thread)
        mc_futex_wait(&x, 0, false, MC_HERE);
}

static void race(unsigned thread)
{
    if (thread) {
        plain[0] = 1;
        filch_u32_store(&x, 1, FILCH_RELAXED);
    } else if (filch_u32_load(&x, FILCH_ACQUIRE)) {
        filch_u32_store(&y, plain[0], FILCH_RELAXED);
    }
}

static void read_race(unsigned thread)
{
    if (thread)
        filch_u32_store(&y, plain[0], FILCH_RELAXED);
    else if (filch_u32_load(&y, FILCH_RELAXED) == 0)
        plain[0] = 1;
}

static void used_after_free(unsigned thread)
{
    filch_u32 *at = object;
    if (thread && filch_u32_load(&x, FILCH_ACQUIRE)) {
        filch_u32_load(at, FILCH_RELAXED);
    } else if (!thread) {
        mc_free(object);
        filch_u32_store(&x, 1, FILCH_RELEASE);
    }
}

static void freed_too_early(unsigned thread)
{
    filch_u32 *at = object;
    if (thread) {
        filch_u32_load(at, FILCH_RELAXED);
        filch_u32_store(&x, 1, FILCH_RELAXED);
    } else if (filch_u32_load(&x, FILCH_ACQUIRE)) {
        mc_free(object);
    }
}

static void freed_twice(unsigned thread)
{
    if (thread) {
        mc_free(object);
        mc_free(object);
    }
}

static void reached_places(unsigned thread)
{
    if (filch_u32_add(&x, 1, FILCH_RELAXED) == thread)
        mc_reached(thread ? "right second" : "left first");
}

static void too_many_places(unsigned thread)
{
    static char names[65][8];
    for (unsigned i = 0; i < 65; i++) {
        snprintf(names[i], sizeof names[i], "%u", i);
        mc_reached(names[i]);
    }
    filch_u32_add(&x, thread, FILCH_RELAXED);
}

static void freed_elsewhere(unsigned thread)
{
    if (thread)
        mc_free(&x);
}

static void beyond_the_end(unsigned thread)
{
    if (thread)
        filch_u64_load((filch_u64 *)((char *)object + 4), FILCH_RELAXED);
}

/* A word, and its upper half. */
static void two_sizes(unsigned thread)
{
    if (!thread)
        return;
    filch_u64_store(object, 0, FILCH_RELAXED);
    filch_u32_store((filch_u32 *)object + 1, 1, FILCH_RELAXED);
}

static void plain_too_early(unsigned thread)
{
    if (thread)
        x.filch_value = 0;
    else
        filch_u32_store(&x, 1, FILCH_RELAXED);
}

/* ---- Threads that are declared alike, and are not ---- */

static void own_number(unsigned thread)
{
    filch_u32_store(&x, thread, FILCH_RELAXED);
}

/* Only one of them does more with the second ticket. */
static void own_ticket(unsigned thread)
{
    if (filch_u32_add(&x, 1, FILCH_RELAXED) == 1 && thread)
        filch_u32_store(&y, 1, FILCH_RELAXED);
}

static void own_word_untold(unsigned thread)
{
    filch_u32_store(thread ? &y : &x, 1, FILCH_RELAXED);
}

static void setup_own(void)
{
    setup();
    mc_own(0, &x, sizeof x);
    mc_own(1, &y, sizeof y);
}

static void names_another(unsigned thread)
{
    filch_u32_load(thread ? &x : &y, FILCH_RELAXED);
}

static void joins_another(unsigned thread)
{
    if (!thread)
        mc_join(1, MC_HERE);
}

#define TWO                                                                                        \
    {                                                                                              \
        "left", "right"                                                                            \
    }
#define ROW(name, ...)                                                                             \
    {                                                                                              \
#name, "see selftest.sh", TWO, setup, name, __VA_ARGS__                                    \
    }

const mc_model mc_models[] = {
    ROW(never_ends, .bound = 1),
    ROW(waits_for_nobody, .bound = 0),
    ROW(too_many_words, .bound = 1),
    ROW(too_many_stores, .bound = 1),
    ROW(too_many_choices, .bound = 1),
    ROW(too_many_plain_words, .bound = 1),
    ROW(too_much_memory, .bound = 1),
    ROW(too_many_objects, .bound = 1),
    ROW(too_many_outcomes, .bound = 1),
    {"too_many_ignored", "see selftest.sh", TWO, setup_ignoring, both, NULL, .bound = 0},
    {"too_many_threads",
     "see selftest.sh",
     {"1", "2", "3", "4", "5", "6", "7"},
     setup,
     both,
     NULL,
     .bound = 0},
    ROW(torn, .bound = 0),
    {"wrong_outcomes", "see selftest.sh", TWO, setup, both, tell_x, .outcomes = "1 2"},
    ROW(reached_places, .reaches = {"left first", "right second"}),
    {"unreached_places", "see selftest.sh", TWO, setup, reached_places,
     .reaches = {"left first", "left second"}},
    {"demands_nothing", "see selftest.sh", TWO, setup, reached_places, .bound = 0},
    ROW(too_many_places, .bound = 0),
    ROW(deadlock, .bound = 0),
    ROW(sleeps_for_ever, .bound = 0),
    ROW(race, .bound = 0),
    ROW(read_race, .bound = 0),
    ROW(used_after_free, .bound = 0),
    ROW(freed_too_early, .bound = 0),
    ROW(freed_twice, .bound = 0),
    ROW(freed_elsewhere, .bound = 0),
    ROW(beyond_the_end, .bound = 0),
    ROW(two_sizes, .bound = 0),
    ROW(plain_too_early, .bound = 0),
    ROW(own_number, .alike = "aa"),
    ROW(own_ticket, .alike = "aa"),
    ROW(own_word_untold, .alike = "aa"),
    {"names_another", "see selftest.sh", TWO, setup_own, names_another, .alike = "aa"},
    ROW(joins_another, .alike = "aa"),
    {"long",
     "a search that takes its time",
     {"1", "2", "3", "4", "5", "6"},
     setup,
     many_times,
     NULL,
     .bound = 0},
    {.name = NULL}};
