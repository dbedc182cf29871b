/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: wraps sched_yield
 *
 * A thief watches its request for the answer, counts the reason of each unsuccessful attempt, and refuses a policy that names
 * no other worker. */
#include <runtime/engine/inbox.h>
#include <runtime/engine/steal.h>
#include <runtime/engine/worker.h>
#include <sched.h>
#include <sched/victims/policy.h>
#include <tests/support/engine.h>
#include <tests/support/forkstack.h>
#include <tests/support/system.h>
#include <tests/support/test.h>

static fl_worker thief, victim; /* of no thread */
static filch_u64 thefts[2];

static filch_runtime *lay_out_thief(void)
{
    filch_runtime *rt = stats_runtime(1, "chase-lev", NULL);
    memset(&thief, 0, sizeof thief);
    memset(&victim, 0, sizeof victim);
    thief.rt = rt;
    thief.thefts = thefts;
    victim.index = 1;
    return rt;
}

static uint64_t counted(enum fl_counter counter)
{
    return filch_u64_load(&thief.counters[counter], FILCH_RELAXED);
}

/* ---- Requests ---- */

static __thread filch_self served; /* NULL: the owner does not run */

int __real_sched_yield(void);
int __wrap_sched_yield(void);
/* A thief without a CPU of its own yields once while it watches: its owner answers then. */
int __wrap_sched_yield(void)
{
    if (!served)
        return __real_sched_yield();
    fl_forkstack_serve(stack, served);
    return 0;
}

Test(ask_watch, yielding_thief_sees_answer, .init = lay_out, .fini = clear)
{
    filch_runtime *rt = lay_out_thief();
    fl_work work;
    unsigned cpus = rt->cpus;
    believe_in_cpus(rt, 0);
    filch_ptr_store(&victim.current, stack, FILCH_RELEASE);
    thief.profit.most = 1;
    served = fork_many(slots, 3);
    bool given = fl_only_ask(&thief, &victim, &work);
    served = NULL;
    believe_in_cpus(rt, cpus);
    cr_assert(given);
    cr_assert_eq(work.slot, slots);
    cr_expect_eq(counted(FL_GIFTS), 1);
    cr_expect_eq(counted(FL_GIFT_TASKS), 1);
    stats_end(rt);
}

Test(ask_watch, failed_ask_counts_its_reason, .init = lay_out, .fini = clear)
{
    filch_runtime *rt = lay_out_thief();
    fl_mailbox another = {.most = 1};
    fl_work work;
    fork_many(slots, 3);
    filch_ptr_store(&victim.current, stack, FILCH_RELEASE);
    cr_assert_not(fl_only_ask(&thief, &victim, &work), "the owner does not run");
    cr_expect_eq(counted(FL_ASKS), 1);
    cr_expect_eq(counted(FL_MISSED_REFUSED), 1);
    cr_assert_neq(fl_forkstack_ask(stack, &another), FL_ASK_BUSY);
    cr_assert_not(fl_only_ask(&thief, &victim, &work), "it has another's request");
    cr_expect_eq(counted(FL_ASKS), 1);
    cr_expect_eq(counted(FL_MISSED_BUSY), 1);
    stats_end(rt);
}

/* ---- Ready deques ---- */

static unsigned choose_second(const fl_search *search)
{
    return 1;
}

/* The second worker of the runtime; the first one's index is the thief's. */
static const fl_policy second = {"second", "the second worker", choose_second};

static void nothing(filch_self self, fl_work_item *item)
{
}

Test(ask_watch, empty_deque_counts_as_empty_miss)
{
    filch_runtime *rt = lay_out_thief();
    cr_assert_eq(fl_deque_init(&victim.ready, 2, NULL), 0);
    cr_assert_null(fl_steal_item_from(&thief, &victim));
    cr_expect_eq(counted(FL_MISSED_READY_EMPTY), 1);
    cr_expect_eq(counted(FL_MISSED_READY_LEFT), 0);
    fl_deque_clear(&victim.ready);
    stats_end(rt);
}

/* A patient thief leaves an only fiber alone when something lies in the inbox. */
Test(ask_watch, untouched_only_fiber_counts_as_left)
{
    static fl_runtime rt;
    static fl_fiber fiber;
    static fl_work_item item;
    fl_worker *workers[] = {&thief, &victim};
    rt.worker = workers;
    fl_inbox_init(&rt.inbox);
    fl_work_item_be_part(&item, nothing);
    fl_inbox_put(&rt.inbox, &item);
    filch_u32_store(&rt.worker_set.reach, 2, FILCH_RELEASE);
    filch_ptr_store(&rt.policy, (void *)(uintptr_t)&second, FILCH_RELEASE);
    thief = (fl_worker){.rt = &rt, .thefts = thefts};
    victim = (fl_worker){.rt = &rt, .index = 1};
    cr_assert_eq(fl_deque_init(&victim.ready, 2, NULL), 0);
    cr_assert_eq(fl_deque_push(&victim.ready, fl_item(FL_ITEM_FIBER, &fiber)), 0);
    cr_assert_null(fl_steal_item(&thief));
    cr_expect_eq(counted(FL_MISSED_READY_LEFT), 1);
    cr_expect_eq(counted(FL_MISSED_READY_EMPTY), 0);
    fl_deque_clear(&victim.ready);
}

/* ---- Policies ---- */

static unsigned choose_one_too_many(const fl_search *search)
{
    return search->workers;
}

static const fl_policy too_many = {"too-many", "no worker", choose_one_too_many};

/* A slot that has no thread lies behind the two workers. */
static void steal_by_a_wrong_policy(void)
{
    filch_runtime *rt = NULL;
    filch_config config = {.workers = 1, .max_workers = 3};
    CHILD_CHECK(filch_runtime_create(&rt, &config) == 0);
    fl_runtime of_two = {.worker = rt->worker};
    thief = (fl_worker){.rt = &of_two};
    filch_u32_store(&of_two.worker_set.reach, 2, FILCH_RELEASE);
    filch_ptr_store(&of_two.policy, (void *)(uintptr_t)&too_many, FILCH_RELEASE);
    fl_steal_item(&thief);
}

Test(ask_watch, policy_naming_missing_worker_is_refused)
{
    struct child child;
    child_run(&child, steal_by_a_wrong_policy);
    cr_assert(child_died(&child, "\"too-many\" sent worker 0 of 2 to worker 2"), "0x%x: %s",
              child.status, child.text);
}
