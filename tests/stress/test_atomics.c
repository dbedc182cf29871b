/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: label processor in emulated
 *
 * Atomic operations. Two threads write a word each and then read the other's (store buffering): with
 * seq_cst accesses one of them reads what the other has written. Emulators of other processors are
 * tested by this as well as compilers. */
#include <filch/atomic.h>
#include <pthread.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { ROUNDS = 1000, SPINS = 1000 };

/* Each round has words of its own, so that the threads meet only before it. */
typedef struct pair {
    filch_u64 written[2];
    uint64_t read[2];
} pair;

static pair pairs[ROUNDS];
static filch_u32 arrived;

static void meet(unsigned round)
{
    filch_u32_add(&arrived, 1, FILCH_ACQ_REL);
    for (unsigned turn = 0; filch_u32_load(&arrived, FILCH_ACQUIRE) < 2 * (round + 1); turn++)
        if (turn > SPINS)
            be_patient(turn - SPINS);
}

static void *write_then_read(void *arg)
{
    unsigned me = arg != NULL; /* NULL: the first thread */
    for (unsigned i = 0; i < ROUNDS; i++) {
        meet(i);
        filch_u64_store(&pairs[i].written[me], 1, FILCH_SEQ_CST);
        pairs[i].read[me] = filch_u64_load(&pairs[i].written[!me], FILCH_SEQ_CST);
    }
    return NULL;
}

Test(atomics, seq_cst_load_overtakes_no_store)
{
    pthread_t other;
    cr_assert_eq(pthread_create(&other, NULL, write_then_read, pairs), 0);
    write_then_read(NULL);
    cr_assert_eq(pthread_join(other, NULL), 0);
    for (unsigned i = 0; i < ROUNDS; i++)
        cr_assert(pairs[i].read[0] || pairs[i].read[1], "round %u: neither saw the other", i);
}

/* ---- Numbers ---- */

static filch_u64 wide, highest;
static filch_u32 narrow, highest_narrow;

static void *change(void *arg)
{
    const unsigned me = arg != NULL;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        filch_u64_add(&wide, 3, FILCH_RELAXED);
        filch_u64_sub(&wide, 2, FILCH_RELAXED);
        filch_u32_sub(&narrow, 1, FILCH_RELAXED);
        filch_u64_max(&highest, 2 * i + me, FILCH_RELAXED);
        filch_u32_max(&highest_narrow, 2 * i + me, FILCH_RELAXED);
    }
    return NULL;
}

Test(atomics, concurrent_changes_are_all_counted)
{
    pthread_t other;
    cr_assert_eq(pthread_create(&other, NULL, change, pairs), 0);
    change(NULL);
    cr_assert_eq(pthread_join(other, NULL), 0);
    cr_assert_eq(filch_u64_load(&wide, FILCH_RELAXED), 2 * ROUNDS);
    cr_assert_eq(filch_u32_load(&narrow, FILCH_RELAXED), (uint32_t)-2 * ROUNDS);
    cr_assert_eq(filch_u64_load(&highest, FILCH_RELAXED), 2 * ROUNDS - 1);
    cr_assert_eq(filch_u32_load(&highest_narrow, FILCH_RELAXED), 2 * ROUNDS - 1);
}

Test(atomics, operations_return_the_former_value)
{
    filch_u32 number = {5};
    cr_assert_eq(filch_u32_sub(&number, 2, FILCH_ACQ_REL), 5);
    cr_assert_eq(filch_u32_max(&number, 3, FILCH_ACQ_REL), 3);
    cr_assert_eq(filch_u32_max(&number, 9, FILCH_ACQ_REL), 3);
    cr_assert_eq(filch_u32_max(&number, 8, FILCH_ACQ_REL), 9);
    cr_assert_eq(filch_u32_load(&number, FILCH_ACQUIRE), 9);
}
