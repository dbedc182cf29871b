/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <filch/blocking.h>

#include <runtime/engine/fiber.h>
#include <runtime/engine/guest.h>
#include <runtime/engine/observe/waiting_list.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/statistics.h>
#include <runtime/engine/suspend.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/atfork.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/futex.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/machine/affinity.h>
#include <runtime/platform/memory/sanitizer.h>
#include <runtime/platform/spin.h>
#include <runtime/platform/switch/fpmode.h>
#include <runtime/platform/thread.h>
#include <runtime/sync/blocking.h>
#include <runtime/sync/wait.h>
#include <sched/forkstack.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#ifdef FILCH_TINY
static const int64_t IDLE = FILCH_MILLISECOND;
#else
static const int64_t IDLE = FILCH_SECOND;
#endif

/* One call, on the stack of the fiber that makes it. */
typedef struct fl_blocked {
    struct fl_blocked *next;
    fl_fiber *fiber;    /* goes over, or */
    void (*fn)(void *); /* this is called, */
    void *arg;
    fl_fpmode fpmode; /* in the caller's mode, */
    fl_waiter waiter; /* and its outcome told */
} blocked;

typedef struct fl_carrier {
    fl_worker worker;        /* first; its thread switches with this */
    struct fl_carrier *next; /* of the idle ones; at its end, the one that ended before */
    blocked *call;           /* the call it was given; NULL: to end */
    filch_u32 called;        /* 1: it was given a call. The futex it sleeps on */
    struct fl_affinity home; /* where it may run, until it is there */
    _Alignas(16) char signal_stack[];
} carrier;

/* ---- Calls and carriers come together; under the lock ---- */

static void give(carrier *to, blocked *call)
{
    to->call = call;
    filch_u32_store(&to->called, 1, FILCH_RELEASE); /* GiveCall */
}

static carrier *take_idle(fl_blocking *all)
{
    carrier *one = all->idle;
    if (one)
        all->idle = one->next;
    return one;
}

static blocked *take_waiting(fl_blocking *all)
{
    blocked *call = all->first;
    if (call)
        all->first = call->next;
    return call;
}

static void put_waiting(fl_blocking *all, blocked *call)
{
    call->next = NULL;
    if (all->first)
        all->last->next = call;
    else
        all->first = call;
    all->last = call;
}

/* The carrier is free for the next call, or may end. */
static void put_carrier(fl_blocking *all, carrier *one)
{
    blocked *call = take_waiting(all);
    if (call || all->closing) {
        give(one, call);
        return;
    }
    one->next = all->idle;
    all->idle = one;
}

/* ---- A carrier's thread ---- */

static void nothing(fl_worker *worker, fl_fiber *left, void *unused)
{
    (void)worker;
    (void)left;
    (void)unused;
}

static void call_over(carrier *one)
{
    fl_blocking *all = &one->worker.rt->blocking;
    fl_lock(&all->lock);
    all->calls--;
    put_carrier(all, one);
    fl_unlock(&all->lock);
}

static void make(carrier *one, blocked *call)
{
    fl_worker *worker = &one->worker;
    if (call->fn) {
        fl_fpmode_set(call->fpmode);
        call->fn(call->arg);
        call_over(one);
        fl_waiter_claim(&call->waiter); /* nobody else would */
        fl_waiter_tell(&call->waiter, NULL, 0);
    } else if (fl_fiber_guest(call->fiber)) {
        fl_guest_lend(worker, call->fiber);
    } else {
        fl_switch(worker, &worker->native, call->fiber, nothing, NULL);
    }
    fl_blocking *all = &worker->rt->blocking;
    fl_lock(&all->lock);
    all->open--;
    fl_unlock(&all->lock);
}

static bool leave_idle(fl_blocking *all, const carrier *one)
{
    carrier **at = &all->idle;
    while (*at && *at != one)
        at = &(*at)->next;
    bool was_idle = *at;
    if (was_idle)
        *at = one->next;
    return was_idle;
}

