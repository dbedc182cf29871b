/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Waiting in a team, and its barriers. The edges are those of runtime/openmp/team.h. */
#include <filch/trace.h>
#include <runtime/engine/events.h>
#include <runtime/engine/help.h>
#include <runtime/engine/park.h>
#include <runtime/openmp/abi.h>
#include <runtime/openmp/detach.h>
#include <runtime/openmp/openmp.h>
#include <runtime/openmp/team.h>
#include <runtime/platform/futex.h>
#include <runtime/platform/spin.h>
#include <runtime/platform/virtual/virtual.h>

enum {
    SPIN = 20000,        /* ns that a waiting thread spins, where each thread has a CPU */
    SPIN_PASSIVE = 1000, /* with OMP_WAIT_POLICY=passive, which does not yield either */
    NAP = 50000          /* ns between two looks of a thread that cannot help */
};

/* Without room for tasks of others on its stack. */
static void wait_alone(const fl_until *until)
{
    fl_spin spin = fl_spin_begin(until->spin + until->yields);
    while (fl_spin_on(&spin))
        if (fl_until_over(until))
            return;
    fl_futex_nap(NAP);
}

void fl_omp_wait(const fl_omp_member *member, filch_self self, const char *call,
                 const filch_u32 *word, uint32_t value)
{
    const bool passive = fl_omp_globals.passive;
    const fl_until until = {
        word, value, 0, passive ? SPIN_PASSIVE : SPIN, passive ? 0 : FL_OMP_YIELDS, call};
    while (!fl_help_until(member->seat.guest.fiber, self, &until))
        wait_alone(&until);
}

void fl_omp_publish(fl_omp_hot *hot, filch_u32 *word)
{
    const uint32_t was = filch_u32_load(word, FILCH_RELAXED); /* the caller's own */
    filch_u32_store(word, was + 1, FILCH_SEQ_CST); /* BeginRegion, EndRegion, OpenRound */
    fl_wake_helpers(hot->rt);
}

void fl_omp_barrier_open(fl_omp_team *team)
{
    fl_omp_hot *hot = team->state;
    if (hot)
        fl_omp_publish(hot, &hot->round);
}

/* A cancelled region has no more barriers: each thread goes to its end. */
static bool is_cancelled(const fl_omp_team *team)
{
    return filch_u32_load(&team->cancelled, FILCH_ACQUIRE); /* a flag */
}

static void arrive(fl_omp_hot *hot, const fl_omp_thread *thread, uint32_t round)
{
    if (filch_u32_add(&hot->arrived, 1, FILCH_ACQ_REL) + 1 == hot->size) { /* ArriveAtBarrier */
        fl_omp_shares_passed(&thread->team->shares);
        filch_u32_store(&hot->arrived, 0, FILCH_RELAXED); /* OpenRound shows it */
        fl_omp_publish(hot, &hot->round);
    } else {
        fl_omp_wait(&hot->members[thread->number], thread->task->self, "a barrier", &hot->round,
                    round);
    }
}

bool fl_omp_barrier(void)
{
    fl_omp_thread *thread = fl_omp_here();
    fl_omp_team *team = thread->team;
    fl_omp_hot *hot = team->state;
    fl_omp_taskwait();
    fl_omp_detach_await(&team->pending);
    if (!hot) {
        fl_omp_shares_passed(&team->shares);
        return is_cancelled(team);
    }
    fl_point();
    const uint32_t round = filch_u32_load(&hot->round, FILCH_ACQUIRE); /* AwaitRound */
    if (is_cancelled(
            team)) /* after AwaitRound: it is set before the round changes (fl_omp_barrier_open) */
        return true;
    const bool traced = fl_traced(fl_seat_worker(&hot->members[thread->number].seat));
    if (traced)
        filch_trace_span_begin("omp barrier"); /* for `filch trace` */
    arrive(hot, thread, round);
    if (traced)
        filch_trace_span_end();
    return is_cancelled(team);
}

void GOMP_barrier(void)
{
    fl_omp_barrier();
}

bool GOMP_barrier_cancel(void)
{
    return fl_omp_barrier();
}

/* ---- Cancellation ---- */

/* Cancellation (OpenMP 5.1, 2.20). Without OMP_CANCELLATION=true nothing is cancelled. Each kind is a flag,
 * of the team, the work-sharing construct or the taskgroup; threads look at it at cancellation points,
 * and tasks before they begin. Threads that wait at a barrier of a cancelled region are let through. */

enum { PARALLEL = 1, LOOP = 2, SECTIONS = 4, TASKGROUP = 8 };

static bool is_set(const filch_u32 *flag)
{
    return filch_u32_load(flag, FILCH_RELAXED); /* a flag; barriers order the rest */
}

static bool set(filch_u32 *flag)
{
    return filch_u32_exchange(flag, 1, FILCH_ACQ_REL) == 0; /* a flag, as above */
}

static bool is_group_cancelled(const fl_omp_task *task)
{
    const fl_omp_group *group = fl_omp_group_meant(task->group);
    return group && is_set(&group->cancelled);
}

bool GOMP_cancellation_point(int which)
{
    if (!fl_omp_globals.cancellation)
        return false;
    const fl_omp_thread *thread = fl_omp_here();
    if (which & (LOOP | SECTIONS))
        return fl_omp_share_cancelled(thread) || is_set(&thread->team->cancelled);
    if (which & TASKGROUP && is_group_cancelled(thread->task))
        return true;
    return is_set(&thread->team->cancelled);
}

bool GOMP_cancel(int which, bool wanted)
{
    if (!fl_omp_globals.cancellation)
        return false;
    if (!wanted)
        return GOMP_cancellation_point(which);
    fl_omp_thread *thread = fl_omp_here();
    if (which & (LOOP | SECTIONS))
        fl_omp_share_cancel(thread);
    else if (which & TASKGROUP && thread->task->group)
        set(&fl_omp_group_meant(thread->task->group)->cancelled);
    else if (which & PARALLEL && set(&thread->team->cancelled))
        fl_omp_barrier_open(thread->team);
    return true;
}
