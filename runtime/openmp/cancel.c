/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Cancellation (OpenMP 5.1, 2.20). Without OMP_CANCELLATION=true nothing is cancelled. Each kind is a flag,
 * of the team, the work-sharing construct or the taskgroup; threads look at it at cancellation points,
 * and tasks before they begin. Threads that wait at a barrier of a cancelled region are let through. */
#include <runtime/openmp/abi_team.h>
#include <runtime/openmp/openmp.h>
#include <runtime/openmp/team.h>

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
