/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/model/system/waiting.h>

#include <runtime/engine/external.h>
#include <runtime/engine/park.h>
#include <runtime/engine/suspend.h>
#include <runtime/engine/threads.h>
#include <sched/rng.h>
#include <tests/model/system/reaches.h>
#include <tests/model/system/system.h>

#include <errno.h>
#include <string.h>

enum { FRAMES = 1024 }; /* bytes of stack that a call looks at */

static union region {
    fl_fiber fiber;
    char bytes[FILCH_REGION_SIZE];
} region[MC_THREADS] __attribute__((aligned(FILCH_REGION_SIZE)));
static fl_worker worker[MC_THREADS];
static filch_runtime rt;
static filch_u32 resumed[MC_THREADS];
static unsigned suspended[MC_THREADS], parked[MC_THREADS], resumptions[MC_THREADS];
static unsigned told_of[MC_THREADS]; /* of its suspensions */
static int resumed_by[MC_THREADS];
static unsigned fibers, parties, ended;

/* ---- Fibers ---- */

/* Every wait asks this first. The stack below belongs to calls that have returned, such as an
 * earlier wait of the same call: its words begin anew. */
MC_UNCHECKED __attribute__((noinline)) fl_worker *fl_worker_here(void)
{
    const char *here = __builtin_frame_address(0);
    mc_gone(here - FRAMES, FRAMES);
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

MC_UNCHECKED bool waiting_parked(unsigned fiber)
{
    return parked[fiber] > resumptions[fiber];
}

MC_UNCHECKED static void count_parked(unsigned self)
{
    parked[self]++;
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
        count_parked(me);
    }
    uint64_t now = mc_await(&resumed[me], 4, before, MC_HERE);
    MC_CLAIM(now == before + 1, "a fiber is resumed twice");
    fiber->context.sp = fiber;
}

MC_UNCHECKED static void count_resumption(unsigned fiber)
{
    resumptions[fiber]++;
    resumed_by[fiber] = mc_self() == fiber ? -1 : (int)mc_self();
}

int waiting_resumed_by(unsigned fiber)
{
    return resumed_by[fiber];
}

void fl_resume(fl_runtime *of, fl_fiber *fiber)
{
    MC_CLAIM(of == &rt, "a fiber is resumed in another runtime");
    MC_CLAIM(fiber->context.sp == NULL, "a fiber is resumed before it is saved");
    count_resumption(fiber->worker->index);
    filch_u32_add(&resumed[fiber->worker->index], 1, FILCH_RELEASE);
}

void fl_submit_all_across(fl_runtime *of, fl_work_item *const *wakes, unsigned count,
                          fl_wake_hint hint)
{
    (void)hint;
    for (unsigned i = 0; i < count; i++)
        fl_resume(of, wakes[i]->as.fiber);
}

void fl_yield_in(filch_self self, const char *call)
{
    (void)call;
    (void)self;
    mc_pause(MC_HERE);
}

/* ---- For `reaches` ---- */

const waiting_ways waiting_ways_usual = {"no wait", "a wait", "an error at once",
                                         "a wait that ends in an error", "a time-out"};

MC_UNCHECKED static unsigned parked_since(bool *over)
{
    unsigned me = mc_self(), since = suspended[me] - told_of[me];
    told_of[me] = suspended[me];
    return since + futex_waited(over);
}

unsigned waiting_came_out(int rc, const waiting_ways *ways)
{
    bool over;
    unsigned times = parked_since(&over);
    const char *way = rc == -ETIMEDOUT ? ways->late
                      : rc < 0         ? (times ? ways->ended : ways->refused)
                      : times          ? ways->told
                                       : ways->at_once;
    if (way)
        reaches_note(way);
    if (over && rc != -ETIMEDOUT)
        reaches_note("a time limit too late");
    return times;
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
    fiber->wake = (fl_work_item){.as.fiber = fiber, .kind = FL_WORK_ITEM_FIBER};
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
    memset(parked, 0, sizeof parked);
    memset(resumptions, 0, sizeof resumptions);
    memset(told_of, 0, sizeof told_of);
    memset(resumed_by, -1, sizeof resumed_by);
    futexes_setup();
    reaches_setup();
    for (unsigned i = 0; i < MC_THREADS; i++)
        if (fibers >> i & 1)
            lay_out_fiber(i);
    fl_worker_set_init(&rt.worker_set, 1,
                       1); /* more workers than CPUs: nobody spins before it waits */
    mc_ignore(&rt.worker_set, sizeof rt.worker_set);
    mc_ignore(&fl_detector_on, sizeof fl_detector_on);
    name_everything();
}
