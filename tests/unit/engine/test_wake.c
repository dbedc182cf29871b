/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Which sleeping worker is woken for work from outside. On a machine of one core there is nothing
 * to tell apart. */
#include <runtime/engine/worker.h>

#include <runtime/engine/external.h>
#include <runtime/engine/inbox.h>
#include <runtime/platform/clock.h>
#include <sched.h>
#include <tests/support/engine.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static fl_near table;
static cpu_set_t all; /* where the process may run */
static unsigned cpu;  /* where this thread does */

static void stay_here(void)
{
    cpu_set_t one;
    cr_assert_eq(sched_getaffinity(0, sizeof all, &all), 0);
    cpu = (unsigned)sched_getcpu();
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    cr_assert_eq(sched_setaffinity(0, sizeof one, &one), 0);
}

static void compute(void)
{
    for (int64_t from = fl_thread_cpu(); fl_thread_cpu() - from < FL_NEAR_COMPUTES;)
        filch_pause();
}

/* ---- The table ---- */

TestSuite(near, .init = stay_here);

Test(near, last_parked_worker_is_tried_first)
{
    fl_near_park(&table, 3);
    fl_near_park(&table, 5);
    cr_assert_eq(fl_near_first(&table, FL_WAKE_HERE), 5);
}

Test(near, entry_of_other_cpu_is_ignored)
{
    filch_u32_store(&table.parked[cpu % FL_NEAR_ENTRIES], (cpu + FL_NEAR_ENTRIES) * FL_NEAR_CPU + 5,
                    FILCH_RELAXED);
    cr_assert_eq(fl_near_first(&table, FL_WAKE_HERE), 0);
}

Test(near, an_index_stays_as_it_is)
{
    fl_near_park(&table, 5);
    cr_assert_eq(fl_near_first(&table, 3), 3);
}

Test(near, cpu_bound_submitter_prefers_next_worker)
{
    unsigned own = 0;
    fl_near_park(&table, 5);
    for (unsigned i = 0; i < 100; i++) {
        compute();
        unsigned first = fl_near_first(&table, FL_WAKE_GUESS);
        cr_assert(first == 6 || (first == 5 && i > 0), "%u: %u", i, first);
        own += first == 5;
    }
    cr_assert(own >= 2 && own <= 10, "%u", own);
}

/* As one that spins until its job is done, where the next worker starts late. */
Test(near, spinning_submitter_stays_with_own_worker)
{
    unsigned next = 0;
    fl_near_park(&table, 5);
    for (unsigned i = 0; i < 100; i++) {
        bool late = fl_near_first(&table, FL_WAKE_GUESS) == 6;
        next += late;
        if (late)
            compute();
        else
            usleep(300);
    }
    cr_assert_lt(next, 50, "%u", next);
}

/* A slow machine may take long for a short sleep. */
Test(near, waking_submitter_tries_own_worker)
{
    fl_near_park(&table, 5);
    WAIT_WHILE(fl_near_first(&table, FL_WAKE_GUESS) != 5);
}

Test(near, cpu_belongs_to_last_parked_worker)
{
    fl_near_park(&table, 5);
    cr_assert(fl_near_is_of_another(&table, 3));
    cr_assert(!fl_near_is_of_another(&table, 5));
    filch_u32_store(&table.parked[cpu % FL_NEAR_ENTRIES], (cpu + FL_NEAR_ENTRIES) * FL_NEAR_CPU + 5,
                    FILCH_RELAXED);
    cr_assert(!fl_near_is_of_another(&table, 3));
}

/* ---- Runtimes ---- */

static int started_by;
static signpost started;

static void start(filch_self self, void *unused)
{
    started_by = filch_worker_index();
    signpost_raise(&started);
}

static bool all_parked(const filch_runtime *rt)
{
    for (unsigned i = 0; i < fl_reach(rt); i++)
        if (filch_u32_load(&rt->worker[i]->park_word, FILCH_SEQ_CST) != FL_PARK_PARKED)
            return false;
    return true;
}

