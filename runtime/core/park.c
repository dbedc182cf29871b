/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Sleeping and waking: the futexes of the idle protocol (docs/idle.md; its steps P, Q, I and N are
 * in sched/idle.h; who runs what: W5 of runtime/core/suspend.c; who ought to: J5 of
 * runtime/core/crew.h).
 *
 * Tokens are the truth, bells a hint. A waker makes a token, then rings one parked worker; whoever
 * is in I4 may take any token. So that no token is left with nobody awake to take it:
 *   B1 sleeper: exchange bell PARKED, seq_cst;     | B2; one of the two sees the other
 *      look for a token (I4); futex wait while
 *      PARKED
 *   B2 waker: add token (P6); load some bell, and  | B1; one of the two sees the other
 *      CAS it PARKED -> RUNG, seq_cst; futex wake
 *   B3 a sleeper that leaves I4: exchange bell     | B2: what it was rung for in vain goes on to
 *      AWAKE, seq_cst; a token is still there        another
 *      (I5): ring another
 * A waker that finds no bell PARKED may go: every sleeper is on its way to B1, or was rung and will
 * come to B3.
 *
 * The end:
 *   E1 destroy: store stopping, seq_cst;        | E2 last look, after I1: load stopping, seq_cst;
 *      seq_cst fence; P6                          one of the two sees the other
 *   E3 finish: store finished, seq_cst;         -> E4 after B1: load finished, seq_cst; in a worker
 *      exchange every bell -> RUNG, seq_cst;       without a fiber, which polls: acquire
 *      futex wake
 *   E5 a visitor leaves: add -1 to visitors,    -> E6 destroy: load visitors, acquire; the visitor
 *      release                                     touches the runtime no more */
#include <runtime/core/clock.h>
#include <runtime/core/fence.h>
#include <runtime/core/futex.h>
#include <runtime/sync/deadlock.h>

enum { VAIN_NAP_FIRST = 32000, VAIN_NAP_LONGEST = 2000000 }; /* ns */

static void ring_one(fl_runtime *rt, unsigned near)
{
    unsigned reach = fl_reach(rt);
    for (unsigned i = 0; i < reach; i++) {
        fl_worker *worker = rt->worker[(near + i) % reach];
        uint32_t parked = FL_BELL_PARKED;
        if (filch_u32_load(&worker->bell, FILCH_SEQ_CST) == FL_BELL_PARKED &&     /* B2 */
            filch_u32_cas(&worker->bell, &parked, FL_BELL_RUNG, FILCH_SEQ_CST)) { /* B2 */
            fl_futex_wake(&worker->bell, 1);
            return;
        }
    }
}

void fl_wake_one(fl_runtime *rt, unsigned near, fl_unless unless)
{
    if (fl_idle_claim(&rt->idle, unless))
        ring_one(rt, near);
}

void fl_ring_everybody(fl_runtime *rt)
{
    unsigned reach = fl_reach(rt);
    for (unsigned i = 0; i < reach; i++) {
        filch_u32_exchange(&rt->worker[i]->bell, FL_BELL_RUNG, FILCH_SEQ_CST); /* E3 */
        fl_futex_wake(&rt->worker[i]->bell, 1);
    }
}

static void submit(fl_runtime *rt, fl_job *job, unsigned near, fl_unless unless)
{
    fl_inbox_put(&rt->inbox, job);
    filch_fence_seq_cst(); /* P5 */
    fl_wake_one(rt, near, unless);
}

void fl_submit(fl_runtime *rt, fl_job *job, unsigned near)
{
    submit(rt, job, near, FL_UNLESS_SEARCHING);
}

void fl_submit_across(fl_runtime *rt, fl_job *job, unsigned near, fl_unless unless)
{
    filch_u32_add(&rt->inbox.visitors, 1,
                  FILCH_RELAXED); /* the put below publishes it with the job */
    fl_thread_noted();
    submit(rt, job, near, unless);
    filch_u32_add(&rt->inbox.visitors, (uint32_t)-1, FILCH_RELEASE); /* E5 */
}

int fl_push_ready(fl_worker *worker, void *item)
{
    int rc = fl_deque_push(&worker->ready, item);
    if (rc)
        return rc;
    filch_fence_seq_cst(); /* P5 */
    fl_wake_one(worker->rt, worker->index + 1, FL_UNLESS_NAPPING);
    return 0;
}

