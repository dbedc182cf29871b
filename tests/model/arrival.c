/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A fiber that was just made arrives on its worker while another thread looks at that worker. Real:
 * the arrival of runtime/engine/suspend, the look of runtime/queue/chase_lev, sched/forkstack. The
 * fiber has forked one task.
 *
 * Claims: the look sees no fork stack, or one that is made, with its task. */
#include <runtime/engine/suspend.h>
#include <runtime/queue/queues.h>
#include <tests/model/system/system.h>

#include <string.h>

enum { WORKER, LOOK };

static union region {
    fl_fiber fiber;
    char bytes[FILCH_REGION_SIZE];
} region[2] __attribute__((aligned(FILCH_REGION_SIZE)));
static fl_fiber *const fiber = &region[0].fiber;
static filch_runtime rt;
static fl_worker worker, *workers[] = {&worker};
static const filch_task task;

static void do_nothing(fl_worker *at, fl_fiber *left, void *arg)
{
    (void)at, (void)left, (void)arg;
}

static void arrive(void)
{
    fl_forkstack_init(&fiber->stack);
    filch_ptr_store(&fl_first_slot(&fiber->stack)->task, (void *)(uintptr_t)&task, FILCH_RELAXED);
    fl_arrive(fiber);
}

static void look(void)
{
    bool has = filch_ptr_load(&worker.current, FILCH_RELAXED) != NULL;
    unsigned length = fl_queue_chase_lev.length(&worker);
    MC_CLAIM(!has || length == 1, "a look sees a fork stack before it is made");
    mc_outcome(length ? "one" : "none");
}

static void body(unsigned thread)
{
    (thread == WORKER ? arrive : look)();
}

static void setup(void)
{
    memset(region, 0, sizeof region);
    memset(&rt, 0, sizeof rt);
    memset(&worker, 0, sizeof worker);
    rt.worker = workers;
    worker.rt = &rt;
    worker.left = &region[1].fiber;
    worker.action = do_nothing;
    fiber->worker = &worker;
    mc_name(&worker.current, "current");
    mc_name_word(&fiber->stack.front.top, "top", spell_top);
    mc_name(&fl_first_slot(&fiber->stack)->task, "task");
}

const mc_model mc_models[] = {{.name = "new_fiber",
                               .what = "a look at a worker whose fiber was just made",
                               .threads = {"worker", "look"},
                               .setup = setup,
                               .body = body,
                               .outcomes = "none one"},
                              {.name = NULL}};
