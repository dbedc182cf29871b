/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Does symmetry reduction keep an execution of each kind? Small programs of two to four alike
 * threads. Each thread's result is a digit. The outcomes are the digits in ascending order, so they
 * are the same for all permutations; the digits by thread are reported as places reached.
 * symmetry.py searches each row with the reduction and without it, and compares both. */
#include <filch/atomic.h>
#include <tests/model/checker/check.h>

#include <stdlib.h>
#include <string.h>

enum { FOUND = 512 };
static filch_u32 x, y;
static filch_ptr last;
static struct node {
    filch_u32 seen;
    filch_ptr before;
} node[MC_THREADS];
static uint32_t plain;
static char digit[MC_THREADS + 1];

static void setup(void)
{
    filch_u32_store(&x, 0, FILCH_RELAXED);
    filch_u32_store(&y, 0, FILCH_RELAXED);
    filch_ptr_store(&last, NULL, FILCH_RELAXED);
    memset(node, 0, sizeof node);
    memset(digit, 0, sizeof digit);
    plain = 0;
    for (unsigned i = 0; i < MC_THREADS; i++)
        mc_own(i, &node[i], sizeof node[i]);
}

MC_UNCHECKED static void result(uint32_t value)
{
    digit[mc_self()] = (char)('0' + value);
}

/* The checker keeps names until the search ends. */
static const char *kept(const char *text)
{
    static char found[FOUND][MC_THREADS + 1];
    unsigned i = 0;
    while (i < FOUND - 1 && found[i][0] && strcmp(found[i], text) != 0)
        i++;
    return strcpy(found[i], text);
}

static int ascending(const void *a, const void *b)
{
    return *(const char *)a - *(const char *)b;
}

static void finish(void)
{
    char sorted[MC_THREADS + 1] = "", *alike = digit;
    while (alike < digit + MC_THREADS && !*alike)
        alike++;
    strcpy(sorted, alike);
    mc_reached(kept(sorted));
    qsort(sorted, strlen(sorted), 1, ascending);
    mc_outcome(sorted);
}

/* ---- Programs ---- */

static void adds(unsigned thread)
{
    (void)thread;
    result(filch_u32_add(&x, 1, FILCH_RELAXED));
}

static void increments(unsigned thread)
{
    (void)thread;
    uint32_t old = filch_u32_load(&x, FILCH_RELAXED);
    filch_u32_store(&x, old + 1, FILCH_RELAXED);
    result(old);
}

/* Each looks whether it sees any other. */
static void buffers(unsigned thread)
{
    (void)thread;
    filch_u32_add(&x, 1, FILCH_RELAXED);
    filch_fence_seq_cst();
    result(filch_u32_load(&y, FILCH_RELAXED));
    filch_u32_store(&y, 1, FILCH_RELAXED);
}

static void wins(unsigned thread)
{
    uint32_t expected = 0;
    (void)thread;
    if (filch_u32_cas(&x, &expected, 1, FILCH_ACQ_REL))
        filch_u32_store(&y, 1, FILCH_RELEASE);
    result(filch_u32_load(&y, FILCH_ACQUIRE));
}

/* The first thread writes, the others read twice. */
static void reads(unsigned thread)
{
    if (thread == 0) {
        filch_u32_store(&x, 1, FILCH_RELAXED);
        filch_u32_store(&y, 1, FILCH_RELEASE);
    } else {
        uint32_t first = filch_u32_load(&y, FILCH_ACQUIRE);
        result(2 * first + filch_u32_load(&x, FILCH_RELAXED));
    }
}

/* The first thread's heavy fence against light ones. */
static void heavy(unsigned thread)
{
    if (thread == 0) {
        filch_u32_store(&x, 1, FILCH_RELAXED);
        mc_membarrier(MC_HERE);
        filch_u32_add(&y, 2, FILCH_RELAXED);
    } else {
        filch_u32_add(&y, 1, FILCH_RELAXED);
        filch_fence_light();
        result(filch_u32_load(&x, FILCH_RELAXED));
    }
}

static void locks(unsigned thread)
{
    (void)thread;
    mc_lock(&x, MC_HERE);
    result(plain++);
    mc_unlock(&x, MC_HERE);
}

/* The first thread wakes one sleeper, then all. */
static void sleeps(unsigned thread)
{
    if (thread == 0) {
        filch_u32_store(&x, 1, FILCH_RELEASE);
        mc_futex_wake(&x, 1, MC_HERE);
        filch_u32_store(&y, 1, FILCH_RELAXED);
        mc_futex_wake(&x, MC_THREADS, MC_HERE);
    } else {
        while (!filch_u32_load(&x, FILCH_ACQUIRE))
            mc_futex_wait(&x, 0, false, MC_HERE);
        result(filch_u32_load(&y, FILCH_RELAXED));
    }
}

/* A queue of nodes: each tells the one before it. */
static void queues(unsigned thread)
{
    struct node *before = filch_ptr_exchange(&last, &node[thread], FILCH_ACQ_REL);
    if (before)
        filch_u32_store(&before->seen, 1, FILCH_RELAXED);
    result(filch_u32_load(&node[thread].seen, FILCH_RELAXED));
}

#define TWO .threads = {"one", "two"}, .alike = "aa"
#define THREE .threads = {"one", "two", "three"}, .alike = "aaa"
#define FOUR .threads = {"one", "two", "three", "four"}, .alike = "aaaa"
#define AND_TWO .threads = {"zero", "one", "two"}, .alike = ".aa"
#define AND_THREE .threads = {"zero", "one", "two", "three"}, .alike = ".aaa"
#define ROW(function, number, what, expected, ...)                                                 \
    {                                                                                              \
#function "_" #number, what, .setup = setup, .body = function, .finish = finish,           \
                                     .outcomes = expected, __VA_ARGS__                             \
    }

const mc_model mc_models[] = {
    ROW(adds, two, "RMWs of one word", "01", TWO, .executions = 2),
    ROW(adds, three, "three", "012", THREE, .executions = 6),
    ROW(adds, four, "four", "0123", FOUR, .executions = 24),
    ROW(increments, two, "loads, then stores", "00 01", TWO, .executions = 4),
    ROW(increments, three, "three", "000 001 011 012", THREE, .executions = 36),
    ROW(buffers, two, "fences", "00 01", TWO, .executions = 8),
    ROW(buffers, three, "three", "000 001 011", THREE, .executions = 216),
    ROW(wins, two, "a CAS that one wins", "01 11", TWO, .executions = 4),
    ROW(wins, three, "three", "001 011 111", THREE, .executions = 12),
    ROW(reads, two, "a writer, two readers", "00 01 03 11 13 33", AND_TWO, .executions = 9),
    ROW(reads, three, "three readers", "000 001 003 011 013 033 111 113 133 333", AND_THREE,
        .executions = 27),
    ROW(heavy, two, "membarrier", "00 01 11", AND_TWO, .executions = 26),
    ROW(heavy, three, "at three", "000 001 011 111", AND_THREE, .executions = 240),
    ROW(locks, two, "a lock", "01", TWO, .executions = 2),
    ROW(locks, three, "three", "012", THREE, .executions = 6),
    ROW(sleeps, two, "two sleepers of a futex", "00 01 11", AND_TWO, .executions = 44),
    ROW(sleeps, three, "three", "000 001 011 111", AND_THREE, .executions = 358),
    ROW(queues, two, "words of their own", "00 01", TWO, .executions = 4),
    ROW(queues, three, "three", "000 001 011", THREE, .executions = 24),
    {.name = NULL}};
