/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Every policy on every queue, with few and many workers, on this machine and on larger ones that
 * hwloc imagines; and policies that change while tasks run. */
#include <pthread.h>
#include <runtime/engine/worker.h>
#include <sched/victims/policy.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { FIB = 18, MS = 1000000 };

static void right_with_every_policy(void)
{
    for (unsigned i = 0; i < CONFIGS; i++)
        for (unsigned p = 0; fl_policies[p]; p++) {
            filch_runtime *rt = NULL;
            filch_config config = config_of(i, 0);
            config.policy = fl_policies[p]->name;
            CHILD_CHECK(filch_runtime_create(&rt, &config) == 0);
            CHILD_CHECK(FILCH_RUN(rt, fib, FIB) == serial_fib(FIB));
            CHILD_CHECK(filch_runtime_destroy(rt) == 0);
        }
}

Test(policies, answers_are_right_on_this_machine)
{
    struct child child;
    child_run(&child, right_with_every_policy);
    cr_assert(child_passed(&child), "0x%x: %s", child.status, child.text);
}

/* hwloc reads the variable when the process loads its first topology. */
static void on_another_machine(void)
{
    setenv("HWLOC_SYNTHETIC", "package:2 numa:2 l3:1 core:4 pu:2", 1);
    right_with_every_policy();
}

Test(policies, answers_are_right_with_many_tiers)
{
    struct child child;
    child_run(&child, on_another_machine);
    cr_assert(child_passed(&child), "0x%x: %s", child.status, child.text);
}

/* ---- Live ---- */

static filch_u32 over;

static void *swap(void *rt)
{
    const fl_policy *const *next = fl_policies;
    for (; !filch_u32_load(&over, FILCH_RELAXED); next = fl_policy_next(next)) {
        if (filch_runtime_set_policy(rt, (*next)->name))
            return "a policy is refused";
        filch_sleep(MS);
    }
    return NULL;
}

Test(policies, answers_are_right_while_policies_change)
{
    for (unsigned i = 0; i < CONFIGS; i++) {
        filch_runtime *rt = config_runtime(i, 0);
        pthread_t thread;
        void *wrong;
        filch_u32_store(&over, 0, FILCH_RELAXED);
        cr_assert_eq(pthread_create(&thread, NULL, swap, rt), 0);
        for (unsigned k = stress_times(20); k > 0; k--)
            cr_assert_eq(FILCH_RUN(rt, fib, FIB), serial_fib(FIB), "%s", config_name(i));
        filch_u32_store(&over, 1, FILCH_RELAXED);
        cr_assert_eq(pthread_join(thread, &wrong), 0);
        cr_assert_null(wrong, "%s", (const char *)wrong);
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- When a change is seen ---- */

static filch_u32 chosen; /* by the policy below */

static unsigned count_and_choose(const fl_search *search)
{
    filch_u32_add(&chosen, 1, FILCH_RELAXED);
    return fl_any_other(search);
}

static const fl_policy counting = {"counting", "counts", count_and_choose};

static uint32_t chosen_after(uint64_t ns)
{
    filch_sleep(ns);
    return filch_u32_load(&chosen, FILCH_RELAXED);
}

/* Workers search all the time; each may be in the middle of one choice. */
Test(policies, next_theft_follows_new_policy)
{
    enum { WORKERS = 8 };
    filch_config config = {.size = sizeof config, .workers = WORKERS, .idle = "yield"};
    filch_runtime *rt;
    OK(filch_runtime_create(&rt, &config));
    cr_assert_eq(chosen_after(20 * MS), 0);
    filch_ptr_store(&rt->policy, (void *)(uintptr_t)&counting, FILCH_RELEASE);
    while (chosen_after(MS) < 100)
        ;
    OK(filch_runtime_set_policy(rt, "random"));
    uint32_t at_once = filch_u32_load(&chosen, FILCH_RELAXED);
    cr_assert_leq(chosen_after(40 * MS) - at_once, WORKERS);
    OK(filch_runtime_destroy(rt));
}

static unsigned choose_oneself(const fl_search *search)
{
    return search->self;
}

static unsigned choose_nobody(const fl_search *search)
{
    return search->workers;
}

static const fl_policy wrong_ones[] = {{"selfish", "a worker steals from itself", choose_oneself},
                                       {"astray", "there is no such worker", choose_nobody}};
static const fl_policy *wrong;

static void follow_the_wrong_one(void)
{
    filch_config config = {.size = sizeof config, .workers = 2, .idle = "yield"};
    filch_runtime *rt;
    CHILD_CHECK(filch_runtime_create(&rt, &config) == 0);
    filch_ptr_store(&rt->policy, (void *)(uintptr_t)wrong, FILCH_RELEASE);
    for (;;)
        filch_sleep(MS);
}

Test(policies, policy_without_victim_is_named)
{
    for (unsigned i = 0; i < 2; i++) {
        struct child child;
        wrong = &wrong_ones[i];
        child_run(&child, follow_the_wrong_one);
        cr_assert(child_died(&child, wrong->name), "0x%x: %s", child.status, child.text);
    }
}

FILCH_TASK(int, change_own, (const char *, name))
{
    return filch_runtime_set_policy(NULL, name);
}

Test(policies, task_may_change_own_runtime_policy)
{
    filch_runtime *rt = config_runtime(0, 0);
    char text[4096];
    cr_assert_eq(FILCH_RUN(rt, change_own, "nearest"), 0);
    cr_assert(filch_runtime_describe(rt, text, sizeof text) > 0);
    cr_assert_not_null(strstr(text, "policy       nearest: "));
    OK(filch_runtime_destroy(rt));
}

Test(policies, unknown_policy_is_refused_without_effect)
{
    filch_runtime *rt = config_runtime(0, 0);
    char text[4096];
    cr_assert_eq(filch_runtime_set_policy(rt, "sideways"), -EINVAL);
    for (unsigned p = 0; fl_policies[p]; p++)
        cr_assert_not_null(strstr(filch_error(), fl_policies[p]->name), "%s", filch_error());
    cr_assert(filch_runtime_describe(rt, text, sizeof text) > 0);
    cr_assert_not_null(strstr(text, "policy       random: "));
    cr_assert_eq(filch_runtime_set_policy(NULL, "random"), -EINVAL);
    OK(filch_runtime_set_policy(rt, NULL));
    OK(filch_runtime_destroy(rt));
}
