/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/model/system/waiting.h>

#include <runtime/sync/deadlock.h>
#include <sched/rng.h>
#include <tests/model/system/system.h>

#include <string.h>

enum { FRAMES = 1024 }; /* bytes of stack that a call looks at */

static union region {
    fl_fiber fiber;
    char bytes[FILCH_REGION_SIZE];
} region[MC_THREADS] __attribute__((aligned(FILCH_REGION_SIZE)));
static fl_worker worker[MC_THREADS];
static filch_runtime rt;
static filch_u32 resumed[MC_THREADS];
static unsigned suspended[MC_THREADS];
static unsigned fibers, parties, ended;

/* ---- Fibers ---- */

MC_UNCHECKED fl_worker *fl_worker_here(void)
{
    return fibers >> mc_self() & 1 ? &worker[mc_self()] : NULL;
}

static struct aside {
    bool there;
    filch_u32 given;
    fl_fiber *left;
    fl_action *action;
    void *arg;
} aside;

void waiting_setup_aside(void)
{
    aside.there = true;
}

void waiting_aside(void)
{
    mc_await(&aside.given, 4, 0, MC_HERE);
    aside.action(aside.left->worker, aside.left, aside.arg);
}

MC_UNCHECKED static uint32_t count_suspension(unsigned self)
{
    return suspended[self]++;
}

void fl_suspend(filch_self self, fl_action *action, void *arg)
{
    fl_fiber *fiber = fl_fiber_of(self);
    unsigned me = fiber->worker->index;
    uint32_t before = count_suspension(me);
    fiber->context.sp = NULL; /* saved */
    if (aside.there) {
        aside.left = fiber;
        aside.action = action;
        aside.arg = arg;
        filch_u32_store(&aside.given, 1, FILCH_RELEASE);
    } else {
        action(fiber->worker, fiber, arg);
    }
    uint64_t now = mc_await(&resumed[me], 4, before, MC_HERE);
    MC_CLAIM(now == before + 1, "a fiber is resumed twice");
    fiber->context.sp = fiber;
}

void fl_resume(fl_runtime *of, fl_fiber *fiber)
{
    MC_CLAIM(of == &rt, "a fiber is resumed in another runtime");
    MC_CLAIM(fiber->context.sp == NULL, "a fiber is resumed before it is saved");
    filch_u32_add(&resumed[fiber->worker->index], 1, FILCH_RELEASE);
}

void filch_yield(filch_self self)
{
    (void)self;
    mc_pause(MC_HERE);
}

/* ---- Parties ---- */

MC_UNCHECKED void waiting_ends(void)
{
    ended++;
}

MC_UNCHECKED bool waiting_rests(void)
{
    return ended == parties;
}

MC_UNCHECKED __attribute__((noinline)) void waiting_returned(void)
{
    const char *here = __builtin_frame_address(0);
    mc_gone(here - FRAMES, FRAMES + 2 * sizeof(void *));
}

static void lay_out_fiber(unsigned i)
{
    fl_fiber *fiber = &region[i].fiber;
    memset(&region[i], 0, FL_SLOTS_OFFSET + sizeof(filch_slot));
    memset(&worker[i], 0, sizeof worker[i]);
    fl_forkstack_init(&fiber->stack);
    fl_forkstack_issue(&fiber->stack, FL_SIDE_INLINE);
    fiber->worker = &worker[i];
    fiber->context.sp = fiber;
    worker[i].rt = &rt;
    worker[i].index = i;
    worker[i].running = fiber;
}

static void name_everything(void)
{
    static const char *const name[] = {"resumed0", "resumed1", "resumed2",
                                       "resumed3", "resumed4", "resumed5"};
    for (unsigned i = 0; i < MC_THREADS; i++)
        mc_name(&resumed[i], name[i]);
    mc_name(&aside.given, "given");
}

void waiting_setup(unsigned chosen, unsigned of)
{
    fibers = chosen;
    parties = of;
    ended = 0;
    locks_are_played = chance_is_explored = true;
    memset(&aside, 0, sizeof aside);
    memset(resumed, 0, sizeof resumed);
    memset(suspended, 0, sizeof suspended);
    for (unsigned i = 0; i < MC_THREADS; i++)
        if (fibers >> i & 1)
            lay_out_fiber(i);
    mc_ignore(&fl_detector_on, sizeof fl_detector_on);
    name_everything();
}
