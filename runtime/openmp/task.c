/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/openmp/task.h>

#include <runtime/openmp/abi.h>
#include <runtime/openmp/depend.h>
#include <runtime/openmp/detach.h>
#include <runtime/openmp/memory.h>
#include <runtime/openmp/names.h>
#include <runtime/openmp/openmp.h>
#include <runtime/platform/virtual/virtual.h>
#include <sched/forkstack.h>

#include <stdlib.h>
#include <string.h>

/* Slots left free below the reserve of a fork stack, for tasks that run on top. */
enum { HEADROOM = 64 };

/* ---- Joining ---- */

void fl_omp_join_to(fl_omp_task *task, filch_slot *mark)
{
    while (task->self > mark) {
        filch_slot *slot = --task->self;
        const filch_task *forked =
            (const filch_task *)filch_ptr_load(&slot->task, FILCH_RELAXED); /* its own store */
        if (filch_join_inline(slot, forked))
            forked->run(slot, slot);
    }
}

/* Their ends may release further children. */
static FILCH_COLD void await_events(fl_omp_task *task)
{
    do {
        fl_omp_join_to(task, task->base);
        fl_omp_detach_taskwait(task);
    } while (fl_omp_depend_adopt(task));
    fl_omp_depend_forget(task);
}

void fl_omp_taskwait(void)
{
    fl_omp_task *task = fl_omp_here()->task;
    fl_omp_join_to(task, task->base);
    fl_omp_group_lower(task, task->base);
    if (FILCH_UNLIKELY(task->depends || task->events))
        await_events(task);
}

static FILCH_COLD void clear(fl_omp_task *task)
{
    fl_omp_depend_settle(task);
    fl_omp_depend_clear(task);
    fl_omp_detach_end(task);
    if (task->owns_icv)
        free(task->icv);
}

void fl_omp_task_end(fl_omp_task *task)
{
    fl_omp_join_to(task, task->base);
    if (FILCH_UNLIKELY(task->depends || task->events || task->owns_icv))
        clear(task);
}

/* ---- Running ---- */

/* A cancelled task does not begin. If its data were copied by the program's code, it does: only its body
 * destroys the copies. */
static inline bool is_discarded(fl_omp_group *inner)
{
    const fl_omp_group *group = fl_omp_group_meant(inner);
    return FILCH_UNLIKELY(
        (group && filch_u32_load(&group->cancelled, FILCH_RELAXED)) || /* both: flags */
        filch_u32_load(&fl_omp_this.team->cancelled, FILCH_RELAXED));
}

/* icv: that of its parent. */
static inline void run(filch_self self, fl_omp_fn *fn, void *data, fl_omp_group *group,
                       fl_omp_icv *icv, bool final)
{
    fl_omp_thread *thread = &fl_omp_this;
    fl_omp_task *before = thread->task;
    fl_omp_task task = {.self = self, .base = self, .group = group, .icv = icv, .final = final};
    thread->task = &task;
    fn(data);
    fl_omp_task_end(&task);
    thread->task = before;
}

/* The content of a slot: a task with its data, */
typedef struct plain {
    fl_omp_fn *fn;
    char data[FL_OMP_INLINE];
} plain;

/* in a taskgroup, */
typedef struct grouped {
    fl_omp_fn *fn;
    fl_omp_group *group;
    char data[FL_OMP_INLINE - sizeof(void *)];
} grouped;

/* or with a block that has them. */
typedef struct large {
    fl_omp_fn *fn;
    fl_omp_group *group;
    uintptr_t
        icv; /* its parent's address of it, and COPIED if the program's code has copied the data */
    void *block, *data;
} large;

enum { COPIED = 1 };
FILCH_STATIC_ASSERT(_Alignof(fl_omp_icv) > COPIED, "an address has room for it");

enum form { PLAIN, GROUPED, LARGE, FORMS };

FILCH_STATIC_ASSERT(sizeof(plain) <= FILCH_SLOT_BYTES, "a slot has room");
FILCH_STATIC_ASSERT(sizeof(grouped) <= FILCH_SLOT_BYTES, "a slot has room");
FILCH_STATIC_ASSERT(sizeof(large) <= FILCH_SLOT_BYTES, "a slot has room");

static inline void run_plain(filch_self self, const filch_slot *slot, bool final)
{
    plain it;
    memcpy(&it, slot->args, sizeof it);
    if (!is_discarded(NULL))
        run(self, it.fn, it.data, NULL, fl_omp_this.team->icv, final);
}

