/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static filch_barrier barrier;

Test(sync_barrier, one_party_is_always_first)
{
    OK(filch_barrier_init(&barrier, 1));
    for (int i = 0; i < 3; i++)
        cr_assert_eq(filch_barrier_wait(&barrier, FILCH_FOREVER), 1);
}

Test(sync_barrier, who_gives_up_has_not_come)
{
    OK(filch_barrier_init(&barrier, 2));
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(filch_barrier_wait(&barrier, 0), -ETIMEDOUT);
        cr_assert_eq(filch_barrier_wait(&barrier, filch_in(FILCH_MICROSECOND)), -ETIMEDOUT);
        cr_assert_eq(filch_barrier_wait(&barrier, -1), -EINVAL);
    }
}

Test(sync_barrier, one_without_parties_is_refused)
{
    filch_barrier none = {0};
    cr_assert_eq(filch_barrier_wait(&none, FILCH_FOREVER), -EINVAL);
    cr_assert(strstr(filch_error(), "filch_barrier_init") != NULL);
    cr_assert_eq(filch_barrier_init(&none, 0), -EINVAL);
}

/* Each party writes its cell of the next row from all cells of the last one. */
enum { TASKS = 6, THREADS = 2, PARTIES = TASKS + THREADS, ROWS = 50 };

static unsigned rows[ROWS + 1][PARTIES]; /* plain */
static filch_u32 firsts;

static void fill(filch_self self, void *unused, unsigned index)
{
    for (unsigned row = 0; row < ROWS; row++) {
        unsigned sum = 0;
        for (unsigned i = 0; i < PARTIES; i++)
            sum += rows[row][i];
        rows[row + 1][index] = sum % 1000 + index;
        if (filch_barrier_wait(&barrier, FILCH_FOREVER) == 1)
            filch_u32_add(&firsts, 1, FILCH_RELAXED);
    }
}

Test(sync_barrier, each_round_sees_entire_previous_round)
{
    for (unsigned config = 0; config < CONFIGS; config++) {
        filch_runtime *rt = config_runtime(config, 1000000);
        memset(rows, 0, sizeof rows);
        firsts = (filch_u32){0};
        OK(filch_barrier_init(&barrier, PARTIES));
        parties_meet(rt, TASKS, THREADS, fill, NULL);
        OK(filch_runtime_destroy(rt));
        cr_assert_eq(filch_u32_load(&firsts, FILCH_ACQUIRE), ROWS);
        for (unsigned row = 0; row < ROWS; row++) {
            unsigned sum = 0;
            for (unsigned i = 0; i < PARTIES; i++)
                sum += rows[row][i];
            for (unsigned i = 0; i < PARTIES; i++)
                cr_assert_eq(rows[row + 1][i], sum % 1000 + i);
        }
    }
}
