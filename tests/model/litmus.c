/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Does the checker itself tell the truth? The classic small programs with the exact set of outcomes
 * that C11, as C++20 corrected it, allows. Outcomes that are allowed but that the checker does not
 * produce are noted beside each. Each outcome lists the values that the loads returned, in the
 * threads' order. */
#include <filch/atomic.h>

#include <stdio.h>
#include <string.h>

static filch_u32 x, y, z;
static filch_u64 wide;
static uint32_t plain;
static unsigned r[4];

static void setup(void)
{
    filch_u32_store(&x, 0, FILCH_RELAXED);
    filch_u32_store(&y, 0, FILCH_RELAXED);
    filch_u32_store(&z, 0, FILCH_RELAXED);
    filch_u64_store(&wide, 0, FILCH_RELAXED);
    plain = 0;
    r[0] = r[1] = r[2] = r[3] = 0;
    mc_name(&x, "x");
    mc_name(&y, "y");
    mc_name(&z, "z");
    mc_name(&wide, "wide");
    mc_name(&plain, "plain");
}

static void two(void)
{
    char word[16];
    snprintf(word, sizeof word, "%u%u", r[0], r[1]);
    mc_outcome(word);
}

static void four(void)
{
    char word[16];
    snprintf(word, sizeof word, "%u%u%u%u", r[0], r[1], r[2], r[3]);
    mc_outcome(word);
}

/* ---- Store buffering: each stores, then looks at the other ---- */

#define STORE_BUFFERING(name, store_x, load_y, store_y, load_x)                                    \
    static void name(unsigned thread)                                                              \
    {                                                                                              \
        if (thread == 0) {                                                                         \
            store_x;                                                                               \
            r[0] = load_y;                                                                         \
        } else {                                                                                   \
            store_y;                                                                               \
            r[1] = load_x;                                                                         \
        }                                                                                          \
    }

#define STORE(to, order) filch_u32_store(&(to), 1, FILCH_##order)
#define LOAD(from, order) filch_u32_load(&(from), FILCH_##order)
#define FENCED(operation) (operation, filch_fence_seq_cst())

STORE_BUFFERING(sb_fences, FENCED(STORE(x, RELAXED)), LOAD(y, RELAXED), FENCED(STORE(y, RELAXED)),
                LOAD(x, RELAXED))
STORE_BUFFERING(sb_one_fence, FENCED(STORE(x, RELAXED)), LOAD(y, RELAXED), STORE(y, RELAXED),
                LOAD(x, RELAXED))
STORE_BUFFERING(sb_seq_cst, STORE(x, SEQ_CST), LOAD(y, SEQ_CST), STORE(y, SEQ_CST),
                LOAD(x, SEQ_CST))
STORE_BUFFERING(sb_stores_seq_cst, STORE(x, SEQ_CST), LOAD(y, RELAXED), STORE(y, SEQ_CST),
                LOAD(x, RELAXED))
STORE_BUFFERING(sb_release_acquire, STORE(x, RELEASE), LOAD(y, ACQUIRE), STORE(y, RELEASE),
                LOAD(x, ACQUIRE))
STORE_BUFFERING(sb_access_and_fence, STORE(x, SEQ_CST), LOAD(y, SEQ_CST), FENCED(STORE(y, RELAXED)),
                LOAD(x, RELAXED))
STORE_BUFFERING(sb_membarrier, (STORE(x, RELAXED), filch_fence_light()), LOAD(y, RELAXED),
                (STORE(y, RELAXED), mc_membarrier(MC_HERE)), LOAD(x, RELAXED))
STORE_BUFFERING(sb_light_alone, (STORE(x, RELAXED), filch_fence_light()), LOAD(y, RELAXED),
                FENCED(STORE(y, RELAXED)), LOAD(x, RELAXED))

/* ---- Message passing: data, then a flag ---- */

#define MESSAGE_PASSING(name, write, read)                                                         \
    static void name(unsigned thread)                                                              \
    {                                                                                              \
        if (thread == 0) {                                                                         \
            STORE(x, RELAXED);                                                                     \
            write;                                                                                 \
        } else {                                                                                   \
            r[0] = read;                                                                           \
            r[1] = LOAD(x, RELAXED);                                                               \
        }                                                                                          \
    }

static uint32_t load_and_fence(void)
{
    uint32_t value = LOAD(y, RELAXED);
    filch_fence_seq_cst();
    return value;
}