/* Nobody counts on it any more: it was told to end, or is idle, and there are more threads than
 * announced calls. false: it has been given a call, or a call is on its way to it. */
static bool retire(carrier *one, bool told)
{
    fl_blocking *all = &one->worker.rt->blocking;
    fl_lock(&all->lock);
    bool retired = told || (all->calls < all->threads && leave_idle(all, one));
    if (retired) {
        all->threads--;
        one->next = all->ended;
        all->ended = one;
    }
    fl_unlock(&all->lock);
    return retired;
}

/* NULL: it has retired. */
static blocked *next_call(carrier *one)
{
    int64_t until = fl_now() + IDLE;
    while (!filch_u32_load(&one->called, FILCH_ACQUIRE)) { /* ReadCall */
        if (!fl_futex_wait_until(&one->called, 0, until))
            continue;
        if (retire(one, false))
            return NULL;
        until = fl_now() + IDLE;
    }
    filch_u32_store(&one->called, 0, FILCH_RELAXED); /* nobody gives it a call before it is idle */
    if (!one->call)
        retire(one, true);
    return one->call;
}

static void join(carrier *one)
{
    if (!one)
        return;
    fl_thread_join(&one->worker.thread);
    free(one);
}

static void *carry(void *arg)
{
    carrier *one = arg;
    fl_blocking *all = &one->worker.rt->blocking;
    pthread_setname_np(pthread_self(), "filch/blocking");
    fl_affinity_go(&one->home);
    fl_affinity_free(&one->home);
    fl_overflow_enter(one->signal_stack);
    fl_carrier_set(&one->worker);
    one->worker.left = one->worker.running = &one->worker.native;
    fl_shadow_adopt_thread(&one->worker.native.shadow);
    fl_lock(&all->lock);
    put_carrier(all, one);
    fl_unlock(&all->lock);
    for (blocked *call; (call = next_call(one));)
        make(one, call);
    fl_carrier_set(NULL);
    fl_overflow_exit();
    join(one->next);
    return NULL;
}

static int start(fl_runtime *rt)
{
    size_t size = sizeof(carrier) + fl_overflow_stack_size();
    carrier *one =
        aligned_alloc(FILCH_APART, (size + FILCH_APART - 1) & ~(size_t)(FILCH_APART - 1));
    if (!one)
        return ENOMEM;
    memset(one, 0, sizeof *one);
    one->worker.rt = rt;
    one->worker.carrier = true;
    one->home = fl_affinity_home(); /* not on the CPU of the bound worker that needs it */
    int rc = fl_thread_start(&one->worker.thread, NULL, carry, one);
    if (rc) {
        fl_affinity_free(&one->home);
        free(one);
    }
    return rc;
}

/* ---- Making a call ---- */

/* A carrier will come for it, now or in its turn. */
static int announce(fl_runtime *rt)
{
    fl_blocking *all = &rt->blocking;
    int rc = 0;
    fl_lock(&all->lock);
    if (all->calls >= all->threads && all->threads < rt->settings.blocking_threads) {
        rc = start(rt);
        all->threads += !rc;
    }
    bool any = all->threads;
    all->calls += any;
    all->open += any;
    fl_unlock(&all->lock);
    return any ? 0
               : fl_fail(rc,
                         "no thread for a blocking call: %s; raise the limit of threads, or free "
                         "some memory",
                         strerror(rc));
}

static void submit(fl_runtime *rt, blocked *call)
{
    fl_blocking *all = &rt->blocking;
    fl_lock(&all->lock);
    carrier *one = take_idle(all);
    if (one)
        give(one, call);
    else
        put_waiting(all, call);
    fl_unlock(&all->lock);
    if (one)
        fl_futex_wake(&one->called, 1); /* by its address alone */
}

static void submit_left(fl_worker *worker, fl_fiber *left, void *call)
{
    (void)left;
    submit(worker->rt, call);
}

