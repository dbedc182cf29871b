/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/openmp/kmpc/task.h>

#include <runtime/openmp/abi.h>
#include <runtime/openmp/depend.h>
#include <runtime/openmp/detach.h>
#include <runtime/openmp/names.h>

#include <stdlib.h>

enum { TASKGROUP = 8 }; /* gcc's bit of cancellation */

/* ---- Life ---- */

FL_OMP_ENTRY(fl_kmpc_task *, __kmpc_omp_task_alloc, fl_kmpc_ident *at, int32_t thread,
             int32_t flags, size_t size, size_t shared, fl_kmpc_task_fn *fn)
{
    (void)at, (void)thread;
    fl_kmpc_task *task = fl_kmpc_block(size, shared);
    fl_kmpc_header *header = fl_kmpc_header_of(task);
    header->flags = flags;
    header->again = false;
    header->event = NULL;
    *task = (fl_kmpc_task){.shared = shared ? (char *)task + header->size : NULL, .fn = fn};
    return task;
}

/* Of a target construct: devices are not there. */
FL_OMP_ENTRY(fl_kmpc_task *, __kmpc_omp_target_task_alloc, fl_kmpc_ident *at, int32_t thread,
             int32_t flags, size_t size, size_t shared, fl_kmpc_task_fn *fn, int64_t device)
{
    (void)device;
    return __kmpc_omp_task_alloc(at, thread, flags, size, shared, fn);
}

void fl_kmpc_task_destroy(fl_kmpc_task *task)
{
    if (fl_kmpc_header_of(task)->flags & FL_KMPC_DESTROYS)
        task->destroy(fl_kmpc_thread(), task);
    fl_kmpc_block_free(task);
}

/* ---- Running ---- */

/* An untied task returns after each of its parts, and asks to go on. Its parts run one after the other. */
static void run_parts(fl_kmpc_task *task)
{
    fl_kmpc_header *header = fl_kmpc_header_of(task);
    const int32_t thread = fl_kmpc_thread();
    do {
        header->again = false;
        task->fn(thread, task);
    } while (header->again);
}

/* data: the address of the task's. A cancelled task does not begin. */
void fl_kmpc_run_task(void *data)
{
    fl_kmpc_task *task = *(fl_kmpc_task **)data, *before = fl_kmpc_here.task;
    fl_kmpc_here.task = task;
    if (!fl_omp_globals.cancellation || !GOMP_cancellation_point(TASKGROUP))
        run_parts(task);
    fl_kmpc_here.task = before;
    fl_kmpc_task_destroy(task);
}

static void copy_address(void *to, void *from)
{
    memcpy(to, from, sizeof(void *));
}

/* `copied` and `copy` say that it must run even if it is cancelled, to destroy itself. */
static void fork_task(fl_kmpc_task *task, void **depend, bool final)
{
    fl_omp_closure closure = {fl_kmpc_run_task,         &task, NULL, sizeof task,
                              _Alignof(fl_kmpc_task *), true};
    if (FILCH_UNLIKELY(fl_omp_names))
        fl_kmpc_here.created = task;
    if (FILCH_LIKELY(!depend)) {
        fl_omp_task_create(&closure, final);
    } else {
        closure.copy = copy_address;
        fl_omp_depend_create(&closure, depend, final);
    }
    fl_kmpc_here.created = NULL;
}

void fl_kmpc_submit(fl_kmpc_task *task, void **depend, bool deferred)
{
    const fl_kmpc_header *header = fl_kmpc_header_of(task);
    fl_omp_task *parent = fl_omp_here()->task;
    const bool final = parent->final || header->flags & FL_KMPC_FINAL;
    if (deferred && !header->event && fl_omp_task_may_fork(parent)) {
        fork_task(task, depend, final);
        return;
    }
    const fl_omp_closure closure = {.fn = fl_kmpc_run_task, .data = &task};
    void *event = header->event; /* the task is gone when it has run */
    fl_omp_node *node = NULL;
    if (FILCH_UNLIKELY(depend && event))
        node = fl_omp_depend_detachable(depend);
    else if (FILCH_UNLIKELY(depend != NULL))
        fl_omp_depend_await(depend);
    if (FILCH_UNLIKELY(event != NULL))
        fl_omp_event_begin(event, node);
    fl_omp_task_include(&closure, final);
    if (node)
        fl_omp_depend_part_over(node, false);
}

