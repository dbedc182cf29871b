/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/openmp/detach.h>

#include <runtime/engine/park.h>
#include <runtime/engine/threads.h>
#include <runtime/openmp/abi.h>
#include <runtime/openmp/depend.h>
#include <runtime/openmp/memory.h>
#include <runtime/openmp/team.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/futex.h>

#include <stdlib.h>

static const int64_t NAP = 50000; /* ns: where there is no hot team to help in */

/* A task's count of its children's events. The task and each event hold it. */
struct fl_omp_events {
    filch_u32 pending, holders;
};

typedef struct event {
    struct fl_omp_events *of;
    fl_omp_group *group; /* or NULL */
    fl_omp_team *team;
    fl_omp_node *node; /* of its task, if that has dependences; or NULL */
} event;

static void release(struct fl_omp_events *events)
{
    if (filch_u32_add(&events->holders, (uint32_t)-1, FILCH_ACQ_REL) == 1) /* the last holder */
        free(events);
}

static void add(filch_u32 *count)
{
    filch_u32_add(count, 1, FILCH_RELAXED); /* FulfilEvent comes later */
}

void *fl_omp_event_new(void)
{
    return fl_omp_allocate(sizeof(event));
}

void fl_omp_event_begin(void *new, fl_omp_node *node)
{
    event *it = new;
    fl_omp_thread *thread = fl_omp_here();
    fl_omp_task *task = thread->task;
    if (!task->events) {
        task->events = fl_omp_allocate(sizeof *task->events);
        add(&task->events->holders);
    }
    *it = (event){.of = task->events, .group = task->group, .team = thread->team, .node = node};
    add(&it->of->holders);
    add(&it->of->pending);
    add(&it->team->pending);
    if (it->group)
        add(&it->group->pending);
    fl_outside_expected(1); /* the detector of deadlocks does not know the thread that fulfils it */
}

void fl_omp_task_detached(const fl_omp_closure *closure, void **depend, void *detach, bool final)
{
    event *it = fl_omp_event_new();
    fl_omp_node *node = depend ? fl_omp_depend_detachable(depend) : NULL;
    fl_omp_event_begin(it, node);
    *(void **)detach = it;
    if (closure->data && closure->size >= sizeof it)
        *(void **)closure->data = it;
    fl_omp_task_include(closure, final);
    if (node)
        fl_omp_depend_part_over(node, false);
}

static void end_one(filch_u32 *count)
{
    filch_u32_add(count, (uint32_t)-1, FILCH_ACQ_REL); /* FulfilEvent */
}

void omp_fulfill_event(uintptr_t handle)
{
    event *it = (event *)handle;
    fl_omp_hot *hot = it->team->state;
    fl_runtime *rt = hot ? hot->rt : NULL;
    if (rt)
        filch_u32_add(&rt->inbox.visitors, 1,
                      FILCH_RELAXED); /* FulfilEvent shows it: rt stays until LeaveVisit */
    if (it->node)
        fl_omp_depend_part_over(it->node, true);
    end_one(&it->of->pending);
    if (it->group)
        end_one(&it->group->pending);
    end_one(&it->team->pending);
    fl_outside_expected(-1);
    if (rt) {
        fl_wake_helpers(rt);
        filch_u32_add(&rt->inbox.visitors, (uint32_t)-1, FILCH_RELEASE); /* LeaveVisit */
    }
    release(it->of);
    free(it);
}

void fl_omp_detach_wait(filch_u32 *count, uint32_t seen)
{
    fl_omp_thread *thread = fl_omp_here();
    const fl_omp_member *member = fl_omp_member_here(thread);
    if (member)
        fl_omp_wait(member, thread->task->self, "a wait for events", count, seen);
    else
        fl_futex_wait_until(count, seen, fl_now() + NAP);
}

void fl_omp_detach_await(filch_u32 *count)
{
    for (uint32_t left; (left = filch_u32_load(count, FILCH_ACQUIRE));) /* AwaitEvents */
        fl_omp_detach_wait(count, left);
}

void fl_omp_detach_taskwait(fl_omp_task *task)
{
    if (task->events)
        fl_omp_detach_await(&task->events->pending);
}

void fl_omp_detach_end(fl_omp_task *task)
{
    if (task->events)
        release(task->events);
    task->events = NULL;
}