void fl_submit_all_across(fl_runtime *rt, fl_job *const *jobs, unsigned count, unsigned near)
{
    filch_u32_add(&rt->inbox.visitors, 1, FILCH_RELAXED); /* as above */
    fl_thread_noted();
    fl_inbox_put_all(&rt->inbox, jobs, count);
    filch_fence_seq_cst(); /* P5 */
    fl_wake_one(rt, near, FL_UNLESS_AWAKE);
    filch_u32_add(&rt->inbox.visitors, (uint32_t)-1, FILCH_RELEASE); /* E5 */
}

unsigned fl_push_ready_all(fl_worker *worker, fl_job *const *jobs, unsigned count)
{
    unsigned pushed = 0;
    while (pushed < count && !fl_deque_push(&worker->ready, fl_item(FL_ITEM_JOB, jobs[pushed])))
        pushed++;
    filch_fence_seq_cst(); /* P5 */
    fl_wake_one(worker->rt, worker->index + 1, FL_UNLESS_NAPPING);
    return pushed;
}

/* From now on the next fork of the fiber that it runs goes out of line and wakes somebody. */
static void poke(fl_worker *worker)
{
    fl_forkstack *stack = filch_ptr_load(&worker->current, FILCH_ACQUIRE); /* W5 */
    if (stack && filch_ptr_load(&stack->front.limit, FILCH_RELAXED)) /* else its line stays alone */
        filch_ptr_exchange(&stack->front.limit, NULL, FILCH_ACQ_REL); /* I2 */
}

static void poke_everybody(fl_runtime *rt)
{
    unsigned reach = fl_reach(rt);
    for (unsigned i = 0; i < reach; i++)
        poke(rt->worker[i]);
}

void fl_found(fl_worker *worker, bool gift)
{
    fl_runtime *rt = worker->rt;
    worker->woken = false;
    if (!gift) /* whether a gift was worth waking up for is for the profit rule to say */
        worker->vain_nap = 0;
    uint64_t was = fl_idle_found(&rt->idle);
    if (!fl_idle_was_last(was))
        return;
    filch_fence_seq_cst(); /* Q2: as in last_look, a limit that reads NULL here was not re-armed
                              before I changed */
    /* The last searcher has gone although some sleep, and publishers that saw it searching woke
     * nobody. What they publish from now on comes to the slow path; what they had published is seen
     * by this look, but for a fork whose store is on its way while its owner forks no more: it is
     * not lost, its owner will run it. Without a heavy fence there is no better; docs/idle.md.
     * Where all others sleep, and none is retired, they hold nothing: what is common and the
     * caller's own is all. */
    bool alone = fl_idle_sleepers(was) + 1 == fl_reach(rt);
    if (alone)
        poke(worker);
    else
        poke_everybody(rt);
    filch_fence_seq_cst(); /* Q2 */
    if (alone ? !fl_inbox_empty(&rt->inbox) || fl_deque_size(&worker->ready) > 0 ||
                    (rt->discipline->shared && rt->discipline->pending(rt))
              : fl_work_anywhere(rt))
        fl_wake_one(rt, worker->index + 1, FL_UNLESS_SEARCHING);
}

/* Nothing was seen, and destroy had been called before the look, so nothing more is submitted. It
 * is over if everybody has slept since I1 without a break and no fiber waits for anything. */
static void finish_if_over(fl_runtime *rt, uint64_t was)
{
    bool all_asleep = fl_idle_resting(was) + 1 == rt->crew.most;
    if (!all_asleep || fl_sum(rt, FL_SUSPENDED) || !fl_idle_unchanged(&rt->idle, was))
        return;
    filch_u32_store(&rt->finished, 1, FILCH_SEQ_CST); /* E3 */
    fl_ring_everybody(rt);
}

