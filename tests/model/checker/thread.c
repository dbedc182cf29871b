/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The model's threads. Each runs on a stack of its own, and gives control back before each of its
 * operations, with the operation described. This file decides whether it may continue; explore.c
 * decides which thread does. A thread that fails or ends never comes back. */
#include <tests/model/checker/state.h>

#include <runtime/platform/switch_frame.h>

#include <string.h>

enum { STACK = 256 * 1024 };
static char stacks[MC_THREADS][STACK] __attribute__((aligned(64)));
static fl_switch_frame checker, suspended[MC_THREADS];

static void to_checker(void)
{
    fl_switch_frame_swap(&suspended[mc.self], &checker);
}

static void start(void *unused)
{
    (void)unused;
    mc.model->body(mc.self);
    mc_view last;
    mc_hand_over(&last);
    mc.thread[mc.self].released = last; /* for the thread that joins */
    mc.thread[mc.self].next = (mc_step){.kind = MC_DONE, .location = -1};
    to_checker();
}

void mc_threads_start(void)
{
    mc.threads = 0;
    while (mc.threads < MC_THREADS && mc.model->threads[mc.threads])
        mc.threads++;
    if (mc.model->threads[mc.threads])
        mc_fail("the checker's limit: too many threads (MC_THREADS in check.h)");
    for (unsigned i = 0; i < mc.threads; i++) {
        fl_switch_frame_make(&suspended[i], stacks[i] + STACK, start, NULL);
        mc.thread[i].next = (mc_step){.kind = MC_START, .location = -1};
    }
}

void mc_thread_run(unsigned thread)
{
    mc.self = thread;
    mc.in_thread = true;
    fl_switch_frame_swap(&checker, &suspended[thread]);
    mc.in_thread = false;
}

bool mc_thread_enabled(unsigned thread)
{
    const mc_step *next = &mc.thread[thread].next;
    switch (next->kind) {
    case MC_LOCK:
        return mc_newest(next->location) == 0;
    case MC_AWAIT:
        return mc_newest(next->location) != next->other;
    case MC_JOIN:
        return mc.thread[next->other].next.kind == MC_DONE;
    case MC_PAUSE:
        return mc.changes != mc.thread[thread].paused_at;
    case MC_BLOCKED:
    case MC_DONE:
        return false;
    default:
        return true;
    }
}

void mc_step_before(mc_step step)
{
    if (!mc.running)
        return;
    mc.thread[mc.self].next = step;
    to_checker();
    mc.steps++;
}

void mc_fail(const char *claim)
{
    if (!mc.failure)
        mc.failure = claim;
    if (!mc.in_thread)
        return;
    mc.thread[mc.self].next = (mc_step){.kind = MC_DONE, .location = -1};
    to_checker();
}

unsigned mc_self(void)
{
    return mc.self;
}

void mc_pause(const char *where)
{
    if (!mc.running)
        return;
    mc_thread *by = &mc.thread[mc.self];
    by->paused_at = mc.changes;
    mc_step_before((mc_step){MC_PAUSE, -1, 0, false, where});
    by->fresh = true;
}

void mc_join(unsigned thread, const char *where)
{
    mc_step_before((mc_step){MC_JOIN, -1, thread, false, where});
    mc_take_over(&mc.thread[thread].released);
    if (mc.tracing)
        mc_trace(mc.self, where, "joins %s", mc.model->threads[thread]);
}

/* ---- Futexes: the kernel's own locks order everything that it does ---- */

bool mc_futex_wait(void *address, uint32_t expected, bool timed, const char *where)
{
    int location = mc_location_of(address, 4);
    mc_step_before((mc_step){MC_WAIT, location, 0, true, where});
    mc_fence_by(mc.self);
    uint32_t value = (uint32_t)mc_read_newest(location);
    if (mc.tracing)
        mc_trace(mc.self, where, value == expected ? "sleeps on %s" : "futex: %s is %u",
                 mc_name_of(address), value);
    if (value != expected)
        return false;
    mc_step_before((mc_step){timed ? MC_TIMED : MC_BLOCKED, location, 0, true, where});
    mc_fence_by(mc.self);
    bool woken = mc.thread[mc.self].next.kind == MC_START;
    if (mc.tracing)
        mc_trace(mc.self, where, woken ? "is woken" : "wakes at its time limit");
    return !woken;
}

/* By its address alone: the object there may be gone. */
void mc_futex_wake(void *address, unsigned most, const char *where)
{
    int location = mc_location_known(address);
    mc_step_before((mc_step){MC_WAKE, location, 0, true, where});
    mc_fence_by(mc.self);
    if (mc.tracing)
        mc_trace(mc.self, where, "futex wake on %s", mc_name_of(address));
    for (unsigned i = 0; location >= 0 && i < mc.threads && most; i++) {
        mc_step *next = &mc.thread[i].next;
        if ((next->kind == MC_BLOCKED || next->kind == MC_TIMED) && next->location == location) {
            *next = (mc_step){MC_START, location, 0, true, where};
            most--;
        }
    }
}

/* ---- Fibers: the library's switch, called by a thread of the model for itself ---- */

void mc_switch_frame_swap(fl_switch_frame *from, fl_switch_frame *to)
{
    mc_plain(from, sizeof *from, true); /* saved here, */
    mc_plain(to, sizeof *to, false);    /* and nobody goes on where it is not */
    fl_switch_frame_swap(from, to);
}

void mc_switch_frame_make(fl_switch_frame *context, void *top, void (*entry)(void *), void *arg)
{
    mc_plain(context, sizeof *context, true);
    fl_switch_frame_make(context, top, entry, arg);
}
