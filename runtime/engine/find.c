/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The next thing to do, in this order: the worker's own ready deque, a queue that all share, the
 * inbox, forked tasks of others, ready items of others. A due find begins with one of these in
 * turn, so that a busy deque starves nobody (runtime/engine/turn.h); a surplus worker retires
 * instead (runtime/engine/worker_set.h). A worker whose last item came from a long deque of another
 * worker goes on there before it searches. */
#include <runtime/engine/find.h>

#include <runtime/engine/awake.h>
#include <runtime/engine/count.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/gap.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/park.h>
#include <runtime/engine/stay.h>
#include <runtime/engine/steal.h>
#include <runtime/engine/turn.h>
#include <runtime/engine/work_item.h>
#include <runtime/engine/worker.h>
#include <runtime/engine/worker_set.h>
#include <runtime/platform/spin.h>
#include <sched/deque.h>
#include <sched/forkstack.h>
#include <sched/idle.h>
#include <sched/profit.h>
#include <sched/queue.h>
#include <sched/rounds.h>
#include <sched/times.h>

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
    case FL_ITEM_STOLEN:
        *work = (fl_work){.kind = FL_WORK_SLOT, .slot = what};
        work->task = work->slot->claimed;
        return true;
    default:
        *work = (fl_work){.kind = FL_WORK_JOB, .work_item = what};
        return true;
    }
}

/* A fiber that keeps this thread: at every second find, or else where there is nothing else. */
static bool take_kept(fl_worker *worker, fl_work *work)
{
    fl_fiber *fiber = fl_stay_take(worker);
    if (fiber)
        *work = (fl_work){.kind = FL_WORK_FIBER, .fiber = fiber};
    return fiber;
}

static bool take_own(fl_worker *worker, fl_work *work)
{
    unsigned tick = fl_tick(worker);
    if (tick % 2 && take_kept(worker, work))
        return true;
    if (fl_find_is_due(tick)) {
        if (fl_surplus(worker))
            return false;
        if (fl_take_in_turn(worker, work))
            return true;
    } else if (fl_take_rest_of_turn(worker, work)) {
        return true;
    }
    for (void *item; (item = fl_deque_pop(&worker->ready));)
        if (fl_work_from_item(work, item))
            return true;
    /* Before the inbox, which holds fibers that yielded to the tasks they had forked. */
    const fl_queue *queue = worker->rt->queue;
    if (queue->shared && queue->take(worker, work))
        return true;
    return take_kept(worker, work) || fl_take_inbox(worker, work);
}

static bool take_forked(fl_worker *worker, fl_work *work)
{
    return worker->rt->queue->take(worker, work);
}

static bool round_of(fl_worker *worker, fl_work *work, fl_rounds *rounds)
{
    static bool (*const seekers[FL_SEEKS])(fl_worker *, fl_work *) = {
        [FL_SEEK_OWN] = take_own,
        [FL_SEEK_FORKED] = take_forked,
        [FL_SEEK_READY] = fl_steal_ready,
    };
    do
        if (seekers[rounds->seek](worker, work)) {
            worker->stolen_lately |= fl_rounds_stole(rounds);
            return true;
        }
    while (fl_rounds_next(rounds));
    return false;
}

static bool search(fl_worker *worker, fl_work *work)
{
    fl_rounds rounds = {FL_SEEK_OWN, 0};
    fl_gap gap = fl_gap_begin(worker);
    do {
        if (round_of(worker, work, &rounds)) {
            fl_gap_ends(worker, &gap);
            return true;
        }
        fl_pause();
    } while (fl_rounds_again(&rounds) || fl_gap_lasts(worker, &gap));
    fl_gap_sleep(worker, &gap);
    worker->stolen_lately = false;
    return false;
}

/* The next thing is no gift: the start of a gift is noted where it runs. */
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
    if (take_own(worker, work) || (!fl_surplus(worker) && fl_steal_ready_again(worker, work)))
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
    if (fl_inbox_offers(&rt->inbox))
        return true;
    unsigned reach = fl_reach(rt);
    for (unsigned i = 0; i < reach; i++)
        if (fl_deque_size(&rt->worker[i]->ready) > 0)
            return true;
    return false;
}

bool fl_work_anywhere(fl_runtime *rt)
{
    return fl_work_ready(rt) || rt->queue->pending(rt);
}
