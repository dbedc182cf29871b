/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/openmp/depend_table.h>

#include <runtime/engine/help.h>
#include <runtime/openmp/detach.h>
#include <runtime/openmp/memory.h>
#include <runtime/openmp/names.h>
#include <runtime/platform/lock.h>
#include <sched/forkstack.h>

#include <stdlib.h>
#include <string.h>

/* ---- Creating and running ---- */

static struct fl_omp_depends *table_of(fl_omp_task *task)
{
    if (!task->depends)
        task->depends = fl_omp_allocate(sizeof *task->depends);
    return task->depends;
}

static void run_node(filch_self self, filch_slot *slot);
static const filch_task node_task = {.run = run_node, .name = "omp task"};

static filch_self fork_node(filch_self self, fl_omp_node *node)
{
    memcpy(self->args, &node, sizeof node);
    return filch_fork_inline(self, fl_omp_task_of(&node_task, node->fn));
}

static fl_omp_node *new_node(fl_omp_task *parent)
{
    fl_omp_node *node = fl_omp_allocate(sizeof *node);
    node->of = table_of(parent);
    node->group = parent->group;
    node->icv = parent->icv;
    node->unmet = node->holders = 1;
    return node;
}

void fl_omp_depend_create(const fl_omp_closure *closure, void **depend, bool final)
{
    fl_omp_task *task = fl_omp_this.task;
    fl_omp_node *node = new_node(task);
    fl_omp_closure_copy(closure, &node->block, &node->data);
    node->fn = closure->fn;
    node->final = final;
    node->copied = closure->copy;
    if (fl_omp_node_enter(node, depend))
        task->self = fork_node(task->self, node);
    else /* it may run in the frame of a child older than its group */
        fl_omp_group_lower(task, task->base);
}

/* The first one is run next, and others are forked; the rest, for which the fork stack has no room, goes to
 * the list. */
static fl_omp_node *next_of(fl_omp_task *frame, fl_omp_node *released, fl_omp_node **rest)
{
    fl_omp_node *first = released ? released : *rest;
    if (!first)
        return NULL;
    if (!released)
        *rest = first->next;
    for (fl_omp_node *other = released ? released->next : NULL, *after; other; other = after) {
        after = other->next;
        if (fl_omp_task_may_fork(frame)) {
            frame->self = fork_node(frame->self, other);
        } else {
            other->next = *rest;
            *rest = other;
        }
    }
    return first;
}

static void run_released(fl_omp_task *frame, fl_omp_node *released)
{
    fl_omp_node *rest = NULL;
    for (fl_omp_node *node; (node = next_of(frame, released, &rest));) {
        fl_omp_node_body(frame->self, node);
        released = fl_omp_node_complete(node);
    }
}

static void run_node(filch_self self, filch_slot *slot)
{
    fl_omp_node *node;
    memcpy(&node, slot->args, sizeof node);
    node->next = NULL;
    fl_omp_task frame = {.self = self, .base = self};
    run_released(&frame, node);
    fl_omp_join_to(&frame, frame.base);
}

/* ---- Waiting ---- */

static fl_omp_node *take_orphans(struct fl_omp_depends *table)
{
    fl_lock(&table->lock);
    fl_omp_node *orphans = table->orphans;
    table->orphans = NULL;
    fl_unlock(&table->lock);
    return orphans;
}

bool fl_omp_depend_adopt(fl_omp_task *task)
{
    fl_omp_node *orphans = task->depends ? take_orphans(task->depends) : NULL;
    run_released(task, orphans);
    return orphans;
}

void fl_omp_depend_settle(fl_omp_task *task)
{
    struct fl_omp_depends *table = task->depends;
    for (bool more = table != NULL; more;) {
        const uint32_t open = filch_u32_load(&table->open, FILCH_ACQUIRE); /* V9 */
        fl_omp_join_to(task, task->base);
        more = fl_omp_depend_adopt(task) || open;
        if (open && task->self == task->base)
            fl_omp_detach_wait(&table->open, open);
    }
}

/* Runs children, the newest first, until the node is ready. If others have taken all of them, it helps with
 * those that descend from the newest. Without children it waits for an event. */
static void await_ready(fl_omp_task *task, const fl_omp_node *node)
{
    const fl_until until = {.word = &node->ready};
    for (;;) {
        const uint32_t open = filch_u32_load(&node->of->open, FILCH_ACQUIRE); /* V9 */
        if (fl_until_over(&until))                                            /* H9 */
            break;
        filch_slot *newest = task->self - 1;
        if (fl_omp_depend_adopt(task))
            continue;
        if (task->self == task->base)
            fl_omp_detach_wait(&node->of->open, open);
        else if (fl_slot_settles(newest) || !fl_forkstack_empty(task->self))
            fl_omp_join_to(task, newest);
        else
            fl_help(fl_fiber_of(newest), newest, &until);
    }
    fl_omp_group_lower(task, task->self);
}

static fl_omp_node *await_node(fl_omp_task *task, void **depend)
{
    fl_omp_node *node = new_node(task);
    node->awaited = true;
    fl_omp_node_enter(node, depend);
    await_ready(task, node);
    return node;
}

void fl_omp_depend_await(void **depend)
{
    fl_omp_task *task = fl_omp_here()->task;
    if (task->depends)
        fl_omp_node_complete(await_node(task, depend)); /* later children see that it is done */
}

/* ---- Detachable nodes ---- */

fl_omp_node *fl_omp_depend_detachable(void **depend)
{
    fl_omp_node *node = await_node(fl_omp_here()->task, depend);
    node->parts = 2;
    filch_u32_add(&node->of->open, 1, FILCH_RELAXED); /* its own thread waits for it */
    return node;
}

void fl_omp_depend_part_over(fl_omp_node *node, bool by_event)
{
    struct fl_omp_depends *table = node->of;
    fl_lock(&table->lock);
    const bool over = --node->parts == 0;
    fl_unlock(&table->lock);
    fl_omp_node *released = over ? fl_omp_node_complete(node) : NULL;
    if (released && by_event) {
        fl_omp_node *last = released;
        fl_lock(&table->lock);
        while (last->next)
            last = last->next;
        last->next = table->orphans;
        table->orphans = released;
        fl_unlock(&table->lock);
    }
    if (over)
        filch_u32_add(&table->open, (uint32_t)-1, FILCH_ACQ_REL); /* U9 */
    if (!by_event)
        run_released(fl_omp_this.task, released);
}

void fl_omp_depend_forget(fl_omp_task *task)
{
    if (task->depends)
        fl_omp_table_forget(task->depends);
}

void fl_omp_depend_clear(fl_omp_task *task)
{
    fl_omp_depend_forget(task);
    if (task->depends)
        free(task->depends->entries);
    free(task->depends);
    task->depends = NULL;
}
