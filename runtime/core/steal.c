/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The thief: asks first, robs only the silent. membarrier interrupts every core that runs this
 * process; an owner that comes by its slow path hands over its oldest task, or half of a deep
 * stack, for a few cache misses instead. The labels are those of sched/forkstack.h (T2) and
 * runtime/core/suspend.c (W5). */
#include <runtime/core/clock.h>
#include <runtime/core/fence.h>
#include <runtime/core/worker.h>

#include <sched.h>
#include <urcu-bp.h>

enum {
    PATIENCE = 20000,        /* ns to watch a request, where each worker has a CPU */
    PATIENCE_CROWDED = 2000, /* ns otherwise; then one yield and one more look */
#ifdef FILCH_TINY
    LOOKS_A_CLOCK = 1,
    PAUSES_BEFORE_LAST = 0,
#else
    LOOKS_A_CLOCK = 16,      /* pauses between two looks at the clock */
    PAUSES_BEFORE_LAST = 16, /* before a worker's only ready item is taken: half a microsecond */
#endif
    PAUSES_BEFORE_YIELD = 64
};

static bool watch_until(fl_forkstack *stack, fl_mailbox *box, fl_gift *gift, int64_t until)
{
    do {
        for (int i = 0; i < LOOKS_A_CLOCK; i++) {
            if (fl_mailbox_answered(stack, box, gift))
                return true;
            filch_pause();
        }
    } while (fl_now() < until);
    return false;
}

static bool watch(fl_worker *worker, fl_forkstack *stack, fl_gift *gift)
{
    bool spin = fl_may_spin(worker->rt);
    int64_t until = fl_now() + (spin ? PATIENCE : PATIENCE_CROWDED);
    if (watch_until(stack, &worker->box, gift, until))
        return true;
    if (spin)
        return false;
    sched_yield();
    return fl_mailbox_answered(stack, &worker->box, gift);
}

/* The owner has taken the mailbox; it is between that and its answer, or was preempted there. */
static void wait_for_answer(fl_worker *worker, fl_forkstack *stack, fl_gift *gift)
{
    for (unsigned i = 0; !fl_mailbox_answered(stack, &worker->box, gift); i++)
        if (i < PAUSES_BEFORE_YIELD)
            filch_pause();
        else
            sched_yield();
}

/* Nothing was taken, and why. */
static bool missed(fl_worker *worker, enum fl_counter why)
{
    fl_count(worker, why, 1);
    return false;
}

static bool rob(fl_worker *worker, const fl_worker *victim, fl_forkstack *stack, fl_work *work)
{
    uint64_t top;
    if (!fl_forkstack_rob_look(stack, &top))
        return missed(worker, FL_MISSED_GONE);
    if (worker->rt->asymmetric) {
        fl_count(worker, FL_HEAVY_FENCES, 1);
        fl_fence_heavy(); /* T2 */
    } else {
        filch_fence_seq_cst(); /* T2 */
    }
    *work = (fl_work){.kind = FL_WORK_SLOT};
    work->task = fl_forkstack_rob_take(stack, top, &work->slot);
    if (!work->task)
        return missed(worker, FL_MISSED_GONE);
    fl_count(worker, FL_ROBS, 1);
    fl_count_theft(worker, victim, 1);
    return true;
}

static bool accept(fl_worker *worker, const fl_worker *victim, const fl_gift *gift, fl_work *work)
{
    if (!gift->count)
        return missed(worker, FL_MISSED_REFUSED);
    fl_count(worker, FL_GIFTS, 1);
    fl_count(worker, FL_GIFT_TASKS, gift->count);
    fl_count_theft(worker, victim, gift->count);
    *work = (fl_work){.kind = gift->count > 1 ? FL_WORK_RANGE : FL_WORK_SLOT,
                      .slot = gift->first,
                      .task = gift->first->claimed,
                      .count = gift->count,
                      .gift = true};
    return true;
}

static bool steal_from(fl_worker *worker, fl_worker *victim, fl_work *work)
{
    fl_forkstack *stack = filch_ptr_load(&victim->current, FILCH_ACQUIRE); /* W5 */
    if (!stack || !fl_forkstack_offers(stack))
        return missed(worker, FL_MISSED_EMPTY);
    worker->box.most = worker->profit.most;
    enum fl_asked asked = fl_forkstack_ask(stack, &worker->box);
    if (asked == FL_ASK_BUSY)
        return missed(worker, FL_MISSED_BUSY);
    fl_count(worker, FL_ASKS, 1);
    fl_gift gift;
    if (asked == FL_ASK_LEFT && watch(worker, stack, &gift))
        return accept(worker, victim, &gift, work);
    if (fl_forkstack_withdraw(stack, &worker->box))
        return rob(worker, victim, stack, work);
    wait_for_answer(worker, stack, &gift);
    return accept(worker, victim, &gift, work);
}

