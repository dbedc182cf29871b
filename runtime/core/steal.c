/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The thief: asks first, robs only the silent. membarrier interrupts every core that runs this
 * process; an owner that comes by its slow path hands over its oldest task, or half of a deep
 * stack, for a few cache misses instead. The labels are those of sched/forkstack.h (T2),
 * runtime/core/suspend.c (W5) and sched/idle.h (Q2, I1). */
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

static bool rob(fl_worker *worker, fl_forkstack *stack, fl_work *work)
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
    return true;
}

static bool accept(fl_worker *worker, const fl_gift *gift, fl_work *work)
{
    if (!gift->count)
        return missed(worker, FL_MISSED_REFUSED);
    fl_count(worker, FL_GIFTS, 1);
    fl_count(worker, FL_GIFT_TASKS, gift->count);
    *work = (fl_work){.kind = gift->count > 1 ? FL_WORK_RANGE : FL_WORK_SLOT,
                      .slot = gift->first,
                      .task = gift->first->claimed,
                      .count = gift->count,
                      .gift = true};
    return true;
}

/* What it asks for. */
static void want(fl_worker *worker)
{
    enum fl_take_mode take = worker->rt->settings.take;
    worker->box.half = take == FL_TAKE_HALF;
    worker->box.most = take == FL_TAKE_ONE    ? 1
                       : take == FL_TAKE_HALF ? FL_GIFT_MOST
                                              : worker->profit.most;
}

enum answer { GIVEN, NOTHING, SILENCE };

/* patient: a poke that nobody has heeded yet is no reason to give up at once. */
static enum answer ask(fl_worker *worker, fl_forkstack *stack, fl_work *work, bool patient)
{
    want(worker);
    enum fl_asked asked = fl_forkstack_ask(stack, &worker->box);
    if (asked == FL_ASK_BUSY) {
        missed(worker, FL_MISSED_BUSY);
        return NOTHING;
    }
    fl_count(worker, FL_ASKS, 1);
    fl_gift gift;
    if ((asked == FL_ASK_SILENT && !patient) || !watch(worker, stack, &gift)) {
        if (fl_forkstack_withdraw(stack, &worker->box))
            return SILENCE;
        wait_for_answer(worker, stack, &gift);
    }
    return accept(worker, &gift, work) ? GIVEN : NOTHING;
}

/* The fork stack that the victim works on, if a task lies there; else NULL. */
static fl_forkstack *offering(fl_worker *worker, const fl_worker *victim)
{
    fl_forkstack *stack = filch_ptr_load(&victim->current, FILCH_ACQUIRE); /* W5 */
    if (stack && fl_forkstack_offers(stack))
        return stack;
    missed(worker, FL_MISSED_EMPTY);
    return NULL;
}

bool fl_steal_stack(fl_worker *worker, fl_forkstack *stack, fl_work *work)
{
    enum answer answer = ask(worker, stack, work, false);
    return answer == GIVEN || (answer == SILENCE && rob(worker, stack, work));
}

static bool ask_or_rob(fl_worker *worker, fl_worker *victim, fl_work *work)
{
    fl_forkstack *stack = offering(worker, victim);
    return stack && fl_steal_stack(worker, stack, work);
}

static bool only_ask(fl_worker *worker, fl_worker *victim, fl_work *work)
{
    fl_forkstack *stack = offering(worker, victim);
    enum answer answer = stack ? ask(worker, stack, work, true) : NOTHING;
    return answer == SILENCE ? missed(worker, FL_MISSED_REFUSED) : answer == GIVEN;
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
    const unsigned victim = policy->victim(search);
    if (victim >= search->workers || victim == search->self)
        filch_die(
            "the policy \"%s\" sends worker %u of %u to worker %u; a victim is another one of them",
            policy->name, search->self, search->workers, victim);
    return rt->worker[victim];
}

/* A round is over; from: whom something was taken from, or NULL. */
static bool round_over(fl_worker *worker, const fl_worker *from)
{
    worker->misses = from ? 0 : worker->misses + 1;
    if (from)
        worker->victim = from->index;
    return from;
}

bool fl_steal_round(fl_worker *worker, fl_work *work, fl_steal_from *from)
{
    fl_search search = search_of(worker);
    fl_worker *robbed = NULL;
    for (; search.attempt + 1 < search.workers && !robbed; search.attempt++) {
        fl_worker *victim = victim_of(worker->rt, &search);
        if (from(worker, victim, work))
            robbed = victim;
    }
    if (robbed)
        fl_count_theft(worker, robbed, work->count ? work->count : 1);
    return round_over(worker, robbed);
}

bool fl_took(fl_worker *worker, enum fl_counter counter, filch_slot *slot, fl_work *work)
{
    fl_count(worker, counter, 1);
    *work = (fl_work){.kind = FL_WORK_SLOT, .slot = slot, .task = slot->claimed};
    return true;
}

bool fl_steal_forked(fl_worker *worker, fl_work *work)
{
    return fl_steal_round(worker, work, ask_or_rob);
}

bool fl_steal_asking(fl_worker *worker, fl_work *work)
{
    return fl_steal_round(worker, work, only_ask);
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

static void *take_item(fl_worker *worker, fl_worker *victim)
{
    void *item = NULL;
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

static void *steal_item_from(fl_worker *worker, fl_worker *victim)
{
    int64_t size = fl_deque_size(&victim->ready);
    if (size > 1 || (size == 1 && stays(&victim->ready)))
        return take_item(worker, victim);
    missed(worker, size > 0 ? FL_MISSED_READY_LEFT : FL_MISSED_READY_EMPTY);
    return NULL;
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
    if (active >= reach)
        return NULL;
    fl_worker *left = rt->worker[active + turn % (reach - active)];
    return left == worker ? NULL : steal_item_from(worker, left); /* surplus since just now */
}

/* Half of what is left, one by one and oldest first: a CAS that took many would race with an owner that
 * pops without one. Nobody is woken for what comes into the searcher's own deque so: its next step is
 * Q2 or I1, and whoever looks after that finds it there. As many as fit without memory,
 * so that none can be left in the hand. */
static void take_half(fl_worker *worker, fl_worker *victim)
{
    for (int64_t left = fl_deque_size(&victim->ready) / 2; left > 0; left--) {
        void *item = fl_deque_full(&worker->ready) ? NULL : take_item(worker, victim);
        if (!item)
            return;
        fl_deque_push(&worker->ready, item);
    }
}

bool fl_steal_ready(fl_worker *worker, fl_work *work)
{
    void *item = fl_steal_item(worker);
    if (item && worker->rt->settings.take == FL_TAKE_HALF)
        take_half(worker, worker->rt->worker[worker->victim]);
    return item && fl_work_from_item(work, item);
}
