/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Taskgroups. All tasks of a group descend from the task that opened it, and each task joins its children
 * before it ends. So the end of the group joins the children that were created since. */
#include <runtime/openmp/abi_team.h>
#include <runtime/openmp/depend.h>
#include <runtime/openmp/detach.h>
#include <runtime/openmp/memory.h>
#include <runtime/openmp/openmp.h>

#include <stdlib.h>

void fl_omp_group_begin(void)
{
    fl_omp_task *task = fl_omp_here()->task;
    fl_omp_group *group = fl_omp_allocate(sizeof *group);
    group->outer = task->group;
    group->task = task;
    group->mark = task->self;
    task->group = group;
}

void fl_omp_group_lower(const fl_omp_task *task, filch_slot *slot)
{
    for (fl_omp_group *group = task->group; group && group->task == task; group = group->outer)
        if (group->mark > slot)
            group->mark = slot;
}

void fl_omp_group_end(void)
{
    fl_omp_task *task = fl_omp_here()->task;
    fl_omp_group *group = task->group;
    do {
        fl_omp_join_to(task, group->mark);
        fl_omp_detach_await(&group->pending);
    } while (fl_omp_depend_adopt(task));
    task->group = group->outer;
    free(group);
}

void GOMP_taskgroup_start(void)
{
    fl_omp_group_begin();
}

void GOMP_taskgroup_end(void)
{
    fl_omp_group_end();
}
