/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

Test(sync_waitgroup, nobody_waits_for_nothing)
{
    filch_waitgroup group = {0};
    filch_waitgroup_wait(&group);
    OK(filch_waitgroup_wait_until(&group, 0));
    filch_waitgroup_add(&group, 0);
    filch_waitgroup_wait(&group);
}

Test(sync_waitgroup, wait_ends_at_zero_or_deadline)
{
    filch_waitgroup group = {0};
    filch_waitgroup_add(&group, 2);
    cr_assert_eq(filch_waitgroup_wait_until(&group, 0), -ETIMEDOUT);
    filch_waitgroup_done(&group);
    cr_assert_eq(filch_waitgroup_wait_until(&group, filch_in(FILCH_MICROSECOND)), -ETIMEDOUT);
    cr_assert_eq(filch_waitgroup_wait_until(&group, -1), -EINVAL);
    filch_waitgroup_done(&group);
    OK(filch_waitgroup_wait_until(&group, 0));
    filch_waitgroup_add(&group, 1); /* again */
    cr_assert_eq(filch_waitgroup_wait_until(&group, 0), -ETIMEDOUT);
    filch_waitgroup_done(&group);
    filch_waitgroup_wait(&group);
}

/* ---- What was written before done is seen ---- */

enum { CHILDREN = 40 };

typedef struct family {
    filch_waitgroup group, end;
    filch_runtime *rt;
    unsigned ages[CHILDREN]; /* plain */
    unsigned started, rounds, sum;
} family;

static void grow(filch_self self, void *age)
{
    ++*(unsigned *)age;
}

typedef struct family_child {
    family *family;
    unsigned index;
} family_child;

static void be_a_child(filch_self self, void *arg)
{
    family_child *one = arg;
    grow(self, &one->family->ages[one->index]);
    filch_waitgroup_done(&one->family->group);
}

static void raise_family(filch_self self, void *arg, unsigned index)
{
    family *one = arg;
    family_child children[CHILDREN];
    for (unsigned round = 0; round < one->rounds; round++) {
        filch_waitgroup_add(&one->group, CHILDREN);
        for (unsigned i = 0; i < CHILDREN; i++) {
            children[i] = (family_child){one, i};
            if (filch_go(one->rt, be_a_child, &children[i]))
                filch_die("%s", filch_error());
        }
        filch_waitgroup_wait(&one->group);
        for (unsigned i = 0; i < CHILDREN; i++)
            one->sum += one->ages[i];
    }
}

Test(sync_waitgroup, waiter_sees_all_writes_each_round)
{
    for (unsigned config = 0; config < CONFIGS; config++)
        for (unsigned task = 0; task < 2; task++) {
            family one = {.rt = config_runtime(config, 1000000), .rounds = 20};
            parties_meet(one.rt, task, 1 - task, raise_family, &one);
            cr_assert_eq(one.sum, CHILDREN * one.rounds * (one.rounds + 1) / 2);
            OK(filch_runtime_destroy(one.rt));
        }
}

/* ---- Misuse ---- */

static void be_done_too_often(void)
{
    filch_waitgroup group = {0};
    filch_waitgroup_add(&group, 1);
    filch_waitgroup_done(&group);
    filch_waitgroup_done(&group);
}

static void add_too_many(void)
{
    filch_waitgroup group = {0};
    filch_waitgroup_add(&group, 1);
    filch_waitgroup_add(&group, INT32_MAX);
}

Test(sync_waitgroup, excess_done_dies_by_name)
{
    struct child child;
    child_run(&child, be_done_too_often);
    cr_assert(child_died(&child, "filch_waitgroup_done: the count is already 0"), "%s", child.text);
    child_run(&child, add_too_many);
    cr_assert(child_died(&child, "filch_waitgroup_add: 2147483647 more"), "%s", child.text);
}
