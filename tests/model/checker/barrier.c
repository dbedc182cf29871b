/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Fences. A membarrier is a fence at its begin and at its end, and one in each other thread between
 * them. Such a fence has an order against what a barrier separates from it, and against nothing
 * else, since the compiler may move accesses that no barrier holds. So it knows what its thread knew
 * at the last barrier, and its thread knows it from the next barrier on. */
#include <tests/model/checker/state.h>

#include <string.h>

enum { CALLS = 128, BARRIERS = 1024 };
/* A membarrier has come to a thread. */
static struct reached {
    int fence, choice;
    unsigned caller;
    mc_stamp called; /* the caller's first fence */
} reached[MC_THREADS][CALLS];
/* A thread has passed a barrier. */
static struct passed {
    int choice;
    mc_stamp index; /* of its last event before */
} passed[MC_THREADS][BARRIERS];

static void wait_for_another(int since)
{
    mc_thread *by = &mc.thread[mc.self];
    by->later = true;
    by->since = since;
    mc_wait();
}

/* It had not to come before this barrier was passed. */
static void tell_earlier_membarriers(void)
{
    const mc_thread *by = &mc.thread[mc.self];
    for (int i = 0; i < by->fences; i++) {
        const struct reached *at = &reached[mc.self][i];
        if (by->past.of[at->caller] <= at->called)
            mc_came_later(at->choice);
    }
}

static void know_membarriers(void)
{
    mc_thread *by = &mc.thread[mc.self];
    for (int i = by->fences;
         i-- > 0 && mc.event[reached[mc.self][i].fence].segment == by->segment;) {
        const mc_clock *known = &mc.event[reached[mc.self][i].fence].known;
        mc_join_clock(&by->now, known);
        mc_join_clock(&by->acquired, known);
        mc_join_clock(&by->released, known);
    }
}

static void come_to_barrier(mc_kind kind, const char *where)
{
    mc_thread *by = &mc.thread[mc.self];
    for (;;) {
        mc_step_before((mc_step){kind, MC_NONE, 0, MC_RELAXED, where});
        if (mc_choose_way(1, NULL, NULL) == 0)
            break;
        wait_for_another(by->fences);
    }
    by->later = false;
    if (by->segment == BARRIERS) {
        mc_fail("the checker's limit: too many barriers (BARRIERS in barrier.c)");
        by->segment--;
    }
    passed[mc.self][by->segment] = (struct passed){mc_last_choice(), by->now.of[mc.self]};
    tell_earlier_membarriers();
    know_membarriers();
    by->segment++;
    mc_role_passed(0);
}

static void leave_barrier(void)
{
    mc_thread *by = &mc.thread[mc.self];
    by->reached = by->now;
    mc_join_clock(&by->reached, &by->acquired);
}

void mc_light(const char *where)
{
    if (!mc.running)
        return;
    come_to_barrier(MC_LIGHT, where);
    leave_barrier();
}

int mc_add_fence(const char *where)
{
    mc_thread *by = &mc.thread[mc.self];
    come_to_barrier(MC_FENCE, where);
    mc_join_clock(&by->now, &by->acquired);
    mc_event fence = {.index = ++by->now.of[mc.self],
                      .column = mc.self,
                      .location = MC_NONE,
                      .source = MC_NONE,
                      .choice = MC_NONE,
                      .seq_cst = true};
    by->past.of[mc.self] = fence.index;
    fence.known = by->released = by->now;
    int event = mc_add_event(&fence);
    mc.of_thread[mc.self][fence.index] = event;
    mc_psc_fence(event);
    leave_barrier();
    return event;
}

void mc_fence(const char *where)
{
    if (!mc.running)
        return;
    mc_add_fence(where);
    if (mc.tracing)
        mc_trace(mc.self, where, "fence, seq_cst");
}

/* It had not to be passed before this membarrier came. */
static void tell_earlier_barriers(unsigned thread)
{
    for (int i = 0; i < mc.thread[thread].segment; i++)
        if (mc.thread[mc.self].past.of[thread] <= passed[thread][i].index)
            mc_came_later(passed[thread][i].choice);
}

static int put_fence(unsigned thread)
{
    mc_thread *to = &mc.thread[thread];
    mc_event fence = {.index = (mc_stamp)++to->fences,
                      .column = MC_REACHED + thread,
                      .location = MC_NONE,
                      .source = MC_NONE,
                      .choice = MC_NONE,
                      .segment = to->segment,
                      .known = to->reached,
                      .seq_cst = true};
    fence.known.of[fence.column] = fence.index;
    int event = mc_add_event(&fence);
    mc_psc_fence(event);
    return event;
}

static void reach_thread(unsigned thread, int first, const char *where)
{
    mc_thread *to = &mc.thread[thread];
    for (;;) {
        mc_step_before((mc_step){MC_BARRIER, MC_NONE, thread, MC_RELAXED, where});
        if (mc_choose_way(1, NULL, NULL) == 0)
            break;
        wait_for_another(to->segment);
    }
    mc.thread[mc.self].later = false;
    mc_role_passed(0);
    if (to->fences == CALLS) {
        mc_fail("the checker's limit: too many membarriers (CALLS in barrier.c)");
        to->fences--;
    }
    int choice = mc_last_choice(), fence = put_fence(thread);
    reached[thread][to->fences - 1] =
        (struct reached){fence, choice, mc.self, mc.event[first].index};
    mc_psc_call(first, fence);
    tell_earlier_barriers(thread);
    if (mc.tracing)
        mc_trace(mc.self, where, "membarrier reaches %s", mc.model->threads[thread]);
}

void mc_tell_barriers(void)
{
    for (unsigned i = 0; i < mc.threads; i++) {
        for (int j = 0; j < mc.thread[i].segment; j++)
            mc_came_later(passed[i][j].choice);
        for (int j = 0; j < mc.thread[i].fences; j++)
            mc_came_later(reached[i][j].choice);
    }
}

void mc_membarrier(const char *where)
{
    if (!mc.running)
        return;
    int first = mc_add_fence(where);
    if (mc.tracing)
        mc_trace(mc.self, where, "membarrier begins");
    for (unsigned other = 0; other < mc.threads; other++)
        if (other != mc.self)
            reach_thread(other, first, where);
    mc_psc_return(first, mc_add_fence(where));
    if (mc.tracing)
        mc_trace(mc.self, where, "membarrier ends");
}
