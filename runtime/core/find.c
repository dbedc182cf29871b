/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The next thing to do, in this order: the worker's own ready deque, a queue that all share, the
 * inbox, what others have forked, what others have ready. When a tick is due the inbox comes first,
 * then the oldest item of the own deque, so that a busy deque starves nobody; every other time
 * something of a surplus worker comes before both. A surplus worker retires instead
 * (runtime/core/crew.h). P5 is a step of sched/idle.h. */
#include <runtime/core/awake.h>
#include <runtime/core/clock.h>
#include <runtime/core/worker.h>

enum {
    DRAIN_MOST = 32,   /* jobs moved from the inbox at a time, */
    DRAIN_PACE = 2000, /* if a job lasts less than so many ns */
    ROUNDS = 2,        /* search rounds before sleep */
    ROUNDS_BUSY =
        200 /* the same after a theft that paid, where each worker has a CPU: some 20 us */
};

bool fl_work_from_item(fl_work *work, void *item)
{
    void *what = fl_item_what(item);
    switch (fl_item_kind(item)) {
    case FL_ITEM_FIBER:
        *work = (fl_work){.kind = FL_WORK_FIBER, .fiber = what};
        return true;
    case FL_ITEM_SLOT:
        *work = (fl_work){.kind = FL_WORK_SLOT, .slot = what};
        if (!fl_slot_take(work->slot))
            return false;
        work->task = work->slot->claimed;
        return true;
    default:
        *work = (fl_work){.kind = FL_WORK_JOB, .job = what};
        return true;
    }
}

static void *item_from_job(fl_job *job)
{
    return job->kind == FL_JOB_FIBER ? fl_item(FL_ITEM_FIBER, job->as.fiber)
                                     : fl_item(FL_ITEM_JOB, job);
}

/* What is in a worker's deque is passed by what others take from the inbox. So that jobs begin in
 * their order one is taken at a time, unless the worker comes back so soon that this costs too much:
 * then twice as many as last time. A worker that has other things to do takes many, since it seldom
 * comes. */
static unsigned drain_next(fl_worker *worker, int64_t now)
{
    if (fl_deque_size(&worker->ready) > 0)
        return DRAIN_MOST;
    if (now - worker->drained_at >= (int64_t)worker->drained * DRAIN_PACE)
        return 1;
    return worker->drained < DRAIN_MOST / 2 ? 2 * worker->drained : DRAIN_MOST;
}

/* One job is the caller's; those drained with it become ready for everybody. */
static bool take_inbox(fl_worker *worker, fl_work *work)
{
    fl_job *jobs[DRAIN_MOST];
    if (fl_inbox_empty(&worker->rt->inbox))
        return false;
    int64_t now = fl_now();
    unsigned count = fl_inbox_take(&worker->rt->inbox, jobs, drain_next(worker, now));
    if (!count)
        return false;
    worker->drained_at = now;
    worker->drained = count;
    for (unsigned i = count; i-- > 1;) { /* oldest on top of the deque */
        enum fl_job_kind kind = jobs[i]->kind;
        if (fl_deque_push(&worker->ready, item_from_job(jobs[i])))
            fl_inbox_put(&worker->rt->inbox, jobs[i]);
        else
            fl_count_outside(worker, kind);
    }
    fl_count_outside(worker, jobs[0]->kind);
    if (count > 1) {
        filch_fence_seq_cst(); /* P5 */
        fl_wake_one(worker->rt, worker->index + 1, FL_UNLESS_NAPPING);
    }
    return fl_work_from_item(work, item_from_job(jobs[0]));
}

/* What the newest items would keep waiting for ever: what surplus workers left behind, the inbox,
 * the oldest item. */
static bool take_in_turn(fl_worker *worker, fl_work *work, unsigned turn)
{
    void *item = NULL;
    if (turn % 2 && (item = fl_steal_left_behind(worker, turn / 2)) &&
        fl_work_from_item(work, item))
        return true;
    if (take_inbox(worker, work))
        return true;
    return fl_deque_steal(&worker->ready, &item) == FL_STEAL_GOT && fl_work_from_item(work, item);
}

static bool take_own(fl_worker *worker, fl_work *work)
{
    unsigned tick = fl_next_tick(worker);
    filch_u32_store(&worker->tick, tick, FILCH_RELAXED); /* its own, but for a hint */
    if (fl_find_is_due(tick)) {
        if (fl_surplus(worker))
            return false;
        if (take_in_turn(worker, work, tick / FL_FIND_TURN))
            return true;
    }
    for (void *item; (item = fl_deque_pop(&worker->ready));)
        if (fl_work_from_item(work, item))
            return true;
    /* Before the inbox: fibers that gave way to what they had forked lie there. */
    const fl_discipline *discipline = worker->rt->discipline;
    if (discipline->shared && discipline->take(worker, work))
        return true;
    return take_inbox(worker, work);
}

static bool search(fl_worker *worker, fl_work *work)
{
    fl_runtime *rt = worker->rt;
    unsigned rounds = worker->stolen_lately && fl_may_spin(rt) ? ROUNDS_BUSY : ROUNDS;
    for (unsigned i = 0; i < rounds; i++) {
        if (take_own(worker, work))
            return true;
        if (rt->discipline->take(worker, work) || fl_steal_ready(worker, work)) {
            worker->stolen_lately = true;
            return true;
        }
        filch_pause();
    }
    worker->stolen_lately = false;
    return false;
}

/* The next thing is not a gift, whose beginning is noted where it is run. */
static bool found(fl_worker *worker, const fl_work *work)
{
    fl_found(worker, work->gift);
    if (!work->gift)
        fl_turn(worker, FL_WORKING);
    return true;
}

bool fl_find(fl_worker *worker, fl_work *work)
{
    int64_t gift_ended = worker->gift_ended;
    worker->gift_ended = 0;
    if (take_own(worker, work))
        return true;
    fl_idle_search(&worker->rt->idle);
    if (gift_ended) /* just now */
        fl_turn_at(worker, FL_SEARCHING, gift_ended);
    else
        fl_turn(worker, FL_SEARCHING);
    for (;;) {
        if (FILCH_UNLIKELY(fl_surplus(worker))) {
            if (!fl_retire(worker))
                return false;
            continue;
        }
        int64_t nap = fl_profit_nap(&worker->profit);
        if (!nap && search(worker, work))
            return found(worker, work);
        if (!fl_stay_awake(worker, nap) && !fl_sleep(worker, nap))
            return false;
    }
}

bool fl_work_ready(fl_runtime *rt)
{
    if (!fl_inbox_empty(&rt->inbox))
        return true;
    unsigned reach = fl_reach(rt);
    for (unsigned i = 0; i < reach; i++)
        if (fl_deque_size(&rt->worker[i]->ready) > 0)
            return true;
    return false;
}

bool fl_work_anywhere(fl_runtime *rt)
{
    return fl_work_ready(rt) || rt->discipline->pending(rt);
}
