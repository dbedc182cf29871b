/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/engine/observe/waiting_list.h>

#include <filch/stats.h>
#include <runtime/engine/external.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/statistics.h>
#include <runtime/platform/error.h>
#include <runtime/platform/lock.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct walk {
    fl_waits_fn *see;
    void *arg;
} walk;

static void look_at(fl_fiber *fiber, void *arg)
{
    walk *w = arg;
    const char *call = fl_fiber_suspended_in(fiber);
    if (call)
        w->see(fiber, call, w->arg);
}

void fl_waits_each(fl_runtime *rt, fl_waits_fn *see, void *arg)
{
    walk w = {see, arg};
    fl_lock(&rt->report.lock);
    filch_u32_store(&rt->report.reading, 1, FILCH_RELAXED); /* BeginReport */
    filch_fence_seq_cst();                                  /* BeginReport */
    fl_fibers_each(&rt->fibers, look_at, &w);
    filch_u32_store(&rt->report.reading, 0, FILCH_RELEASE); /* EndReport */
    fl_unlock(&rt->report.lock);
}

void fl_waits_let_read(fl_runtime *rt)
{
    fl_lock(&rt->report.lock);
    fl_unlock(&rt->report.lock);
}

/* ---- Public calls ---- */

/* The public call of <filch/stats.h>. */

enum { NAME = 64, PATH = 128, SPARE = 16 };

/* Copies: when the task goes on, its texts may end. */
typedef struct row {
    filch_wait wait;
    char task[NAME], pool[NAME], file[PATH];
} row;

typedef struct listing {
    row *row;
    size_t count, room; /* count: also those without room */
} listing;

static const char *copy(char *to, size_t size, const char *text)
{
    snprintf(to, size, "%s", text);
    return to;
}

static const char *copy_end(char to[PATH], const char *path)
{
    size_t length = strlen(path);
    return copy(to, PATH, length < PATH ? path : path + length - (PATH - 1));
}

static void note(const fl_fiber *fiber, const char *call, void *arg)
{
    listing *list = arg;
    if (list->count++ >= list->room)
        return;
    row *r = &list->row[list->count - 1];
    const char *task = fl_fiber_task(fiber);
    r->wait = (filch_wait){
        .task = copy(r->task, NAME, task ? task : "(unnamed)"),
        .pool = fiber->running.pooled ? copy(r->pool, NAME, fiber->running.pooled_in) : NULL,
        .file = !fiber->running.pooled && fiber->running.root_file
                    ? copy_end(r->file, fiber->running.root_file)
                    : NULL,
        .line = !fiber->running.pooled && fiber->running.root_file ? fiber->running.root_line : 0,
        .call = call,
        .object = filch_ptr_load(&fiber->waits_for, FILCH_RELAXED), /* the load before orders it */
        .fiber = fiber->number,
    };
}

/* false: no memory. */
static bool list_all(fl_runtime *rt, listing *list)
{
    list->room = (size_t)fl_sum_suspended(rt) + SPARE;
    for (;;) {
        list->row = malloc(list->room * sizeof *list->row);
        list->count = 0;
        if (!list->row)
            return false;
        fl_waits_each(rt, note, list);
        if (list->count <= list->room)
            return true;
        free(list->row);
        list->room = 2 * list->count;
    }
}

int filch_runtime_waits(filch_runtime *rt, filch_wait_fn *fn, void *arg)
{
    listing list;
    int rc = fl_runtime_meant(&rt, "filch_runtime_waits");
    if (rc)
        return rc;
    if (!fn)
        return fl_fail(EINVAL, "filch_runtime_waits without a function; pass one");
    if (!list_all(rt, &list))
        return fl_fail(ENOMEM, "no memory for a list of %zu waiting tasks", list.room);
    for (size_t i = 0; i < list.count; i++)
        fn(&list.row[i].wait, arg);
    free(list.row);
    return (int)list.count;
}