MESSAGE_PASSING(mp_release_acquire, STORE(y, RELEASE), LOAD(y, ACQUIRE))
MESSAGE_PASSING(mp_relaxed, STORE(y, RELAXED), LOAD(y, RELAXED))
MESSAGE_PASSING(mp_release_relaxed, STORE(y, RELEASE), LOAD(y, RELAXED))
MESSAGE_PASSING(mp_fence_fence, (filch_fence_seq_cst(), STORE(y, RELAXED)), load_and_fence())
MESSAGE_PASSING(mp_exchange, filch_u32_exchange(&y, 1, FILCH_ACQ_REL),
                filch_u32_exchange(&y, 2, FILCH_ACQ_REL))

/* ---- Independent reads of independent writes ---- */

#define INDEPENDENT_READS(name, store, load)                                                       \
    static void name(unsigned thread)                                                              \
    {                                                                                              \
        switch (thread) {                                                                          \
        case 0:                                                                                    \
            STORE(x, store);                                                                       \
            break;                                                                                 \
        case 1:                                                                                    \
            STORE(y, store);                                                                       \
            break;                                                                                 \
        case 2:                                                                                    \
            r[0] = LOAD(x, load);                                                                  \
            r[1] = LOAD(y, load);                                                                  \
            break;                                                                                 \
        default:                                                                                   \
            r[2] = LOAD(y, load);                                                                  \
            r[3] = LOAD(x, load);                                                                  \
        }                                                                                          \
    }

INDEPENDENT_READS(iriw_release_acquire, RELEASE, ACQUIRE)
INDEPENDENT_READS(iriw_seq_cst, SEQ_CST, SEQ_CST)

/* ---- Release sequences ---- */

static void release_then_rmw(unsigned thread)
{
    switch (thread) {
    case 0:
        STORE(z, RELAXED);
        STORE(x, RELEASE);
        break;
    case 1:
        filch_u32_add(&x, 1, FILCH_RELAXED);
        break;
    default:
        r[0] = LOAD(x, ACQUIRE);
        r[1] = LOAD(z, RELAXED);
    }
}

static void release_then_store(unsigned thread)
{
    if (thread == 0) {
        STORE(z, RELAXED);
        STORE(x, RELEASE);
        filch_u32_store(&x, 2, FILCH_RELAXED);
    } else {
        r[0] = LOAD(x, ACQUIRE);
        r[1] = LOAD(z, RELAXED);
    }
}

/* ---- Outcomes that the checker does not produce: docs/verification.md. Each row has the set of
 * today; it fails when the checker learns more, and then that page has to change ---- */

static void after_seq_cst(unsigned thread)
{
    if (thread == 0) {
        STORE(x, SEQ_CST);
        STORE(y, RELAXED);
    } else {
        r[0] = LOAD(y, RELAXED);
        r[1] = LOAD(x, SEQ_CST);
    }
}

static void after_seq_cst_exchange(unsigned thread)
{
    if (thread == 0) {
        filch_u32_exchange(&x, 1, FILCH_SEQ_CST);
        STORE(y, RELAXED);
    } else {
        r[0] = LOAD(y, RELAXED);
        r[1] = LOAD(x, SEQ_CST);
    }
}

static void load_buffering(unsigned thread)
{
    if (thread == 0) {
        r[0] = LOAD(y, RELAXED);
        STORE(x, RELAXED);
    } else {
        r[1] = LOAD(x, RELAXED);
        STORE(y, RELAXED);
    }
}

static void two_plus_two_writes(unsigned thread)
{
    filch_u32_store(thread ? &y : &x, 1, FILCH_RELAXED);
    filch_u32_store(thread ? &x : &y, 2, FILCH_RELAXED);
}

static void last_values(void)
{
    r[0] = LOAD(x, RELAXED);
    r[1] = LOAD(y, RELAXED);
    two();
}

STORE_BUFFERING(pause_orders, (STORE(x, RELAXED), filch_pause()), LOAD(y, RELAXED),
                (STORE(y, RELAXED), filch_pause()), LOAD(x, RELAXED))

/* A word, and its upper half. */
static void mixed_sizes(unsigned thread)
{
    if (thread)
        return;
    filch_u64_store(&wide, 0, FILCH_RELAXED);
    filch_u32_store((filch_u32 *)(void *)&wide + 1, 1, FILCH_RELAXED);
    r[0] = filch_u64_load(&wide, FILCH_RELAXED) > 0;
}

static void plain_again(unsigned thread)
{
    if (thread)
        return;
    STORE(x, RELAXED);
    memset(&x, 0, sizeof x);
    r[0] = LOAD(x, RELAXED);
}

/* ---- Coherence, CAS, plain data ---- */

static void coherence(unsigned thread)
{
    if (thread == 0) {
        STORE(x, RELAXED);
        filch_u32_store(&x, 2, FILCH_RELAXED);
    } else {
        r[0] = LOAD(x, RELAXED);
        r[1] = LOAD(x, RELAXED);
    }
}

