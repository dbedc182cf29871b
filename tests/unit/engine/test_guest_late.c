/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A guest's join that comes too late: the joined task ends between the look where it runs and the theft
 * there, and its worker runs another one. The tasks that are stolen from that one do not run on top of
 * the join, since they may wait for the guest. The guest is held between the two steps (-Wl,--wrap). */
#include <pthread.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/worker.h>
#include <sched/forkstack.h>
#include <sched/idle.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { MOST = 100 };

static signpost begun, looks, moved, joined, ran;
static unsigned children;
static filch_u32 on_guest; /* children that the guest has run */
static pthread_t guest;
static bool armed; /* the guest's own */

bool __real_fl_forkstack_offers(fl_forkstack *stack);
bool __wrap_fl_forkstack_offers(fl_forkstack *stack);

bool __wrap_fl_forkstack_offers(fl_forkstack *stack)
{
    if (pthread_equal(pthread_self(), guest) && armed) {
        armed = false;
        signpost_raise(&looks);
        signpost_wait(&moved, 1);
    }
    return __real_fl_forkstack_offers(stack);
}

FILCH_VOID_TASK(child)
{
    filch_u32_add(&on_guest, pthread_equal(pthread_self(), guest) != 0, FILCH_RELAXED);
    signpost_raise(&ran);
}

/* Its children are unrelated to the joined task. Forks serve the thief. */
static void next_job(filch_self self, void *unused)
{
    for (unsigned i = 0; i < children; i++)
        FILCH_FORK(child);
    signpost_raise(&moved);
    while (!signpost_count(&joined)) {
        FILCH_FORK(fib, 1);
        FILCH_JOIN(long one, fib);
        (void)one;
    }
    for (unsigned i = 0; i < children; i++)
        FILCH_JOIN_VOID(child);
}

FILCH_TASK(int, ends_after_the_look)
{
    signpost_raise(&begun);
    signpost_wait(&looks, 1);
    return filch_go(filch_runtime_here(), next_job, NULL); /* on this worker, when it has ended */
}

FILCH_TASK(int, joins_too_late)
{
    FILCH_FORK(ends_after_the_look);
    signpost_wait(&begun, 1);
    armed = true;
    FILCH_JOIN(int rc, ends_after_the_look);
    signpost_raise(&joined);
    return rc;
}

static void join_too_late(unsigned count)
{
    filch_runtime *rt = NULL;
    signpost *const all[] = {&begun, &looks, &moved, &joined, &ran};
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
        filch_u32_store(all[i], 0, FILCH_RELEASE);
    children = count;
    filch_u32_store(&on_guest, 0, FILCH_RELAXED);
    guest = pthread_self();
    cr_assert_eq(filch_runtime_create(&rt, &(filch_config){.workers = 2, .guest = "1"}), 0, "%s",
                 filch_error());
    for (unsigned i = 0; i < 2; i++) {
        WAIT_WHILE(filch_u32_load(&rt->worker[i]->park_word, FILCH_ACQUIRE) != FL_PARK_PARKED);
        rt->worker[i]->profit.most = MOST;
    }
    cr_assert_eq(FILCH_RUN(rt, joins_too_late), 0);
    cr_assert(!armed, "the join helped");
    OK(filch_runtime_destroy(rt));
    cr_assert_eq(signpost_count(&ran), count);
    cr_assert_eq(filch_u32_load(&on_guest, FILCH_RELAXED), 0, "one ran on top of the join");
}

Test(guest_late, a_stolen_stranger_becomes_ready)
{
    join_too_late(1);
}

Test(guest_late, so_do_many)
{
    join_too_late(MOST);
}