int filch_blocking_begin(void)
{
    fl_fiber *fiber = fl_fiber_here();
    if (fiber && fiber->stays)
        return fl_fail(EBUSY,
                       "filch_blocking_begin between filch_stay_begin and filch_stay_end: the "
                       "task must keep its thread; call it after that, or call "
                       "filch_blocking");
    if (fiber && !fiber->worker->carrier) {
        int rc = announce(fiber->worker->rt);
        if (rc)
            return rc;
        blocked call = {.fiber = fiber};
        fl_fiber_waits_in(fiber, "filch_blocking_begin", NULL);
        fl_suspend(fl_first_slot(&fiber->stack), submit_left, &call);
        /* The next fork goes out of line, where it is refused. */
        filch_ptr_exchange(&fiber->stack.front.limit, NULL, FILCH_ACQ_REL); /* SwitchFiber */
    }
    if (fiber)
        fiber->running.blocking++;
    return 0;
}

static void hand_back(fl_worker *worker, fl_fiber *left, void *unused)
{
    (void)unused;
    call_over((carrier *)worker);
    left->worker = NULL; /* it has not stopped on a worker */
    fl_resume(worker->rt, left);
}

static void go_back(fl_fiber *fiber)
{
    fl_worker *worker = fiber->worker;
    if (worker->rt->fork_generation != fl_fork_generation())
        filch_die("a blocking call ends in a child of fork(): its task belongs to the parent "
                  "process; end the child by exec or _exit");
    fl_fiber_waits_in(fiber, "filch_blocking_end", NULL);
    fl_fiber_stops(fiber);
    if (fl_fiber_guest(fiber))
        fl_guest_wait(fiber, hand_back, NULL);
    else
        fl_switch(worker, fiber, &worker->native, hand_back, NULL);
    fl_fiber_goes_on(fiber);
    fl_count_suspended(fiber->worker, -(uint64_t)1); /* the fl_suspend of its begin */
}

int filch_blocking_end(void)
{
    int error = errno;
    fl_fiber *fiber = fl_fiber_here();
    if (!fiber)
        return error;
    if (!fiber->running.blocking)
        filch_die(
            "filch_blocking_end without filch_blocking_begin; every end belongs to a begin of "
            "the same task that returned 0");
    if (!--fiber->running.blocking &&
        fiber->worker->carrier) /* a panic inside may have brought it back */
        go_back(fiber);
    return error;
}

int filch_blocking(void (*fn)(void *arg), void *arg)
{
    if (!fn)
        return fl_fail(EINVAL, "filch_blocking without a function; pass one");
    fl_worker *here = fl_worker_here();
    if (!here) {
        fn(arg);
        return 0;
    }
    int rc = announce(here->rt);
    if (rc)
        return rc;
    blocked call = {.fn = fn, .arg = arg, .fpmode = fl_fpmode_now()};
    fl_waiter_here(&call.waiter);
    submit(here->rt, &call);
    fl_waits_in("filch_blocking", NULL);
    return fl_waiter_wait(&call.waiter, FILCH_FOREVER);
}

/* ---- For the engine ---- */

void fl_blocking_abandon(void)
{
    fl_fiber *fiber = fl_fiber_here();
    if (fiber && fiber->worker->carrier)
        go_back(fiber);
}

void fl_blocking_count(fl_runtime *rt, unsigned *calls, unsigned *threads)
{
    fl_blocking *all = &rt->blocking;
    fl_lock(&all->lock);
    *calls = all->open;
    *threads = all->threads;
    fl_unlock(&all->lock);
}

static unsigned threads_of(fl_runtime *rt)
{
    unsigned calls, threads;
    fl_blocking_count(rt, &calls, &threads);
    return threads;
}

void fl_blocking_stop(fl_runtime *rt)
{
    fl_blocking *all = &rt->blocking;
    fl_lock(&all->lock);
    all->closing = true;
    for (carrier *one; (one = take_idle(all));) {
        give(one, NULL);
        fl_futex_wake(&one->called, 1);
    }
    fl_unlock(&all->lock);
    while (threads_of(rt)) /* they were told, and wait for nothing */
        fl_yield();
    join(all->ended);
}