/* The place of the worker that starts a job while all sleep. */
static const fl_place *submit_to_sleepers(filch_runtime *rt, bool computing)
{
    WAIT_WHILE(!all_parked(rt));
    if (computing)
        compute();
    filch_u32_store(&started, 0, FILCH_RELEASE);
    OK(filch_go(rt, start, NULL));
    signpost_wait(&started, 1);
    return &rt->worker[started_by]->place;
}

static filch_runtime *create(unsigned workers, const char *bind)
{
    filch_runtime *rt;
    filch_config config = {.workers = workers, .bind = bind};
    OK(filch_runtime_create(&rt, &config));
    return rt;
}

/* Its workers may run everywhere, this thread on one CPU. */
static filch_runtime *create_beside(unsigned workers)
{
    cr_assert_eq(sched_setaffinity(0, sizeof all, &all), 0);
    filch_runtime *rt = create(workers, "core");
    stay_here();
    return rt;
}

enum { TRIES = 1000 }; /* it may be kept from sleeping by other programs */
static const unsigned counts[] = {2, 8};

Test(near, sleeping_submitter_keeps_job_local)
{
    for (unsigned i = 0; i < 2; i++) {
        filch_runtime *rt = create_beside(counts[i]);
        bool here = rt->resident.placement.units == 1;
        for (unsigned k = 0; k < TRIES && !here; k++)
            here = submit_to_sleepers(rt, false)->cpu == (int)cpu;
        cr_assert(here, "%u workers", counts[i]);
        OK(filch_runtime_destroy(rt));
    }
}

Test(near, cpu_bound_submitter_uses_other_cpu)
{
    for (unsigned i = 0; i < 2; i++) {
        filch_runtime *rt = create_beside(counts[i]);
        unsigned here = 0;
        for (unsigned k = 0; k < 20 && rt->resident.placement.units > 1; k++)
            here += submit_to_sleepers(rt, true)->cpu == (int)cpu;
        cr_assert_lt(here, 10, "%u workers: %u", counts[i], here);
        OK(filch_runtime_destroy(rt));
    }
}

Test(near, an_old_entry_loses_no_job)
{
    static const unsigned workers[] = {1, 2, 8, 64};
    for (unsigned i = 0; i < 4; i++) {
        filch_runtime *rt = create(workers[i], "none");
        for (unsigned k = 0; k < 20; k++) {
            WAIT_WHILE(!all_parked(rt));
            filch_u32_store(&rt->near.parked[cpu % FL_NEAR_ENTRIES],
                            cpu * FL_NEAR_CPU + k % (2 * workers[i]), FILCH_RELAXED);
            submit_to_sleepers(rt, k % 2);
        }
        OK(filch_runtime_destroy(rt));
    }
}

/* A worker that wakes alone and takes two work items wakes another worker for the second: both run at
 * once. */

enum { PAIR = 2, TIMES = 50 };

static signpost met;

/* Each waits for the other. */
static void meets(filch_self self, fl_work_item *item)
{
    uint32_t round = (signpost_count(&met) / PAIR + 1) * PAIR;
    signpost_raise(&met);
    signpost_wait(&met, round);
}

/* As if each had just taken one item: the next time it takes two at once. */
static void take_two(filch_runtime *rt)
{
    for (unsigned i = 0; i < PAIR; i++) {
        rt->worker[i]->drained = 1;
        rt->worker[i]->drained_at = fl_now() + 3600 * FILCH_SECOND;
    }
}

Test(wake_more, items_submitted_together_run_concurrently)
{
    static fl_work_item item[PAIR];
    fl_work_item *items[PAIR];
    filch_runtime *rt = runtime_at_rest(PAIR);
    for (unsigned i = 1; i <= TIMES; i++) {
        for (unsigned j = 0; j < PAIR; j++) {
            fl_work_item_be_part(&item[j], meets);
            items[j] = &item[j];
        }
        take_two(rt);
        fl_start_all(rt, items, PAIR);
        signpost_wait(&met, i * PAIR);
        WAIT_WHILE(fl_idle_sleepers(fl_idle_look(&rt->idle)) < PAIR);
    }
    OK(filch_runtime_destroy(rt));
}
