/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The model's threads. Each runs on a stack of its own, and gives control back before each of its
 * operations, with the operation described. This file decides whether it may continue; explore.c
 * decides which thread does. A thread that fails or ends never comes back. */
#include <tests/model/checker/state.h>

#include <runtime/platform/switch/switch_frame.h>

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
    mc_thread *by = &mc.thread[mc.self];
    by->next = (mc_step){.kind = MC_DONE, .location = MC_NONE};
    mc_role_step(&by->next);
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
        mc.thread[i].next = (mc_step){.kind = MC_START, .location = MC_NONE};
        mc.thread[i].looked = MC_NONE;
        mc_own(i, stacks[i], STACK);
    }
}

void mc_thread_run(unsigned thread)
{
    mc.self = thread;
    mc.in_thread = true;
    fl_switch_frame_swap(&checker, &suspended[thread]);
    mc.in_thread = false;
}

bool mc_thread_able(unsigned thread)
{
    const mc_step *next = &mc.thread[thread].next;
    int candidate[MC_CANDIDATES];
    if (next->kind == MC_DONE)
        return false;
    if (next->kind == MC_JOIN)
        return mc.thread[next->operand].next.kind == MC_DONE;
    bool picks = next->kind == MC_LOCK || next->kind == MC_AWAIT || next->kind == MC_SLEEP;
    return !picks || mc_candidates(thread, next, candidate) > 0; /* others may read the newest */
}

/* Has something come that it waits for? */
static bool has_later(unsigned thread)
{
    const mc_thread *by = &mc.thread[thread];
    int candidate[MC_CANDIDATES];
    if (by->next.kind == MC_BARRIER)
        return mc.thread[by->next.operand].segment > by->since;
    if (by->next.location < 0)
        return by->fences > by->since;
    for (int i = mc_candidates(thread, &by->next, candidate); i-- > 0;)
        if (candidate[i] >= by->since)
            return true;
    return false;
}

bool mc_threads_done(void)
{
    for (unsigned i = 0; i < mc.threads; i++)
        if (mc.thread[i].next.kind != MC_DONE)
            return false;
    return true;
}

bool mc_thread_sees_change(unsigned thread)
{
    for (unsigned i = 0; i < mc.threads; i++)
        if (i != thread && mc.thread[i].last_store > mc.thread[thread].paused_from)
            return true;
    return false;
}

bool mc_threads_wait_for_nothing(void)
{
    for (unsigned i = 0; i < mc.threads; i++)
        if (mc.thread[i].waits && mc.thread[i].later && mc_thread_able(i))
            return true;
    return false;
}

bool mc_thread_enabled(unsigned thread)
{
    const mc_thread *by = &mc.thread[thread];
    return mc_thread_able(thread) && !(by->waits && by->later && !has_later(thread));
}

/* Where threads give control back, they do so before this step. */
void mc_step_before(mc_step step)
{
    uint64_t most = mc.model->steps ? mc.model->steps : MC_STEPS;
    mc.thread[mc.self].next = step;
    mc_role_step(&step);
    if (mc.yielding)
        to_checker();
    mc.thread[mc.self].waits = false;
    if (++mc.steps - mc.first_step > most)
        mc_fail("too many steps: this never ends");
}

/* A thread that gives control back before each step does so when it tries again. */
void mc_wait(void)
{
    mc.thread[mc.self].waits = true;
    mc_record_back();
    if (!mc.yielding)
        to_checker();
}

static void end_here(void)
{
    if (!mc.in_thread)
        return;
    mc.thread[mc.self].next = (mc_step){.kind = MC_DONE, .location = MC_NONE};
    to_checker();
}

void mc_prune(void)
{
    mc.pruned = true;
    end_here();
}

void mc_fail(const char *claim)
{
    if (!mc.failure)
        mc.failure = claim;
    end_here();
}

unsigned mc_choose(unsigned ways)
{
    if (ways <= 1 || !mc.running)
        return 0;
    if (ways > MC_CANDIDATES)
        mc_fail("the checker's limit: too many ways (MC_CANDIDATES in state.h)");
    unsigned way = (unsigned)mc_choose_way(ways, NULL, NULL);
    mc_role_passed(way);
    return way;
}

unsigned mc_self(void)
{
    return mc.self;
}

/* A hint: it may be nothing at all, so a loop may pass it some times. */
static bool is_passed(mc_thread *by, const char *where)
{
    enum { FREE = 3 };
    for (unsigned i = 0; i < MC_SITES; i++) {
        if (!by->site[i].where)
            by->site[i].where = where;
        if (by->site[i].where == where)
            return by->site[i].passes++ < FREE;
    }
    return false;
}

void mc_pause(const char *where)
{
    if (!mc.running)
        return;
    mc_thread *by = &mc.thread[mc.self];
    if (is_passed(by, where))
        return;
    by->paused_at = ++mc.pauses;
    by->paused_from = mc.stores;
    by->next = (mc_step){MC_PAUSE, MC_NONE, 0, MC_RELAXED, where};
    to_checker();
    mc.steps++;
}

void mc_join(unsigned thread, const char *where)
{
    for (;;) {
        mc_step_before((mc_step){MC_JOIN, MC_NONE, thread, MC_RELAXED, where});
        if (mc.thread[thread].next.kind == MC_DONE)
            break;
        mc_wait();
    }
    mc_thread *by = &mc.thread[mc.self];
    mc_join_clock(&by->now, &mc.thread[thread].now);
    mc_join_clock(&by->acquired, &mc.thread[thread].now);
    mc_join_clock(&by->past, &mc.thread[thread].past);
    mc_role_passed(0);
    if (mc.tracing)
        mc_trace(mc.self, where, "joins %s", mc.model->threads[thread]);
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
