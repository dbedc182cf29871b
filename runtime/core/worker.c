/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A worker's life: its thread starts on its native stack, goes over to a fiber at once, and comes
 * back when the runtime is finished (E4 of runtime/core/park.c), or when a fiber suspended and no
 * other could be had. */
#include <runtime/core/worker.h>

#include <runtime/core/affinity.h>
#include <runtime/core/atfork.h>
#include <runtime/core/clock.h>
#include <runtime/core/container.h>
#include <runtime/core/error.h>
#include <runtime/core/futex.h>
#include <runtime/core/overflow.h>
#include <runtime/core/sanitizer.h>
#include <sched/rng.h>

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <urcu-bp.h>

#ifdef FILCH_TINY
enum { READY_FIRST = 2 };
#else
enum { READY_FIRST = 256 };
#endif
enum { CAPPED_YIELDS = 64, CAPPED_NAP = 100000 /* ns */ };

/* Initial-exec: the handler of stack overflows reads it, and may not allocate. */
static __thread fl_worker *here __attribute__((tls_model("initial-exec")));

void fl_worker_forget(void)
{
    here = NULL;
}

__attribute__((noinline)) fl_worker *fl_worker_here(void)
{
    __asm__ volatile("" ::: "memory"); /* not const: the same fiber may ask on another thread */
    return here;
}

static __thread fl_worker *carrier_here __attribute__((tls_model("initial-exec")));

__attribute__((noinline)) fl_worker *fl_carrier_here(void)
{
    fl_worker *worker = fl_worker_here();
    return worker ? worker : carrier_here;
}

fl_fiber *fl_fiber_here(void)
{
    fl_worker *worker = fl_carrier_here();
    return worker && worker->running != &worker->native ? worker->running : NULL;
}

void fl_carrier_set(fl_worker *carrier)
{
    carrier_here = carrier;
}

filch_runtime *filch_runtime_here(void)
{
    fl_worker *worker = fl_worker_here();
    return worker ? worker->rt : NULL;
}

int filch_worker_index(void)
{
    fl_worker *worker = fl_worker_here();
    return worker ? (int)worker->index : -1;
}

char fl_readers;

struct retired {
    struct rcu_head head;
    fl_buffer *buffer;
};

static void free_retired(struct rcu_head *head)
{
    struct retired *retired = (struct retired *)head; /* its first member */
    fl_order_acquire(retired);
    fl_order_acquire(&fl_readers);
    free(retired->buffer);
    free(retired);
}

static void retire(fl_deque *grown, fl_buffer *old)
{
    struct retired *retired = malloc(sizeof *retired);
    fl_count(FL_CONTAINER_OF(grown, fl_worker, ready), FL_GROWTHS, 1);
    if (!retired) {
        urcu_bp_synchronize_rcu();
        free(old);
        return;
    }
    retired->buffer = old;
    fl_order_release(retired);
    urcu_bp_call_rcu(&retired->head, free_retired);
}

/* One for each core as long as there are cores; slots beyond them are for when others are stuck, and
 * go where the system finds room. */
static void choose_place(fl_worker *worker)
{
    const fl_runtime *rt = worker->rt;
    if (worker->late && worker->index >= rt->cores)
        worker->place = (fl_place){-1, -1, -1, -1, -1};
    else
        fl_topology_place(rt->topology, rt->settings.bind, worker->index, &worker->place);
}

int fl_worker_create(fl_runtime *rt, unsigned index, fl_worker **out)
{
    size_t size = (sizeof(fl_worker) + FILCH_APART - 1) & ~(size_t)(FILCH_APART - 1);
    fl_worker *worker = aligned_alloc(FILCH_APART, size);
    if (!worker)
        return fl_fail(ENOMEM, "no memory for worker %u; free some", index);
    memset(worker, 0, size);
    worker->rt = rt;
    worker->index = worker->victim = index;
    fl_profit_init(&worker->profit);
    worker->rng = fl_rng_seed(rt->settings.seed, index);
    worker->late = index >= fl_workers(rt);
    fl_times_begin(&worker->times, worker->late ? FL_RETIRED : FL_SEARCHING, fl_now());
    choose_place(worker);
    worker->signal_stack = malloc(fl_overflow_stack_size());
    if (!worker->signal_stack || fl_deque_init(&worker->ready, READY_FIRST, retire)) {
        free(worker->signal_stack);
        free(worker);
        return fl_fail(ENOMEM, "no memory for the ready deque of worker %u; free some", index);
    }
    *out = worker;
    return 0;
}

void fl_worker_destroy(fl_worker *worker)
{
    fl_deque_clear(&worker->ready);
    free(worker->signal_stack);
    free(worker);
}

/* ---- The native stack ---- */

static void nothing(fl_worker *worker, fl_fiber *left, void *unused)
{
    (void)worker;
    (void)left;
    (void)unused;
}

/* Searchers may have looked while it was in this worker's hand. */
static void keep_ready(fl_worker *worker, void *item)
{
    if (fl_push_ready(worker, item))
        filch_die("no memory to keep a ready task; raise max_fibers, or fork less at a time");
}