/* ---- Whom ---- */

static unsigned distance(const fl_search *search, unsigned other)
{
    const fl_runtime *rt = search->world;
    return fl_topology_distance(rt->topology, &rt->worker[search->self]->place,
                                &rt->worker[other]->place);
}

static unsigned length(const fl_search *search, unsigned other)
{
    const fl_runtime *rt = search->world;
    fl_worker *worker = rt->worker[other];
    int64_t ready = fl_deque_size(&worker->ready);
    unsigned forked = rt->discipline->length ? rt->discipline->length(worker) : 0;
    return forked + (ready > 0 ? (unsigned)ready : 0);
}

static fl_search search_of(fl_worker *worker)
{
    const fl_runtime *rt = worker->rt;
    return (fl_search){.self = worker->index,
                       .workers = fl_reach(rt),
                       .misses = worker->misses,
                       .last = worker->victim,
                       .rng = &worker->rng,
                       .distance = distance,
                       .length = length,
                       .world = rt};
}

/* The next one to try. */
static fl_worker *victim_of(const fl_runtime *rt, const fl_search *search)
{
    const fl_policy *policy = filch_ptr_load(&rt->policy, FILCH_ACQUIRE); /* its row is there */
    return rt->worker[policy->victim(search)];
}

/* A round is over; from: whom something was taken from, or NULL. */
static bool round_over(fl_worker *worker, const fl_worker *from)
{
    worker->misses = from ? 0 : worker->misses + 1;
    if (from)
        worker->victim = from->index;
    return from;
}

bool fl_steal_forked(fl_worker *worker, fl_work *work)
{
    fl_search search = search_of(worker);
    fl_worker *from = NULL;
    for (; search.attempt + 1 < search.workers && !from; search.attempt++) {
        fl_worker *victim = victim_of(worker->rt, &search);
        if (steal_from(worker, victim, work))
            from = victim;
    }
    return round_over(worker, from);
}

/* A worker that makes a fiber ready often stops next, and goes on with that very fiber; taken away,
 * each of two that talk to each other would be on a worker of its own, and wait for the other's
 * cache, or for it to be woken. So the only item is taken only if its worker leaves it for a while.
 * Nothing is lost by that: a look that comes in vain is no look, and who sleeps looks again. */
static bool stays(fl_deque *deque)
{
    int64_t oldest = fl_deque_oldest(deque);
    for (int i = 0; i < PAUSES_BEFORE_LAST && fl_deque_oldest(deque) == oldest; i++)
        filch_pause();
    return fl_deque_oldest(deque) == oldest;
}

static void *steal_item_from(fl_worker *worker, fl_worker *victim)
{
    void *item = NULL;
    int64_t size = fl_deque_size(&victim->ready);
    if (size <= 0 || (size == 1 && !stays(&victim->ready))) {
        missed(worker, size <= 0 ? FL_MISSED_READY_EMPTY : FL_MISSED_READY_LEFT);
        return NULL;
    }
    urcu_bp_read_lock(); /* old buffers live until the end of it */
    if (fl_deque_steal(&victim->ready, &item) != FL_STEAL_GOT)
        item = NULL;
    fl_order_release(&fl_readers);
    urcu_bp_read_unlock();
    fl_count(worker, item ? FL_DEQUE_STEALS : FL_MISSED_READY_LOST, 1);
    if (item)
        fl_count_theft(worker, victim, 1);
    return item;
}

void *fl_steal_item(fl_worker *worker)
{
    fl_search search = search_of(worker);
    fl_worker *from = NULL;
    void *item = NULL;
    for (; search.attempt + 1 < search.workers && !item; search.attempt++) {
        from = victim_of(worker->rt, &search);
        item = steal_item_from(worker, from);
    }
    round_over(worker, item ? from : NULL);
    return item;
}

void *fl_steal_left_behind(fl_worker *worker, unsigned turn)
{
    const fl_runtime *rt = worker->rt;
    unsigned active = fl_workers(rt), reach = fl_reach(rt);
    return active < reach ? steal_item_from(worker, rt->worker[active + turn % (reach - active)])
                          : NULL;
}

bool fl_steal_ready(fl_worker *worker, fl_work *work)
{
    void *item = fl_steal_item(worker);
    return item && fl_work_from_item(work, item);
}
