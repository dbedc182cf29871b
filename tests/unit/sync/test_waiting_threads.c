/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Threads that wait: the detector of deadlocks has their number. */
#include <runtime/engine/threads.h>
#include <runtime/sync/wait.h>
#include <tests/support/test.h>
#include <unistd.h>

/* Seq_cst, as in runtime/engine/threads.h. */
static uint32_t waiting(void)
{
    return filch_u32_load(&fl_threads.waiting, FILCH_SEQ_CST);
}

/* Whose callers wait: they are no guests. */
static filch_runtime *one_worker(void)
{
    filch_runtime *rt = NULL;
    cr_assert_eq(filch_runtime_create(&rt, &(filch_config){.workers = 1, .guest = "0"}), 0, "%s",
                 filch_error());
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
    OK(filch_go(rt, gives, &semaphore));
    cr_assert_eq(filch_semaphore_acquire_until(&semaphore, 1, until), 0, "%s", filch_error());
}

Test(waiting_threads, completed_wait_leaves_no_entry)
{
    filch_runtime *rt = one_worker();
    wait_once(rt, FILCH_FOREVER);
    cr_assert_eq(waiting(), 0);
    wait_once(rt, filch_in(3600 * FILCH_SECOND));
    cr_assert_eq(waiting(), 0, "%d after a wait with a deadline", (int)waiting());
    OK(filch_runtime_destroy(rt));
}

FILCH_VOID_TASK(nothing)
{
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
    OK(filch_runtime_destroy(rt));
    cr_assert_eq(waiting(), 0, "%d", (int)waiting());
}

/* ---- Those in a report ---- */

static struct {
    unsigned count;
    int thread;
    const char *call;
    const void *object;
} listed;

static void see(int thread, const char *call, const void *object, void *unused)
{
    listed.count++;
    listed.thread = thread;
    listed.call = call;
    listed.object = object;
}

static void list_threads(void)
{
    memset(&listed, 0, sizeof listed);
    fl_threads_each(see, NULL);
}

static void lists_late(filch_self self, void *unused)
{
    while (!waiting())
        filch_yield(self);
    list_threads();
}

FILCH_VOID_TASK(is_run)
{
    lists_late(self, NULL);
}

static void gives_late(filch_self self, void *semaphore)
{
    lists_late(self, NULL);
    filch_semaphore_give_back(semaphore, 1);
}

static void expect_listed(const char *call, const void *object)
{
    cr_assert_eq(listed.count, 1, "%s: %u threads", call, listed.count);
    cr_assert_eq(listed.thread, gettid());
    cr_assert(listed.call && !strcmp(listed.call, call), "%s, not %s", listed.call, call);
    cr_assert_eq(listed.object, object);
    list_threads();
    cr_assert_eq(listed.count, 0, "after %s", call);
}

Test(waiting_threads, are_listed_with_their_calls)
{
    filch_runtime *rt = one_worker();
    FILCH_RUN(rt, is_run);
    expect_listed("filch_run", NULL);
    filch_semaphore semaphore;
    filch_semaphore_init(&semaphore, 0);
    OK(filch_go(rt, gives_late, &semaphore));
    filch_semaphore_acquire(&semaphore, 1);
    expect_listed("filch_semaphore_acquire", &semaphore.permits);
    OK(filch_go(rt, lists_late, NULL));
    OK(filch_runtime_destroy(rt));
    expect_listed("filch_runtime_destroy", rt);
}