/* A ready fiber among this worker's own items; the tasks found meanwhile stay, in their order. */
static fl_fiber *own_ready_fiber(fl_worker *worker)
{
    for (int64_t i = fl_deque_size(&worker->ready); i > 0; i--) {
        void *item = NULL;
        if (fl_deque_steal(&worker->ready, &item) != FL_STEAL_GOT) /* from the other end: in turn */
            return NULL;
        if (fl_item_kind(item) == FL_ITEM_FIBER)
            return fl_item_what(item);
        keep_ready(worker, item);
    }
    return NULL;
}

/* Tasks only move house; a worker that has a fiber will run them. */
static fl_fiber *stolen_ready_fiber(fl_worker *worker)
{
    void *item = fl_steal_item(worker);
    if (item && fl_item_kind(item) == FL_ITEM_FIBER)
        return fl_item_what(item);
    if (item)
        keep_ready(worker, item);
    return NULL;
}

/* Fibers that become ready from outside come through the inbox. */
static fl_fiber *fiber_from_outside(fl_worker *worker)
{
    fl_job *job;
    if (!fl_inbox_take(&worker->rt->inbox, &job, 1))
        return NULL;
    if (job->kind == FL_JOB_FIBER) {
        fl_count_outside(worker, job->kind);
        return job->as.fiber;
    }
    fl_submit(worker->rt, job, worker->index + 1);
    return NULL;
}

static fl_fiber *next_fiber(fl_worker *worker)
{
    fl_fiber *fiber = fl_fiber_for_loop(worker);
    if (!fiber)
        fiber = own_ready_fiber(worker);
    if (!fiber)
        fiber = stolen_ready_fiber(worker);
    return fiber ? fiber : fiber_from_outside(worker);
}

/* The cap is reached: some fiber must be put back or become ready. This worker counts as running,
 * so that nobody relies on it for finding tasks; it polls, since what it waits for wakes searchers
 * only. */
static fl_fiber *wait_for_fiber(fl_worker *worker)
{
    filch_u32 never = {0};
    for (unsigned i = 0; !filch_u32_load(&worker->rt->finished, FILCH_ACQUIRE); i++) { /* E4 */
        fl_fiber *fiber = next_fiber(worker);
        if (fiber && i)
            fl_turn(worker, FL_WORKING);
        if (fiber)
            return fiber;
        if (!i)
            fl_turn(worker, FL_SEARCHING);
        if (i < CAPPED_YIELDS)
            sched_yield();
        else
            fl_futex_wait_until(&never, 0, fl_now() + CAPPED_NAP);
    }
    return NULL;
}

static void run(fl_worker *worker)
{
    fl_turn(worker, FL_WORKING);
    for (fl_fiber *fiber; (fiber = wait_for_fiber(worker));)
        fl_switch(worker, &worker->native, fiber, nothing, NULL);
}

static void become_like_others(const fl_worker *worker)
{
    pthread_sigmask(SIG_SETMASK, &worker->rt->signals, NULL);
    if (worker->place.cpu < 0)
        fl_affinity_go_anywhere();
}

static void *thread_main(void *arg)
{
    fl_worker *worker = arg;
    char name[16];
    snprintf(name, sizeof name, "filch/%u", worker->index);
    pthread_setname_np(pthread_self(), name);
    prctl(PR_SET_TIMERSLACK, 1000ul, 0ul, 0ul, 0ul); /* naps are tens of microseconds */
    fl_overflow_enter(worker->signal_stack);
    /* liburcu enlists a reader at its first lock, and dies if there is no page for that: here, not
     * in the middle of work that has used up the address space. */
    fl_fork_hold();
    urcu_bp_read_lock();
    urcu_bp_read_unlock();
    fl_fork_release();
    here = worker;
    worker->left = &worker->native;
    fl_shadow_adopt_thread(&worker->native.shadow);
    if (worker
            ->late) /* whoever has resized, a thread that wants no signals, or one that is pinned */
        become_like_others(worker);
    if (!worker->late || fl_wait_for_turn(worker))
        run(worker);
    here = NULL;
    fl_overflow_exit();
    fl_fork_hold(); /* liburcu strikes this thread off after its end; whoever joins it releases */
    return NULL;
}

static int pin(const fl_worker *worker, pthread_attr_t *attributes)
{
    if (worker->place.cpu < 0 || !fl_topology_real(worker->rt->topology))
        return 0;
    cpu_set_t *set = CPU_ALLOC((size_t)worker->place.cpu + 1);
    if (!set)
        return ENOMEM;
    size_t size = CPU_ALLOC_SIZE((size_t)worker->place.cpu + 1);
    CPU_ZERO_S(size, set);
    CPU_SET_S((size_t)worker->place.cpu, size, set);
    int rc = pthread_attr_setaffinity_np(attributes, size, set);
    CPU_FREE(set);
    return rc;
}

int fl_worker_start(fl_worker *worker)
{
    pthread_attr_t attributes;
    int rc = pthread_attr_init(&attributes);
    if (!rc) {
        rc = pin(worker, &attributes);
        if (!rc)
            rc = pthread_create(&worker->thread, &attributes, thread_main, worker);
        pthread_attr_destroy(&attributes);
    }
    return rc ? fl_fail(rc,
                        "worker %u could not be started: %s; fewer workers, or a higher limit of "
                        "threads, "
                        "may do",
                        worker->index, strerror(rc))
              : 0;
}
