/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The next thing to do, in this order: the worker's own ready deque, a queue that all share, the
 * inbox, forked tasks of others, ready items of others. A due find begins with one of these in
 * turn, so that a busy deque starves nobody (runtime/engine/find_work.h); a surplus worker retires
 * instead (runtime/engine/worker_set.h). A worker whose last item came from a long deque of another
 * worker goes on there before it searches. */
#include <runtime/engine/find_work.h>

#include <filch/runtime.h>
#include <runtime/engine/between_regions.h>
#include <runtime/engine/external.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/park.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/starvation.h>
#include <runtime/engine/statistics.h>
#include <runtime/engine/steal.h>
#include <runtime/engine/suspend.h>
#include <runtime/engine/worker.h>
#include <runtime/engine/worker_set.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/spin.h>
#include <sched/deque.h>
#include <sched/forkstack.h>
#include <sched/idle.h>
#include <sched/mode.h>
#include <sched/profit.h>
#include <sched/queue.h>
#include <sched/rest.h>
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

/* ---- Turns ---- */

/* PublisherFence is a step of sched/idle.h. */

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
        filch_fence_seq_cst(); /* PublisherFence */
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
FILCH_STATIC_ASSERT(sizeof sources / sizeof sources[0] == FL_TURN_SOURCES,
                    "find_work.h counts them");

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

/* ---- Workers that stay awake ---- */

static void pass_time(const fl_runtime *rt)
{
    if (rt->settings.idle == FL_IDLE_YIELD || !fl_may_spin(rt)) {
        fl_yield();
        return;
    }
    fl_spin_for(FL_AWAKE_PAUSE);
}

static bool ends(const fl_runtime *rt)
{
    return filch_u32_load(&rt->stopping,
                          FILCH_RELAXED); /* a look: a sleeper looks again (ReadStop) */
}

bool fl_stay_awake(fl_worker *worker, int64_t nap)
{
    fl_runtime *rt = worker->rt;
    if (rt->settings.idle == FL_IDLE_SLEEP || ends(rt))
        return false;
    fl_fibers_return(worker);
    int64_t until = nap ? fl_now() + nap : 0;
    do
        pass_time(rt);
    while (nap && !ends(rt) && !fl_work_ready(rt) && fl_now() < until);
    return true;
}

/* ---- Phases ---- */

int filch_phase_begin(filch_runtime *rt)
{
    int rc = fl_runtime_meant(&rt, "filch_phase_begin");
    if (!rc)
        filch_u32_add(&rt->phases, 1,
                      FILCH_RELAXED); /* a hint (runtime/engine/between_regions.h) */
    return rc;
}

int filch_phase_end(filch_runtime *rt)
{
    int rc = fl_runtime_meant(&rt, "filch_phase_end");
    if (!rc && !filch_u32_add(&rt->phases, (uint32_t)-1, FILCH_RELAXED)) /* the same */
        filch_die("filch_phase_end without filch_phase_begin; call each once, in this order");
    return rc;
}
