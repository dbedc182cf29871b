/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Guests for longer than a call (runtime/engine/guest.h). A thread that ends attached would take
 * its worker along, so it dies: a key's destructor notices it. */
#include <runtime/engine/count.h>
#include <runtime/engine/event.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/guest.h>
#include <runtime/engine/outside.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/atfork.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <sched/forkstack.h>

#include <filch/guest.h>

#include <errno.h>
#include <limits.h>
#include <pthread.h>

/* As the program's structure has it. */
typedef struct attached {
    fl_guest guest;
    fl_runtime *rt;
} attached;

FILCH_STATIC_ASSERT(sizeof(attached) <= sizeof((filch_guest){0}.opaque), "it has room there");
FILCH_STATIC_ASSERT(_Alignof(attached) <= _Alignof(filch_guest), "and is aligned");

static const filch_task task = {.name = "(filch_guest_attach)"};
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t ending;
static bool keyed;

static attached *attached_of(filch_guest *guest)
{
    return (attached *)(void *)guest->opaque;
}

/* In a child of fork() it has no worker any more. */
static bool is_forked(filch_guest *guest)
{
    return attached_of(guest)->rt->fork_generation != fl_fork_generation();
}

/* Destructors of the program's own keys may detach, so they come first. The last round is thread
 * sanitizer's. */
static void thread_ended(void *guest)
{
    static __thread unsigned rounds;
    if (is_forked(guest) ||
        (++rounds < PTHREAD_DESTRUCTOR_ITERATIONS - 1 && !pthread_setspecific(ending, guest)))
        return;
    filch_die("a thread ended between filch_guest_attach and filch_guest_detach: a worker would be "
              "lost with it; detach first");
}

static void make_key(void)
{
    keyed = pthread_key_create(&ending, thread_ended) == 0;
}

static int refuse(const fl_runtime *rt, enum fl_admission why)
{
    switch (why) {
    case FL_GUEST_OFF:
        return fl_fail(ENOTSUP, "the runtime takes no guests; create it with guest \"1\" and queue "
                                "\"chase-lev\", or call filch_run");
    case FL_GUEST_NARROW:
        return fl_fail(ENOMEM,
                       "the thread's C stack has less than %zu bytes left, a fiber's, or is not "
                       "known; give it a larger one, or the runtime a smaller stack_size",
                       rt->settings.stack_size);
    default:
        return fl_fail(EAGAIN, "no worker sleeps whose place the thread could take, or no fiber "
                               "can be had; call filch_run, or try later");
    }
}

int filch_guest_attach(filch_runtime *rt, filch_guest *guest)
{
    int rc = !rt || !guest ? fl_fail(EINVAL, "filch_guest_attach without %s; give it one",
                                     rt ? "a guest" : "a runtime")
                           : fl_runtime_meant(&rt, "filch_guest_attach");
    if (rc)
        return rc;
    if (fl_worker_here())
        return fl_fail(EDEADLK, "filch_guest_attach on a thread that works for a runtime already; "
                                "pass on the self of its task");
    pthread_once(&once, make_key);
    if (!keyed || pthread_setspecific(ending, guest))
        return fl_fail(ENOMEM, "no memory to attach a thread; free some");
    attached *one = attached_of(guest);
    enum fl_admission admission = fl_guest_begin(rt, &one->guest);
    if (admission != FL_GUEST_WORKS) {
        pthread_setspecific(ending, NULL);
        return refuse(rt, admission);
    }
    fl_fiber *fiber = one->guest.fiber;
    one->rt = rt;
    guest->self = fl_first_slot(&fiber->stack);
    fl_count(fiber->worker, FL_JOBS_RUN, 1);
    fl_fiber_runs(fiber, &task, NULL, 0);
    fl_event_named(fiber->worker, FL_TRACE_JOB, 0, fl_fiber_task(fiber));
    return 0;
}

void filch_guest_detach(filch_guest *guest)
{
    FL_MUST_GIVE(guest);
    pthread_once(&once, make_key);
    if (!keyed || pthread_getspecific(ending) != guest)
        filch_die("filch_guest_detach of a guest that is not attached to the calling thread; call "
                  "it once, on the thread that attached");
    pthread_setspecific(ending, NULL);
    if (is_forked(guest))
        return;
    fl_guest *one = &attached_of(guest)->guest;
    filch_check_return(fl_first_slot(&one->fiber->stack), &task);
    if (one->fiber->defers)
        filch_die("filch_guest_detach in a block with a deferred cleanup; detach after the block");
    fl_event(one->fiber->worker, FL_TRACE_JOB_END, one->fiber->number, 0);
    fl_guest_end(one);
}
