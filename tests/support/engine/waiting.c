/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/engine.h>
#include <tests/support/test.h>

filch_runtime *waiting_rt;
fl_fiber *waiting_fiber;
signpost waiting_begins, waiting_ended, waiting_holds, waiting_go;
int64_t waiting_time; /* ns, where a time lets a call go */
void now_it_waits(void)
{
    waiting_fiber = fl_fiber_here();
    signpost_raise(&waiting_begins);
}

filch_context *waiting_context;

void waiting_make_context(void)
{
    OK(filch_context_create(&waiting_context, NULL));
    filch_context_retain(waiting_context);
}

void waiting_cancel(void)
{
    OK(filch_context_cancel(waiting_context, 0));
    filch_context_release(waiting_context);
}

void await_go(void *unused)
{
    signpost_raise(&waiting_holds);
    signpost_wait(&waiting_go, 1);
}

void hold_worker(filch_self self, void *unused)
{
    await_go(unused);
}

void waiting_go_on(void)
{
    signpost_raise(&waiting_go);
}

void make_the_call(filch_self self, void *row)
{
    ((const waiting_call *)row)->make(self);
    signpost_raise(&waiting_ended);
}

/* A word of its own is asked whether the fiber stopped: the name could be missing. */
static bool it_waits(void)
{
    return filch_u32_load(&waiting_fiber->suspended, FILCH_ACQUIRE);
}

/* false: it has returned before anybody looked. */
static bool waits_under_its_name(const waiting_call *row)
{
    signpost *const posts[] = {&waiting_begins, &waiting_ended, &waiting_holds, &waiting_go};
    for (unsigned i = 0; i < sizeof posts / sizeof *posts; i++)
        filch_u32_store(posts[i], 0, FILCH_RELAXED);
    OK(filch_go(waiting_rt, make_the_call, (void *)(uintptr_t)row));
    signpost_wait(&waiting_begins, 1);
    WAIT_WHILE(!it_waits() && !signpost_count(&waiting_ended));
    const char *name = filch_ptr_load(&waiting_fiber->waits_in, FILCH_ACQUIRE);
    bool waited = it_waits();
    if (waited) {
        cr_assert_not_null(name, "%s says nothing", row->name);
        cr_assert_str_eq(name, row->name);
    }
    if (row->let_go)
        row->let_go();
    signpost_wait(&waiting_ended, 1);
    cr_assert(waited || !row->let_go, "%s did not wait", row->name);
    return waited;
}

void expect_names(const waiting_call *rows, unsigned count)
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