/* Returns 0: the calling task goes on. */
FL_OMP_ENTRY(int32_t, __kmpc_omp_task, fl_kmpc_ident *at, int32_t thread, fl_kmpc_task *task)
{
    (void)at, (void)thread;
    if (task == fl_kmpc_here.task)
        fl_kmpc_header_of(task)->again = true;
    else
        fl_kmpc_submit(task, NULL, true);
    return 0;
}

FL_OMP_ENTRY(int32_t, __kmpc_omp_task_parts, fl_kmpc_ident *at, int32_t thread, fl_kmpc_task *task)
{
    return __kmpc_omp_task(at, thread, task);
}

/* if(0): the compiled code runs it between these. */
FL_OMP_ENTRY(void, __kmpc_omp_task_begin_if0, fl_kmpc_ident *at, int32_t thread_number,
             fl_kmpc_task *task)
{
    (void)at, (void)thread_number;
    fl_omp_thread *thread = fl_omp_here();
    fl_omp_task *parent = thread->task;
    fl_kmpc_header *header = fl_kmpc_header_of(task);
    header->before = parent;
    header->frame = (fl_omp_task){.self = parent->self,
                                  .base = parent->self,
                                  .group = parent->group,
                                  .icv = parent->icv,
                                  .final = parent->final || header->flags & FL_KMPC_FINAL};
    thread->task = &header->frame;
    header->within = fl_kmpc_here.task;
    fl_kmpc_here.task = task;
}

FL_OMP_ENTRY(void, __kmpc_omp_task_complete_if0, fl_kmpc_ident *at, int32_t thread,
             fl_kmpc_task *task)
{
    (void)at, (void)thread;
    fl_kmpc_header *header = fl_kmpc_header_of(task);
    if (header->again)
        run_parts(task);
    fl_omp_task_end(&header->frame);
    fl_omp_here()->task = header->before;
    fl_kmpc_here.task = header->within;
    fl_kmpc_task_destroy(task);
}

/* A hint. Returns 0: it was taken. */
FL_OMP_ENTRY(int32_t, __kmpc_omp_reg_task_with_affinity, fl_kmpc_ident *at, int32_t thread,
             fl_kmpc_task *task, int32_t count, void *places)
{
    (void)at, (void)thread, (void)task, (void)count, (void)places;
    return 0;
}

/* ---- Waiting ---- */

FL_OMP_ENTRY(int32_t, __kmpc_omp_taskwait, fl_kmpc_ident *at, int32_t thread)
{
    (void)at, (void)thread;
    fl_omp_taskwait();
    return 0;
}

FL_OMP_ENTRY(int32_t, __kmpc_omp_taskyield, fl_kmpc_ident *at, int32_t thread, int part)
{
    (void)at, (void)thread, (void)part;
    GOMP_taskyield();
    return 0;
}

/* ---- Dependences ---- */

FL_OMP_ENTRY(int32_t, __kmpc_omp_task_with_deps, fl_kmpc_ident *at, int32_t thread,
             fl_kmpc_task *task, int32_t firsts, const fl_kmpc_depend *first, int32_t seconds,
             const fl_kmpc_depend *second)
{
    void **depend = fl_kmpc_depends(first, firsts, second, seconds);
    (void)at, (void)thread;
    fl_kmpc_submit(task, depend, true);
    free(depend);
    return 0;
}

FL_OMP_ENTRY(void, __kmpc_omp_taskwait_deps_51, fl_kmpc_ident *at, int32_t thread, int32_t firsts,
             const fl_kmpc_depend *first, int32_t seconds, const fl_kmpc_depend *second,
             int32_t nowait)
{
    void **depend = fl_kmpc_depends(first, firsts, second, seconds);
    (void)at, (void)thread;
    if (depend)
        (nowait ? GOMP_taskwait_depend_nowait : GOMP_taskwait_depend)(depend);
    free(depend);
}

FL_OMP_ENTRY(void, __kmpc_omp_wait_deps, fl_kmpc_ident *at, int32_t thread, int32_t firsts,
             const fl_kmpc_depend *first, int32_t seconds, const fl_kmpc_depend *second)
{
    __kmpc_omp_taskwait_deps_51(at, thread, firsts, first, seconds, second, false);
}

/* ---- detach ---- */

FL_OMP_ENTRY(void *, __kmpc_task_allow_completion_event, fl_kmpc_ident *at, int32_t thread,
             fl_kmpc_task *task)
{
    (void)at, (void)thread;
    return fl_kmpc_header_of(task)->event = fl_omp_event_new();
}
