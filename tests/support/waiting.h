/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Public calls that suspend, as rows: each is made by a task, and while it waits, reports name
 * it. */
#ifndef SUPPORT_WAITING_H
#define SUPPORT_WAITING_H

#include <runtime/engine/worker.h>
#include <tests/support/signpost.h>
#include <tests/support/test.h>

typedef struct waiting_call {
    const char *name; /* as reports name it */
    void (*make)(filch_self self);
    void (*let_go)(void); /* NULL: a time lets it go */
    unsigned workers;     /* 0: one */
} waiting_call;

static filch_runtime *waiting_rt;
static fl_fiber *waiting_fiber;
static signpost about_to_wait, has_returned, holds, go;
static int64_t waiting_time; /* ns, where a time lets a call go */

/* By the task, directly before the call. */
static inline void now_it_waits(void)
{
    waiting_fiber = fl_fiber_here();
    signpost_raise(&about_to_wait);
}

/* The object that is cancelled. It has two holders: the task, which releases it, and the
 * canceller. */
static filch_context *waiting_context;

static inline void make_context(void)
{
    OK(filch_context_create(&waiting_context, NULL));
    filch_context_retain(waiting_context);
}

static inline void cancel(void)
{
    OK(filch_context_cancel(waiting_context, 0));
    filch_context_release(waiting_context);
}

/* For those that wait for a worker or for a function: holds a thread until go_on. */
static inline void await_go(void *unused)
{
    signpost_raise(&holds);
    signpost_wait(&go, 1);
}

static inline void hold_worker(filch_self self, void *unused)
{
    await_go(unused);
}

static inline void go_on(void)
{
    signpost_raise(&go);
}

static inline void make_the_call(filch_self self, void *row)
{
    ((const waiting_call *)row)->make(self);
    signpost_raise(&has_returned);
}

/* A word of its own is asked whether the fiber stopped: the name could be missing. */
static inline bool it_waits(void)
{
    return filch_u32_load(&waiting_fiber->suspended, FILCH_ACQUIRE);
}

/* false: it has returned before anybody looked. */
static inline bool waits_under_its_name(const waiting_call *row)
{
    signpost *const posts[] = {&about_to_wait, &has_returned, &holds, &go};
    for (unsigned i = 0; i < sizeof posts / sizeof *posts; i++)
        filch_u32_store(posts[i], 0, FILCH_RELAXED);
    OK(filch_go(waiting_rt, make_the_call, (void *)(uintptr_t)row));
    signpost_wait(&about_to_wait, 1);
    WAIT_WHILE(!it_waits() && !signpost_count(&has_returned));
    const char *name = filch_ptr_load(&waiting_fiber->waits_in, FILCH_ACQUIRE);
    bool waited = it_waits();
    if (waited) {
        cr_assert_not_null(name, "%s says nothing", row->name);
        cr_assert_str_eq(name, row->name);
    }
    if (row->let_go)
        row->let_go();
    signpost_wait(&has_returned, 1);
    cr_assert(waited || !row->let_go, "%s did not wait", row->name);
    return waited;
}

static inline void expect_names(const waiting_call *rows, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        filch_config config = {.workers = rows[i].workers ? rows[i].workers : 1, .max_fibers = 100};
        OK(filch_runtime_create(&waiting_rt, &config));
        waiting_time = FILCH_MILLISECOND;
        while (!waits_under_its_name(&rows[i]))
            waiting_time *= 2;
        OK(filch_runtime_destroy(waiting_rt));
    }
}

#endif