static inline void run_grouped(filch_self self, const filch_slot *slot, bool final)
{
    grouped it;
    memcpy(&it, slot->args, sizeof it);
    if (!is_discarded(it.group))
        run(self, it.fn, it.data, it.group, fl_omp_this.team->icv, final);
}

static inline void run_large(filch_self self, const filch_slot *slot, bool final)
{
    large it;
    memcpy(&it, slot->args, sizeof it);
    if (it.icv & COPIED || !is_discarded(it.group))
        run(self, it.fn, it.data, it.group, (fl_omp_icv *)(it.icv & ~(uintptr_t)COPIED), final);
    free(it.block);
}

#define FORM(form, how, final)                                                                     \
    static void form##_##how(filch_self self, filch_slot *slot)                                    \
    {                                                                                              \
        run_##form(self, slot, final);                                                             \
    }
FORM(plain, usual, false)
FORM(plain, final, true)
FORM(grouped, usual, false)
FORM(grouped, final, true)
FORM(large, usual, false)
FORM(large, final, true)

#define KIND(form)                                                                                 \
    {                                                                                              \
        {.run = form##_usual, .name = "omp task"},                                                 \
        {                                                                                          \
            .run = form##_final, .name = "omp task"                                                \
        }                                                                                          \
    }
/* By [form][is it final]. */
static const filch_task kinds[FORMS][2] = {
    [PLAIN] = KIND(plain), [GROUPED] = KIND(grouped), [LARGE] = KIND(large)};

void fl_omp_node_body(filch_self self, const fl_omp_node *node)
{
    if (node->copied || !is_discarded(node->group))
        run(self, node->fn, node->data, node->group, node->icv, node->final);
}

/* ---- Creating ---- */

void *fl_omp_closure_block(const fl_omp_closure *closure, void **data)
{
    const size_t bytes = closure->size + closure->align;
    void *block = malloc(bytes);
    if (!block)
        fl_omp_out_of_memory(bytes);
    *data = (void *)(((uintptr_t)block + closure->align - 1) & ~(uintptr_t)(closure->align - 1));
    return block;
}

void fl_omp_closure_copy(const fl_omp_closure *closure, void **block, void **data)
{
    *block = fl_omp_closure_block(closure, data);
    fl_omp_closure_fill(closure, *data);
}

static bool is_full(const fl_omp_task *task)
{
    return task->self + HEADROOM >= fl_excess_slot(fl_forkstack_of(task->self));
}

/* Joins children, the newest first: those that others have run, and one that nobody has taken. Other threads
 * take the oldest, so if they keep up, all slots become free. */
static FILCH_COLD void make_room(fl_omp_task *task)
{
    bool ran = false;
    while (task->self > task->base) {
        filch_slot *newest = task->self - 1;
        if (!fl_slot_done(newest) && (ran || fl_forkstack_empty(task->self)))
            break;
        ran = ran || !fl_slot_done(newest);
        fl_omp_join_to(task, newest);
    }
    fl_omp_group_lower(task, task->self);
}

bool fl_omp_task_may_fork(fl_omp_task *task)
{
    if (!task->self || task->final)
        return false;
    if (FILCH_UNLIKELY(is_full(task)))
        make_room(task);
    return !is_full(task);
}

static enum form form_of(const fl_omp_closure *closure, const fl_omp_task *parent)
{
    const fl_omp_group *group = parent->group;
    if (closure->align > sizeof(void *) || parent->icv != fl_omp_this.team->icv ||
        ((closure->copy || closure->copied) && fl_omp_globals.cancellation))
        return LARGE;
    if (!group)
        return closure->size <= sizeof((plain){0}.data) ? PLAIN : LARGE;
    return closure->size <= sizeof((grouped){0}.data) ? GROUPED : LARGE;
}

static void fill_large(filch_slot *slot, const fl_omp_closure *closure, const fl_omp_task *parent)
{
    large *it = (large *)(void *)slot->args;
    const bool copied = closure->copy || closure->copied;
    it->fn = closure->fn;
    it->group = parent->group;
    it->icv = (uintptr_t)parent->icv | (copied ? COPIED : 0);
    fl_omp_closure_copy(closure, &it->block, &it->data);
}

static inline void fork_kind(fl_omp_task *task, enum form form, bool final, fl_omp_fn *fn)
{
    task->self = filch_fork_inline(task->self, fl_omp_task_of(&kinds[form][final], fn));
}

void fl_omp_task_create(const fl_omp_closure *closure, bool final)
{
    fl_omp_task *task = fl_omp_this.task;
    filch_self self = task->self;
    const enum form form = form_of(closure, task);
    if (FILCH_LIKELY(form == PLAIN)) {
        plain *it = (plain *)(void *)self->args;
        it->fn = closure->fn;
        fl_omp_closure_fill(closure, it->data);
    } else if (form == GROUPED) {
        grouped *it = (grouped *)(void *)self->args;
        it->fn = closure->fn;
        it->group = task->group;
        fl_omp_closure_fill(closure, it->data);
    } else {
        fill_large(self, closure, task);
    }
    fork_kind(task, form, final, closure->fn);
}

void fl_omp_task_include(const fl_omp_closure *closure, bool final)
{
    fl_omp_task *task = fl_omp_here()->task;
    if (!closure->copy) {
        run(task->self, closure->fn, closure->data, task->group, task->icv, final);
        return;
    }
    void *block, *data;
    fl_omp_closure_copy(closure, &block, &data);
    run(task->self, closure->fn, data, task->group, task->icv, final);
    free(block);
}

static __attribute__((noinline)) void create_any(const fl_omp_closure *closure, bool deferred,
                                                 unsigned flags, void **depend, void *detach)
{
    fl_omp_task *task = fl_omp_here()->task;
    const bool final = task->final || flags & FL_OMP_FINAL;
    if (is_discarded(task->group))
        return;
    const bool forks = deferred && fl_omp_task_may_fork(task);
    if (FILCH_UNLIKELY(flags & FL_OMP_DEPEND) && forks && !(flags & FL_OMP_DETACH)) {
        fl_omp_depend_create(closure, depend, final);
        return;
    }
    if (FILCH_UNLIKELY(flags & FL_OMP_DETACH)) {
        fl_omp_task_detached(closure, flags & FL_OMP_DEPEND ? depend : NULL, detach, final);
        return;
    }
    if (FILCH_UNLIKELY(flags & FL_OMP_DEPEND))
        fl_omp_depend_await(depend);
    if (forks)
        fl_omp_task_create(closure, final);
    else
        fl_omp_task_include(closure, final);
}

/* Other flags have no effect on a task without copies that the program's code makes. */
enum { SPECIAL = FL_OMP_FINAL | FL_OMP_DEPEND | FL_OMP_DETACH };

/* Are its function and data all that a slot has to have? */
static inline bool is_plain(const fl_omp_task *task, long size, long align)
{
    return size <= (long)sizeof((plain){0}.data) && align <= (long)sizeof(void *) && !task->group &&
           task->icv == fl_omp_this.team->icv;
}

void GOMP_task(fl_omp_fn *fn, void *data, fl_omp_copy_fn *copier, long size, long align,
               bool deferred, unsigned flags, void **depend, int priority, void *detach)
{
    (void)priority; /* a hint */
    fl_omp_task *task = fl_omp_here()->task;
    const bool simple = !copier && !(flags & SPECIAL) && !is_discarded(task->group);
    if (simple && !deferred) {
        run(task->self, fn, data, task->group, task->icv, task->final);
        return;
    }
    if (simple && is_plain(task, size, align) && fl_omp_task_may_fork(task)) {
        plain *it = (plain *)(void *)task->self->args;
        it->fn = fn;
        fl_omp_copy(it->data, data, (size_t)size);
        fork_kind(task, PLAIN, false, fn);
        return;
    }
    const fl_omp_closure closure = {fn, data, copier, (size_t)size, (size_t)align, false};
    create_any(&closure, deferred, flags, depend, detach);
}

void GOMP_taskwait(void)
{
    fl_omp_taskwait();
}

void GOMP_taskwait_depend(void **depend)
{
    fl_omp_depend_await(depend);
}

static void nothing(void *data)
{
    (void)data;
}

/* As a task without a body (gcc 13). */
void GOMP_taskwait_depend_nowait(void **depend)
{
    static char no_data;
    GOMP_task(nothing, &no_data, NULL, 0, 1, true, FL_OMP_DEPEND, depend, 0, NULL);
}

/* Tied tasks may only change to descendants there, and a join runs those. */
void GOMP_taskyield(void)
{
    fl_point();
}

/* ---- Task groups ---- */

/* Taskgroups. All tasks of a group descend from the task that opened it, and each task joins its children
 * before it ends. So the end of the group joins the children that were created since. */

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
