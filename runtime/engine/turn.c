/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * P5 is a step of sched/idle.h. */
#include <runtime/engine/turn.h>

#include <runtime/engine/count.h>
#include <runtime/engine/find.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/park.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/starve.h>
#include <runtime/engine/steal.h>
#include <runtime/engine/work.h>
#include <runtime/engine/work_item.h>
#include <runtime/platform/clock.h>
#include <sched/deque.h>
#include <sched/idle.h>
#include <sched/queue.h>

enum {
    INBOX_MOST = 32,  /* work items moved from the inbox at a time, */
    INBOX_PACE = 2000 /* if a work item lasts less than so many ns */
};

/* ---- The inbox ---- */

static void *item_from_job(fl_work_item *work_item)
{
    return work_item->kind == FL_WORK_ITEM_FIBER ? fl_item(FL_ITEM_FIBER, work_item->as.fiber)
                                                 : fl_item(FL_ITEM_WORK, work_item);
}

static bool has_many_of_its_own(fl_worker *worker)
{
    return fl_deque_size(&worker->ready) > INBOX_MOST;
}

/* Work items that others take from the inbox overtake those in a worker's deque. So one is taken at
 * a time to keep their order, unless the worker comes back so soon that this costs too much: then
 * twice as many as last time. A worker that has other things to do takes many, since it seldom
 * comes. One that has many things takes one, which would lie behind them, and comes again soon. */
static unsigned drain_next(fl_worker *worker, int64_t now)
{
    if (has_many_of_its_own(worker))
        return 1;
    if (fl_deque_size(&worker->ready) > 0)
        return INBOX_MOST;
    if (now - worker->drained_at >= (int64_t)worker->drained * INBOX_PACE)
        return 1;
    return worker->drained < INBOX_MOST / 2 ? 2 * worker->drained : INBOX_MOST;
}

/* One work item is the caller's; the others drained with it become ready for all workers. */
bool fl_take_inbox(fl_worker *worker, fl_work *work)
{
    fl_work_item *work_items[INBOX_MOST];
    if (fl_inbox_empty(&worker->rt->inbox))
        return false;
    int64_t now = fl_now();
    unsigned count = fl_inbox_take(&worker->rt->inbox, work_items, drain_next(worker, now));
    if (!count)
        return false;
    worker->drained_at = now;
    worker->drained = count;
    for (unsigned i = count; i-- > 1;) { /* oldest on top of the deque */
        enum fl_work_item_kind kind = work_items[i]->kind;
        if (fl_deque_push(&worker->ready, item_from_job(work_items[i])))
            fl_inbox_put(&worker->rt->inbox, work_items[i]);
        else
            fl_count_outside(worker, kind);
    }
    fl_count_outside(worker, work_items[0]->kind);
    if (count > 1) {
        filch_fence_seq_cst(); /* P5 */
        fl_wake_one(worker->rt, worker->index + 1, FL_UNLESS_NAPPING);
        fl_relieve(&worker->rt->fibers.starve); /* fibers may be among them */
    }
    return fl_work_from_item(work, item_from_job(work_items[0]));
}

bool fl_take_rest_of_turn(fl_worker *worker, fl_work *work)
{
    if (FILCH_LIKELY(!worker->inbox_finds))
        return false;
    worker->inbox_finds--;
    if (fl_take_inbox(worker, work))
        return true;
    worker->inbox_finds = 0;
    return false;
}

/* ---- The sources ---- */

fl_worker *fl_other_worker(const fl_worker *worker, unsigned round)
{
    const fl_runtime *rt = worker->rt;
    unsigned reach = fl_reach(rt);
    return reach > 1 ? rt->worker[(worker->index + 1 + round % (reach - 1)) % reach] : NULL;
}

static bool inbox(fl_worker *worker, fl_work *work, unsigned round)
{
    (void)round;
    if (!fl_take_inbox(worker, work))
        return false;
    worker->inbox_finds = has_many_of_its_own(worker) ? INBOX_MOST - 1 : 0;
    return true;
}

static bool own_oldest(fl_worker *worker, fl_work *work, unsigned round)
{
    (void)round;
    for (void *item; fl_deque_steal(&worker->ready, &item) == FL_STEAL_GOT;)
        if (fl_work_from_item(work, item))
            return true;
    return false;
}

static bool shared_queue(fl_worker *worker, fl_work *work, unsigned round)
{
    (void)round;
    const fl_queue *queue = worker->rt->queue;
    return queue->shared && queue->take(worker, work);
}

static bool surplus_ready(fl_worker *worker, fl_work *work, unsigned round)
{
    const fl_runtime *rt = worker->rt;
    unsigned active = fl_workers(rt), reach = fl_reach(rt);
    if (active >= reach)
        return false;
    fl_worker *left = rt->worker[active + round % (reach - active)];
    return left != worker && fl_steal_ready_from(worker, left, work); /* surplus since just now */
}

static bool others_ready(fl_worker *worker, fl_work *work, unsigned round)
{
    fl_worker *other = fl_other_worker(worker, round);
    return other && fl_steal_ready_from(worker, other, work);
}

static bool others_forked(fl_worker *worker, fl_work *work, unsigned round)
{
    if (round % FL_TURN_FORKED || !worker->rt->queue->take_from)
        return false;
    fl_worker *other = fl_other_worker(worker, round / FL_TURN_FORKED);
    return other && fl_steal_forked_from(worker, other, work);
}

static const struct source {
    bool (*take)(fl_worker *worker, fl_work *work, unsigned round);
    bool near; /* a look disturbs no other worker */
} sources[] = {
    {inbox, true},         {own_oldest, true},    {shared_queue, true},
    {surplus_ready, true}, {others_ready, false}, {others_forked, false},
};
FILCH_STATIC_ASSERT(sizeof sources / sizeof sources[0] == FL_TURN_SOURCES, "turn.h counts them");

bool fl_take_in_turn(fl_worker *worker, fl_work *work)
{
    unsigned turn = worker->turn++, round = turn / FL_TURN_SOURCES;
    worker->inbox_finds = 0;
    for (unsigned i = 0; i < FL_TURN_SOURCES; i++) {
        const struct source *source = &sources[(turn + i) % FL_TURN_SOURCES];
        if ((!i || source->near) && source->take(worker, work, round))
            return true;
    }
    return false;
}
