/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Threads that wait: the detector of deadlocks has their number. */
#include <criterion/criterion.h>
#include <filch/filch.h>
#include <runtime/engine/threads.h>
#include <runtime/sync/wait.h>

/* Seq_cst, as in runtime/engine/threads.h. */
static uint32_t waiting(void)
{
    return filch_u32_load(&fl_threads.waiting, FILCH_SEQ_CST);
}

static filch_runtime *one_worker(void)
{
    filch_runtime *rt = NULL;
    cr_assert_eq(filch_runtime_create(&rt, &(filch_config){.workers = 1}), 0, "%s", filch_error());
    return rt;
}

static bool is_waited_for(filch_semaphore *semaphore)
{
    fl_lock(&semaphore->permits.lock);
    bool any = fl_waiters_any(&semaphore->permits.waiters);
    fl_unlock(&semaphore->permits.lock);
    return any;
}

/* To a thread that waits. */
static void gives(filch_self self, void *semaphore)
{
    while (!is_waited_for(semaphore))
        filch_yield(self);
    filch_semaphore_give_back(semaphore, 1);
}

static void wait_once(filch_runtime *rt, int64_t until)
{
    filch_semaphore semaphore;
    filch_semaphore_init(&semaphore, 0);
    cr_assert_eq(filch_go(rt, gives, &semaphore), 0);
    cr_assert_eq(filch_semaphore_acquire_until(&semaphore, 1, until), 0, "%s", filch_error());
}

Test(waiting_threads, none_is_left_after_a_wait_that_was_told)
{
    filch_runtime *rt = one_worker();
    wait_once(rt, FILCH_FOREVER);
    cr_assert_eq(waiting(), 0);
    wait_once(rt, filch_in(3600 * FILCH_SECOND));
    cr_assert_eq(waiting(), 0, "%d after a wait with a deadline", (int)waiting());
    cr_assert_eq(filch_runtime_destroy(rt), 0);
}

FILCH_VOID_TASK(nothing)
{
    (void)self;
}

/* Ends after its caller has begun to wait. */
FILCH_VOID_TASK(ends_late)
{
    while (!waiting())
        filch_yield(self);
}

Test(waiting_threads, none_is_left_after_a_run)
{
    filch_runtime *rt = one_worker();
    for (int i = 0; i < 1000; i++)
        FILCH_RUN(rt, nothing); /* some end before their caller waits */
    FILCH_RUN(rt, ends_late);
    cr_assert_eq(filch_runtime_destroy(rt), 0);
    cr_assert_eq(waiting(), 0, "%d", (int)waiting());
}
