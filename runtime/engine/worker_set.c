/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Retiring and resizing. The edges are those of runtime/engine/worker_set.h; PublisherFence,
 * BeginSearch, RetireWorker and ReturnToWork of sched/idle.h, ReadFinished of
 * runtime/engine/park.c. */
#include <runtime/engine/worker_set.h>

#include <runtime/engine/external.h>
#include <runtime/engine/find_work.h>
#include <runtime/engine/park.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/statistics.h>
#include <runtime/engine/suspend.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/error.h>
#include <runtime/platform/futex.h>
#include <runtime/platform/live_runtimes.h>
#include <runtime/platform/lock.h>
#include <sched/idle.h>
#include <sched/times.h>

#include <errno.h>

/* ---- The worker ---- */

bool fl_wait_for_turn(fl_worker *worker)
{
    fl_runtime *rt = worker->rt;
    for (;;) {
        filch_u32_exchange(&worker->park_word, FL_PARK_RETIRED, FILCH_SEQ_CST); /* ParkRetired */
        if (filch_u32_load(&rt->finished, FILCH_SEQ_CST))                       /* ReadFinished */
            return false;
        if (worker->index < filch_u32_load(&rt->worker_set.active, FILCH_SEQ_CST)) /* ParkRetired */
            break;
        fl_futex_wait_until(&worker->park_word, FL_PARK_RETIRED, 0);
    }
    filch_u32_exchange(&worker->park_word, FL_PARK_AWAKE, FILCH_SEQ_CST); /* ParkRetired */
    fl_idle_return(&rt->idle);                                            /* ReturnToWork */
    return true;
}

bool fl_retire(fl_worker *worker)
{
    fl_runtime *rt = worker->rt;
    fl_count(worker, FL_PARKS, 1);
    fl_turn(worker, FL_RETIRED);
    fl_fibers_return(worker);
    worker->woken = false;
    worker->vain_nap = 0;
    fl_idle_retire(&rt->idle); /* RetireWorker */
    filch_fence_seq_cst();     /* PublisherFence */
    fl_wake_one(rt, 0, FL_UNLESS_SEARCHING);
    if (!fl_wait_for_turn(worker))
        return false;
    fl_turn(worker, FL_SEARCHING);
    fl_idle_search(&rt->idle); /* BeginSearch */
    return true;
}

/* ---- Resizing ---- */

static void unpark(fl_worker *worker)
{
    uint32_t park_word = filch_u32_load(&worker->park_word, FILCH_SEQ_CST); /* ResizeActive */
    if ((park_word == FL_PARK_PARKED || park_word == FL_PARK_RETIRED) &&
        filch_u32_cas(&worker->park_word, &park_word, FL_PARK_WOKEN,
                      FILCH_SEQ_CST)) /* ResizeActive */
        fl_futex_wake(&worker->park_word, 1);
}

/* Makes its next find a due one. If its own count overwrites this one, that find comes at most
 * FL_FIND_TURN items later, which then are short ones. */
static void hasten(fl_worker *worker)
{
    filch_u32_store(&worker->tick, FL_FIND_TURN - 1, FILCH_RELAXED); /* a hint */
}

static int start_threads(fl_runtime *rt, unsigned workers)
{
    for (unsigned i = fl_reach(rt); i < workers; i++) {
        int rc = fl_worker_start(rt->worker[i]);
        if (rc)
            return rc;
        filch_u32_store(&rt->worker_set.reach, i + 1, FILCH_RELEASE); /* GrowReach */
    }
    return 0;
}

static int resize(fl_runtime *rt, unsigned workers)
{
    unsigned before = fl_workers(rt);
    int rc = start_threads(rt, workers);
    if (rc)
        return rc;
    filch_u32_store(&rt->worker_set.active, workers, FILCH_SEQ_CST); /* ResizeActive */
    fl_residents_resize(&rt->resident, workers);
    for (unsigned i = workers; i < before; i++)
        hasten(rt->worker[i]);
    for (unsigned i = before < workers ? before : workers; i < before || i < workers; i++)
        unpark(rt->worker[i]);
    return 0;
}

int filch_runtime_resize(filch_runtime *rt, unsigned workers)
{
    int rc = fl_runtime_meant(&rt, "filch_runtime_resize");
    if (rc)
        return rc;
    if (workers < 1 || workers > rt->worker_set.most)
        return fl_fail(
            EINVAL,
            "%u workers are out of range (1 to %u); create the runtime with more max_workers, "
            "or ask for fewer",
            workers, rt->worker_set.most);
    fl_lock(&rt->worker_set.lock);
    rc = resize(rt, workers);
    fl_unlock(&rt->worker_set.lock);
    return rc;
}

unsigned filch_runtime_workers(const filch_runtime *rt)
{
    rt = fl_runtime_asked(rt, "filch_runtime_workers");
    return rt ? fl_workers(rt) : 0;
}

unsigned filch_runtime_max_workers(const filch_runtime *rt)
{
    rt = fl_runtime_asked(rt, "filch_runtime_max_workers");
    return rt ? rt->worker_set.most : 0;
}
