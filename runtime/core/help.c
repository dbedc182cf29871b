/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/core/help.h>

#include <sched.h>

enum { TRIES = 200, TRIES_CROWDED = 2 }; /* in vain, before it suspends */

static bool has_room(const fl_fiber *fiber, const filch_slot *slot)
{
    const char *here = __builtin_frame_address(0);
    size_t left = (size_t)(here - (const char *)fiber->shadow.low);
    fl_forkstack *stack = fl_forkstack_of((filch_slot *)(uintptr_t)slot);
    return left > fiber->shadow.size / 4 * 3 && slot < fl_first_slot(stack) + FL_SLOTS / 4;
}

/* Something that only its loop can do, or others. */
static bool is_wanted_elsewhere(fl_worker *worker)
{
    return fl_surplus(worker) || fl_deque_size(&worker->ready) > 0 ||
           !fl_inbox_empty(&worker->rt->inbox);
}

static bool find(fl_worker *worker, const filch_slot *slot, fl_work *work)
{
    if (worker->rt->settings.wait == FL_WAIT_HELP_ANY)
        return worker->rt->discipline->take(worker, work);
    fl_forkstack *stack = fl_slot_runs_on(slot);
    return stack && fl_forkstack_offers(stack) && fl_steal_stack(worker, stack, work);
}

/* What the fiber's own job left in it is not the other task's. */
static void run_on_top(fl_fiber *fiber, filch_self self, const fl_work *work)
{
    const filch_task *root = fiber->root;
    const char *file = fiber->root_file, *pooled_name = fiber->pooled_name,
               *pooled_in = fiber->pooled_in;
    int line = fiber->root_line;
    struct fl_child *child = fiber->child;
    struct filch_job *pooled = fiber->pooled;
    bool on_runner = fiber->on_runner;
    unsigned blocking = fiber->blocking;
    fiber->child = NULL;
    fiber->pooled = NULL;
    fiber->on_runner = false;
    fl_run_forked(self, work);
    fl_fiber_runs(fiber, root, file, line);
    fiber->child = child;
    fiber->pooled = pooled;
    fiber->pooled_name = pooled_name;
    fiber->pooled_in = pooled_in;
    fiber->on_runner = on_runner;
    fiber->blocking = blocking;
}

static void pass_time(const fl_runtime *rt)
{
    if (fl_may_spin(rt))
        filch_pause();
    else
        sched_yield();
}

bool fl_help(fl_fiber *fiber, filch_slot *slot)
{
    fl_runtime *rt = fiber->worker->rt;
    if (rt->settings.wait == FL_WAIT_SUSPEND)
        return false;
    unsigned most = fl_may_spin(rt) ? TRIES : TRIES_CROWDED;
    for (unsigned tries = 0; tries < most && has_room(fiber, slot); tries++) {
        fl_worker *worker = fiber->worker; /* it may be another after each task */
        fl_work work;
        if (fl_slot_done(slot))
            return true;
        if (is_wanted_elsewhere(worker) || !fl_profit_allows(&worker->profit))
            return false;
        if (find(worker, slot, &work)) {
            fl_count(worker, FL_HELPS, 1);
            run_on_top(fiber, slot + 1, &work);
            tries = 0;
        } else {
            pass_time(rt);
        }
    }
    return fl_slot_done(slot);
}