static void cas_once(unsigned thread)
{
    uint32_t expected = 0;
    r[thread] = (unsigned)filch_u32_cas(&x, &expected, 1, FILCH_RELAXED);
}

static void handed_over(unsigned thread)
{
    if (thread == 0) {
        mc_plain(&plain, sizeof plain, true);
        STORE(x, RELEASE);
    } else if (LOAD(x, ACQUIRE)) {
        mc_plain(&plain, sizeof plain, false);
        r[1] = 1;
    }
}

static void futex(unsigned thread)
{
    if (thread == 0) {
        STORE(x, RELEASE);
        mc_futex_wake(&x, 1, MC_HERE);
    } else {
        while (!LOAD(x, ACQUIRE))
            mc_futex_wait(&x, 0, false, MC_HERE);
        r[1] = 1;
    }
}

#define PAIR                                                                                       \
    {                                                                                              \
        "left", "right"                                                                            \
    }
#define TRIPLE                                                                                     \
    {                                                                                              \
        "first", "second", "third"                                                                 \
    }
#define QUARTET                                                                                    \
    {                                                                                              \
        "write x", "write y", "read x y", "read y x"                                               \
    }
#define ROW(body, threads, finish, outcomes, what)                                                 \
    {                                                                                              \
#body, what, threads, setup, body, finish, NULL, 0, 0, 0, outcomes                         \
    }

const mc_model mc_models[] = {
    ROW(sb_fences, PAIR, two, "01 10 11", "store buffering, a seq_cst fence on each side"),
    ROW(sb_one_fence, PAIR, two, "00 01 10 11", "the same with one fence: not enough"),
    ROW(sb_seq_cst, PAIR, two, "01 10 11", "the same with seq_cst accesses"),
    ROW(sb_stores_seq_cst, PAIR, two, "00 01 10 11", "only the stores seq_cst: not enough"),
    ROW(sb_release_acquire, PAIR, two, "00 01 10 11", "release and acquire: not enough"),
    ROW(sb_access_and_fence, PAIR, two, "01 10 11", "seq_cst accesses against a fence (C++20)"),
    ROW(sb_membarrier, PAIR, two, "01 10 11", "a compiler barrier against a membarrier"),
    ROW(sb_light_alone, PAIR, two, "00 01 10 11", "a compiler barrier against a plain fence"),
    ROW(mp_release_acquire, PAIR, two, "00 01 11", "message passing"),
    ROW(mp_relaxed, PAIR, two, "00 01 10 11", "the same, relaxed: the data may be missing"),
    ROW(mp_release_relaxed, PAIR, two, "00 01 10 11", "release without acquire"),
    ROW(mp_fence_fence, PAIR, two, "00 01 11", "fences on both sides"),
    ROW(mp_exchange, PAIR, two, "00 01 11", "the flag by exchange"),
    ROW(iriw_release_acquire, QUARTET, four,
        "0000 0001 0010 0011 0100 0101 0110 0111 1000 1001 1010 1011 1100 1101 1110 1111",
        "two readers may disagree about the order of two writes"),
    ROW(iriw_seq_cst, QUARTET, four,
        "0000 0001 0010 0011 0100 0101 0110 0111 1000 1001 1011 1100 1101 1110 1111",
        "not so with seq_cst"),
    ROW(release_then_rmw, TRIPLE, two, "00 01 10 11 21", "an RMW goes on with a release sequence"),
    ROW(release_then_store, PAIR, two, "00 01 11 20 21",
        "a store of the same thread does not (C++20)"),
    ROW(after_seq_cst, PAIR, two, "00 01 11", "10 is allowed, and not produced here"),
    ROW(after_seq_cst_exchange, PAIR, two, "00 01 11", "the same with an exchange"),
    ROW(pause_orders, PAIR, two, "11", "00 01 10 are allowed, and not produced here"),
    ROW(mixed_sizes, PAIR, two, "00", "10 comes about, 00 does not"),
    ROW(plain_again, PAIR, two, "10", "00 comes about, 10 does not"),
    ROW(load_buffering, PAIR, two, "00 01 10", "11 is allowed, and not produced here"),
    ROW(two_plus_two_writes, PAIR, last_values, "12 21 22", "11 is allowed, and not produced here"),
    ROW(coherence, PAIR, two, "00 01 02 11 12 22", "one location never goes back"),
    ROW(cas_once, PAIR, two, "01 10", "of two CASes one wins"),
    ROW(handed_over, PAIR, two, "00 01", "plain data behind a flag"),
    ROW(futex, PAIR, two, "01", "a waiter is woken"),
    {.name = NULL}};
