/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Retiring and resizing. The edges are those of runtime/core/crew.h; P5, Q1, J3 and J6 of
 * sched/idle.h, E4 of runtime/core/park.c. */
#include <runtime/core/error.h>
#include <runtime/core/futex.h>
#include <runtime/core/worker.h>
#include <runtime/sync/lock.h>

#include <errno.h>

/* ---- The worker ---- */

bool fl_wait_for_turn(fl_worker *worker)
{
    fl_runtime *rt = worker->rt;
    for (;;) {
        filch_u32_exchange(&worker->bell, FL_BELL_RETIRED, FILCH_SEQ_CST); /* J4 */
        if (filch_u32_load(&rt->finished, FILCH_SEQ_CST))                  /* E4 */
            return false;
        if (worker->index < filch_u32_load(&rt->crew.active, FILCH_SEQ_CST)) /* J4 */
            break;
        fl_futex_wait_until(&worker->bell, FL_BELL_RETIRED, 0);
    }
    filch_u32_exchange(&worker->bell, FL_BELL_AWAKE, FILCH_SEQ_CST); /* J4 */
    fl_idle_return(&rt->idle);                                       /* J6 */
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
    fl_idle_retire(&rt->idle); /* J3 */
    filch_fence_seq_cst();     /* P5 */
    fl_wake_one(rt, 0, FL_UNLESS_SEARCHING);
    if (!fl_wait_for_turn(worker))
        return false;
    fl_turn(worker, FL_SEARCHING);
    fl_idle_search(&rt->idle); /* Q1 */
    return true;
}

/* ---- Who resizes ---- */

static void ring(fl_worker *worker)
{
    uint32_t bell = filch_u32_load(&worker->bell, FILCH_SEQ_CST); /* J5 */
    if ((bell == FL_BELL_PARKED || bell == FL_BELL_RETIRED) &&
        filch_u32_cas(&worker->bell, &bell, FL_BELL_RUNG, FILCH_SEQ_CST)) /* J5 */
        fl_futex_wake(&worker->bell, 1);
}

/* Its next look for work is one at everything. If its own count overwrites this one, it is at most
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
        filch_u32_store(&rt->crew.reach, i + 1, FILCH_RELEASE); /* J7 */
    }
    return 0;
}

static int resize(fl_runtime *rt, unsigned workers)
{
    unsigned before = fl_workers(rt);
    int rc = start_threads(rt, workers);
    if (rc)
        return rc;
    filch_u32_store(&rt->crew.active, workers, FILCH_SEQ_CST); /* J5 */
    for (unsigned i = workers; i < before; i++)
        hasten(rt->worker[i]);
    for (unsigned i = before < workers ? before : workers; i < before || i < workers; i++)
        ring(rt->worker[i]);
    return 0;
}

int filch_runtime_resize(filch_runtime *rt, unsigned workers)
{
    int rc = fl_runtime_meant(&rt, "filch_runtime_resize");
    if (rc)
        return rc;
    if (workers < 1 || workers > rt->crew.most)
        return fl_fail(EINVAL,
                       "%u workers, but the runtime has 1 to %u; create it with more worker_slots, "
                       "or ask for fewer",
                       workers, rt->crew.most);
    fl_lock(&rt->crew.lock);
    rc = resize(rt, workers);
    fl_unlock(&rt->crew.lock);
    return rc;
}

unsigned filch_runtime_workers(const filch_runtime *rt)
{
    return fl_workers(rt);
}

unsigned filch_runtime_worker_slots(const filch_runtime *rt)
{
    return rt->crew.most;
}
