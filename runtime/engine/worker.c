/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A worker's life. Its thread starts on its native stack and switches to a fiber at once. It comes
 * back when the runtime is finished (ReadFinished of runtime/engine/park.c), or when a fiber
 * suspended and no other could be had. */
#include <runtime/engine/worker.h>

#include <runtime/engine/fiber.h>
#include <runtime/engine/find_work.h>
#include <runtime/engine/guest.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/park.h>
#include <runtime/engine/starvation.h>
#include <runtime/engine/statistics.h>
#include <runtime/engine/steal.h>
#include <runtime/engine/suspend.h>
#include <runtime/engine/threads.h>
#include <runtime/engine/worker_set.h>
#include <runtime/platform/atfork.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/container.h>
#include <runtime/platform/error.h>
#include <runtime/platform/futex.h>
#include <runtime/platform/machine/affinity.h>
#include <runtime/platform/machine/placement.h>
#include <runtime/platform/machine/topology.h>
#include <runtime/platform/memory/sanitizer.h>
#include <runtime/platform/upcalls.h>
#include <runtime/platform/virtual/virtual.h>
#include <sched/rng.h>

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <urcu-bp.h>

enum { STARVES_FIRST = 100000, STARVES_LONGEST = 100000000 /* ns */ };

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

void fl_worker_set_here(fl_worker *worker)
{
    here = worker;
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
    fl_tsan_acquire(retired);
    fl_tsan_acquire(&fl_readers);
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
    fl_tsan_release(retired);
    urcu_bp_call_rcu(&retired->head, free_retired);
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
    worker->left = worker->running = &worker->native;
    fl_profit_init(&worker->profit);
    worker->warm = fl_warm_begin();
    fl_inbox_init(&worker->kept);
    worker->rng = fl_rng_seed(rt->settings.seed, index);
    worker->late = rt->seats || index >= fl_workers(rt);
    fl_times_begin(&worker->times, worker->late ? FL_RETIRED : FL_SEARCHING, fl_now());
    worker->place = fl_placement_place(&rt->resident.placement, index);
    worker->signal_stack = malloc(fl_overflow_stack_size());
    if (!worker->signal_stack || fl_deque_init(&worker->ready, FL_READY_FIRST, retire)) {
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

/* Searchers may have looked while this worker held it. false: the deque has no memory for the work
 * item, which now lies in the inbox, where it needs none. */
static bool keep_ready(fl_worker *worker, void *item)
{
    if (!fl_push_ready(worker, item))
        return true;
    if (fl_item_kind(item) != FL_ITEM_WORK)
        filch_die("no memory to keep a ready task; raise max_fibers, or fork less at a time");
    fl_submit(worker->rt, fl_item_what(item), worker->index + 1);
    return false;
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

/* Moves the tasks only; a worker that has a fiber will run them. */
static fl_fiber *fiber_of_stolen(fl_worker *worker, void *item)
{
    if (item && fl_item_kind(item) == FL_ITEM_FIBER)
        return fl_item_what(item);
    if (item)
        keep_ready(worker, item);
    return NULL;
}

/* Fibers that become ready from outside come through the inbox; the tasks before them become ready
 * for all workers. */
static fl_fiber *fiber_from_outside(fl_worker *worker)
{
    for (fl_work_item *work_item; fl_inbox_take(&worker->rt->inbox, &work_item, 1);) {
        enum fl_work_item_kind kind = work_item->kind;
        if (kind != FL_WORK_ITEM_FIBER && !keep_ready(worker, fl_item(FL_ITEM_WORK, work_item)))
            return NULL;
        fl_count_outside(worker, kind);
        if (kind == FL_WORK_ITEM_FIBER)
            return work_item->as.fiber;
    }
    return NULL;
}

/* Its own fibers may make each other ready forever, so every FL_FIND_TURN-th look begins with the
 * inbox or another worker, in turn. */
static fl_fiber *fiber_in_turn(fl_worker *worker)
{
    unsigned look = worker->capped_looks++, turn = look / FL_FIND_TURN;
    if (look % FL_FIND_TURN)
        return NULL;
    if (turn % 2)
        return fiber_from_outside(worker);
    fl_worker *other = fl_other_worker(worker, turn / 2);
    return other ? fiber_of_stolen(worker, fl_steal_item_from(worker, other)) : NULL;
}

static fl_fiber *next_fiber(fl_worker *worker)
{
    fl_fiber *fiber = fl_fiber_for_loop(worker);
    if (!fiber)
        fiber = fl_stay_take(worker);
    if (!fiber)
        fiber = fiber_in_turn(worker);
    if (!fiber)
        fiber = own_ready_fiber(worker);
    if (!fiber)
        fiber = fiber_of_stolen(worker, fl_steal_item(worker));
    return fiber ? fiber : fiber_from_outside(worker);
}

/* max_fibers is reached: a fiber must be put back or become ready (runtime/engine/starvation.h). */
static fl_fiber *starve(fl_worker *worker)
{
    fl_starve *all = &worker->rt->fibers.starve;
    fl_fiber *fiber = NULL;
    fl_starve_begin(all);
    for (int64_t nap = STARVES_FIRST;;
         nap = 2 * nap < STARVES_LONGEST ? 2 * nap : STARVES_LONGEST) {
        uint32_t seen = fl_starve_look(all);
        fiber = next_fiber(worker);
        if (fiber || filch_u32_load(&worker->rt->finished, FILCH_ACQUIRE)) /* ReadFinished */
            break;
        fl_suspect();
        if (nap == STARVES_LONGEST)
            fl_hooks.starves(worker->rt);
        fl_starve_sleep(all, seen, fl_now() + nap);
    }
    fl_starve_end(all);
    return fiber;
}

static fl_fiber *wait_for_fiber(fl_worker *worker)
{
    if (filch_u32_load(&worker->rt->finished, FILCH_ACQUIRE)) /* ReadFinished */
        return NULL;
    fl_fiber *fiber = next_fiber(worker);
    if (fiber)
        return fiber;
    fl_turn(worker, FL_SEARCHING);
    fiber = starve(worker);
    fl_turn(worker, FL_WORKING);
    return fiber;
}

static void run(fl_worker *worker)
{
    fl_turn(worker, FL_WORKING);
    for (fl_fiber *fiber; (fiber = wait_for_fiber(worker));)
        if (FILCH_UNLIKELY(fl_fiber_guest(fiber)))
            fl_guest_lend(worker, fiber);
        else
            fl_switch(worker, &worker->native, fiber, nothing, NULL);
}

static void *thread_main(void *arg)
{
    fl_worker *worker = arg;
    char name[16];
    snprintf(name, sizeof name, "filch/%u", worker->index);
    pthread_setname_np(pthread_self(), name);
    if (worker->rt->settings.share)
        filch_u32_store(&worker->thread_id, (uint32_t)gettid(), FILCH_RELAXED); /* for reports */
    prctl(PR_SET_TIMERSLACK, 1000ul, 0ul, 0ul, 0ul); /* naps are tens of microseconds */
    fl_overflow_enter(worker->signal_stack);
    /* liburcu registers a reader at its first lock, and dies if there is no page for that. Do it
     * here, not in the middle of work that has used up the address space. */
    fl_fork_hold();
    urcu_bp_read_lock();
    urcu_bp_read_unlock();
    fl_fork_release();
    here = worker;
    fl_shadow_adopt_thread(&worker->native.shadow);
    fl_affinity_bound(&worker->rt->home);
    if (worker->late) /* the thread that resized may block signals */
        pthread_sigmask(SIG_SETMASK, &worker->rt->signals, NULL);
    if (!worker->late || fl_wait_for_turn(worker))
        run(worker);
    fl_affinity_forget();
    here = NULL;
    fl_overflow_exit();
    fl_fork_hold(); /* liburcu unregisters this thread after its end; the joining thread releases */
    return NULL;
}

/* Virtual workers run one at a time: on one CPU they take turns nine times as fast. */
static struct fl_affinity cpus_of(const fl_worker *worker, fl_span span)
{
    return fl_virtual() ? fl_affinity_here()
                        : fl_placement_cpus(&worker->rt->resident.placement, span);
}

/* Sets nothing where the new thread inherits that mask, so that it follows later changes of a
 * cpuset. */
static int bind_thread(const fl_worker *worker, pthread_attr_t *attributes)
{
    const fl_placement *placement = &worker->rt->resident.placement;
    fl_span span = fl_placement_span(placement, worker->index);
    if (!fl_topology_real(worker->rt->topology) ||
        (fl_placement_is_mask(span) && !placement->mask->set && !fl_virtual()))
        return 0;
    struct fl_affinity wanted = cpus_of(worker, span), inherited = fl_affinity_read();
    int rc = wanted.set ? 0 : ENOMEM;
    if (!rc && !fl_affinity_equal(&wanted, &inherited))
        rc = pthread_attr_setaffinity_np(attributes, wanted.size, wanted.set);
    fl_affinity_free(&wanted);
    fl_affinity_free(&inherited);
    return rc;
}

/* Starts its thread; `bound`: on the CPU of its placement. */
static int start_thread(fl_worker *worker, bool bound)
{
    pthread_attr_t attributes;
    int rc = pthread_attr_init(&attributes);
    if (rc)
        return rc;
    if (bound)
        rc = bind_thread(worker, &attributes);
    if (!rc)
        rc = fl_thread_start(&worker->thread, &attributes, thread_main, worker);
    pthread_attr_destroy(&attributes);
    return rc;
}

/* The CPUs are gone from the cpuset, or a filter of system calls forbids affinity: some filters
 * answer EPERM, others ENOSYS. */
static bool is_unbindable(int error)
{
    return error == EINVAL || error == EPERM || error == ENOSYS;
}

int fl_worker_start(fl_worker *worker)
{
    enum fl_bind bind = worker->rt->settings.bind;
    int rc = start_thread(worker, true);
    if (is_unbindable(rc) && bind != FL_BIND_AUTO && bind != FL_BIND_NONE)
        return fl_fail(
            rc,
            "worker %u could not be pinned with bind=%s: %s; allow sched_setaffinity, or "
            "let workers float by bind=auto or none (FILCH_BIND)",
            worker->index, fl_bind_name(bind), strerror(rc));
    if (is_unbindable(rc)) {
        filch_u32_store(&worker->rt->unbound, (uint32_t)rc, FILCH_RELAXED); /* for reports */
        rc = start_thread(worker, false);
    }
    return rc ? fl_fail(rc,
                        "worker %u could not be started: %s; ask for fewer workers, or raise the "
                        "limit of "
                        "threads",
                        worker->index, strerror(rc))
              : 0;
}