/* I2 of the last searcher: is there anything that its sleep could leave undone? */
static bool last_look(fl_worker *worker, uint64_t was)
{
    fl_runtime *rt = worker->rt;
    bool stopping = filch_u32_load(&rt->stopping, FILCH_SEQ_CST); /* E2 */
    filch_fence_seq_cst();                                        /* I2 */
    poke_everybody(rt);
    /* Where all others sleep, nobody runs whose store could still be on its way: their I1 was a
     * full fence. */
    if (fl_idle_resting(was) + 1 < rt->crew.most && rt->asymmetric) {
        fl_count(worker, FL_HEAVY_FENCES, 1);
        fl_fence_heavy(); /* I2 */
    }
    if (fl_work_anywhere(rt))
        return true;
    if (stopping)
        finish_if_over(rt, was);
    if (fl_idle_resting(was) + 1 == rt->crew.most)
        fl_suspect();
    return false;
}

/* After a vain wake the last searcher only naps: it pokes nobody, so that an owner of tiny forks is
 * left alone. */
static int64_t vain_nap(fl_worker *worker)
{
    if (!worker->woken || filch_u32_load(&worker->rt->stopping, FILCH_RELAXED)) /* a hint */
        return 0;
    worker->vain_nap = worker->vain_nap ? 2 * worker->vain_nap : VAIN_NAP_FIRST;
    if (worker->vain_nap > VAIN_NAP_LONGEST)
        worker->vain_nap = VAIN_NAP_LONGEST;
    return worker->vain_nap;
}

/* I4. true: the caller is a searcher again (Q counts it). */
static bool wait_for_token(fl_worker *worker, int64_t until)
{
    fl_runtime *rt = worker->rt;
    worker->woken = true;
    fl_turn(worker, FL_SLEEPING);
    filch_u32_exchange(&worker->bell, FL_BELL_PARKED, FILCH_SEQ_CST); /* B1 */
    for (;;) {
        if (filch_u32_load(&rt->finished, FILCH_SEQ_CST)) /* E4 */
            return false;
        if (fl_idle_take_token(&rt->idle)) {
            fl_count(worker, FL_WAKES, 1);
            break;
        }
        if (fl_surplus(worker) && fl_idle_retract(&rt->idle)) {
            worker->woken = false; /* to retire: rung, or on its way to sleep (J5) */
            break;
        }
        /* Rung in vain. Relaxed: the futex sees what this look misses. */
        if (filch_u32_load(&worker->bell, FILCH_RELAXED) != FL_BELL_PARKED) {
            filch_u32_exchange(&worker->bell, FL_BELL_PARKED, FILCH_SEQ_CST); /* B1 */
            continue;
        }
        if (fl_futex_wait_until(&worker->bell, FL_BELL_PARKED, until) &&
            fl_idle_retract(&rt->idle)) {
            worker->woken = false; /* of its own accord */
            break;
        }
    }
    filch_u32_exchange(&worker->bell, FL_BELL_AWAKE, FILCH_SEQ_CST); /* B3 */
    fl_turn(worker, FL_SEARCHING);
    if (fl_idle_has_token(&rt->idle))
        ring_one(rt, worker->index + 1);
    return true;
}

static bool nap_for(fl_worker *worker, int64_t nap, bool vain)
{
    fl_runtime *rt = worker->rt;
    if (vain)
        fl_idle_nap(&rt->idle, true);
    filch_fence_seq_cst(); /* N1 */
    bool searching = fl_work_ready(rt) && fl_idle_retract(&rt->idle);
    if (!searching)
        searching = wait_for_token(worker, fl_now() + nap);
    if (vain)
        fl_idle_nap(&rt->idle, false);
    return searching;
}

bool fl_sleep(fl_worker *worker, int64_t nap)
{
    fl_runtime *rt = worker->rt;
    fl_count(worker, FL_PARKS, 1);
    fl_fibers_return(
        worker); /* another worker may wait for one, awake for as long as it has none */
    uint64_t was = fl_idle_sleep(&rt->idle); /* I1 */
    if (fl_idle_searchers(was) > 1)
        return wait_for_token(worker, 0);
    int64_t vain = nap ? 0 : vain_nap(worker);
    if (nap || vain)
        return nap_for(worker, nap + vain, vain > 0);
    if (last_look(worker, was) && fl_idle_retract(&rt->idle)) /* I3 */
        return true;
    fl_fibers_trim(&rt->fibers, 4 * fl_workers(rt));
    return wait_for_token(worker, 0);
}
