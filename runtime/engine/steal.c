/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The thief: asks first, and robs only silent owners. membarrier interrupts every core that runs
 * this process. An owner in its slow path hands over its oldest task, or half of a deep stack, for
 * a few cache misses instead. The labels are those of sched/forkstack.h (RobberFence),
 * runtime/engine/suspend.c (ReadCurrent) and sched/idle.h (EndSearch, AnnounceSleep). */
#include <runtime/engine/steal.h>

#include <runtime/engine/events.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/find_work.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/park.h>
#include <runtime/engine/patience.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/starvation.h>
#include <runtime/engine/statistics.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/fence.h>
#include <runtime/platform/machine/topology.h>
#include <runtime/platform/spin.h>
#include <sched/deque.h>
#include <sched/idle.h>
#include <sched/mode.h>
#include <sched/request.h>
#include <sched/rounds.h>
#include <sched/victims/policy.h>

enum {
    ANSWERING = 2000
}; /* ns: an owner that has begun to answer takes at most that, if it runs on */

static bool watch_for(fl_forkstack *stack, fl_mailbox *box, fl_gift *gift, unsigned ns)
{
    fl_spin spin = fl_spin_begin(ns);
    do
        if (fl_mailbox_answered(stack, box, gift))
            return true;
    while (fl_spin_on(&spin));
    return false;
}

static bool watch(fl_worker *worker, fl_forkstack *stack, fl_gift *gift, bool brief)
{
    bool spin = fl_may_spin(worker->rt);
    if (watch_for(stack, &worker->box, gift, fl_request_time(spin, brief)))
        return true;
    if (spin)
        return false;
    fl_yield();
    return fl_mailbox_answered(stack, &worker->box, gift);
}

/* The owner has taken the mailbox; it is between that and its answer, or was preempted there. */
static void wait_for_answer(fl_worker *worker, fl_forkstack *stack, fl_gift *gift)
{
    fl_spin spin = fl_spin_begin(ANSWERING);
    while (!fl_mailbox_answered(stack, &worker->box, gift))
        if (!fl_spin_on(&spin))
            fl_yield();
}

/* Nothing was taken; counts the reason. */
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
        fl_fence_heavy(); /* RobberFence */
    } else {
        filch_fence_seq_cst(); /* RobberFence */
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
                      .task = gift->task,
                      .count = gift->count,
                      .gift = true,
                      .offered = gift->offered};
    return true;
}

/* How much it asks for. */
static void want(fl_worker *worker)
{
    enum fl_take_mode take = worker->rt->settings.take;
    worker->box.half = take == FL_TAKE_HALF;
    worker->box.most = fl_request_most(take, worker->profit.most);
}

enum answer { GIVEN, NOTHING, SILENCE };

static enum answer ask(fl_worker *worker, fl_forkstack *stack, fl_work *work, bool patient)
{
    want(worker);
    enum fl_request next = fl_request_next(fl_forkstack_ask(stack, &worker->box), patient);
    if (next == FL_REQUEST_LEAVE) {
        missed(worker, FL_MISSED_BUSY);
        return NOTHING;
    }
    fl_count(worker, FL_ASKS, 1);
    fl_gift gift;
    bool brief = !patient && (fl_deque_size(&worker->ready) > 0 || worker->silences);
    if (next == FL_REQUEST_WITHDRAW || !watch(worker, stack, &gift, brief)) {
        if (fl_forkstack_withdraw(stack, &worker->box)) {
            worker->silences = fl_request_silences(worker->silences);
            return SILENCE;
        }
        wait_for_answer(worker, stack, &gift);
    }
    worker->silences = 0;
    return accept(worker, &gift, work) ? GIVEN : NOTHING;
}

/* The fork stack that the victim works on, if a task lies there; else NULL. */
static fl_forkstack *offering(fl_worker *worker, const fl_worker *victim)
{
    fl_forkstack *stack = filch_ptr_load(&victim->current, FILCH_ACQUIRE); /* ReadCurrent */
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

bool fl_ask_or_rob(fl_worker *worker, fl_worker *victim, fl_work *work)
{
    fl_forkstack *stack = offering(worker, victim);
    return stack && fl_steal_stack(worker, stack, work);
}

bool fl_only_ask(fl_worker *worker, fl_worker *victim, fl_work *work)
{
    fl_forkstack *stack = offering(worker, victim);
    enum answer answer = stack ? ask(worker, stack, work, true) : NOTHING;
    return answer == SILENCE ? missed(worker, FL_MISSED_REFUSED) : answer == GIVEN;
}

/* ---- Victim selection ---- */

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
    unsigned forked = rt->queue->length ? rt->queue->length(worker) : 0;
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
            "policy \"%s\" sent worker %u of %u to worker %u; return the index of another worker",
            policy->name, search->self, search->workers, victim);
    return rt->worker[victim];
}

/* A round is over; from: the victim that something was taken from, or NULL. */
static bool round_over(fl_worker *worker, const fl_worker *from)
{
    worker->misses = fl_rounds_misses(worker->misses, from);
    if (from)
        worker->victim = from->index;
    return from;
}

bool fl_steal_forked_from(fl_worker *worker, fl_worker *victim, fl_work *work)
{
    fl_look_begin();
    bool took = worker->rt->queue->take_from(worker, victim, work);
    fl_look_end();
    if (!took)
        return false;
    if (!worker->rt->queue->shared) { /* else it is one of FL_QUEUE_TAKES */
        uint32_t taken = work->count ? work->count : 1;
        fl_count_theft(worker, victim, taken);
        if (work->gift)
            fl_event(worker, FL_TRACE_GIFT, victim->index, taken);
        else
            fl_event(worker, FL_TRACE_FORCED, victim->index, taken);
    }
    return true;
}

bool fl_steal_forked(fl_worker *worker, fl_work *work)
{
    fl_search search = search_of(worker);
    fl_worker *robbed = NULL;
    fl_look_begin();
    for (; search.attempt < fl_rounds_attempts(search.workers) && !robbed; search.attempt++) {
        fl_worker *victim = victim_of(worker->rt, &search);
        if (fl_steal_forked_from(worker, victim, work))
            robbed = victim;
    }
    fl_look_end();
    return round_over(worker, robbed);
}

bool fl_took(fl_worker *worker, enum fl_counter counter, filch_slot *slot, fl_work *work)
{
    fl_count(worker, counter, 1);
    *work = (fl_work){.kind = FL_WORK_SLOT, .slot = slot, .task = slot->claimed};
    return true;
}

/* The rules are those of runtime/engine/patience.h. A thief that waits here for long gives up when
 * there is something in the inbox. Nothing is lost: it counts as no look, and a worker looks again
 * before it sleeps. */
static unsigned looks_before(fl_worker *worker, fl_deque *deque, bool patient)
{
    void *item = patient ? fl_deque_look(deque) : NULL; /* in a read-side section of the caller */
    return item && fl_item_kind(item) == FL_ITEM_FIBER
               ? fl_patience_looks(&worker->patience, worker->woken, fl_ticks())
               : FL_LOOKS_AT_JOB;
}

static bool stays(fl_worker *worker, fl_deque *deque, bool patient)
{
    int64_t oldest = fl_deque_oldest(deque);
    for (unsigned looks = looks_before(worker, deque, patient); looks; looks--) {
        fl_spin_for(FL_BETWEEN_LOOKS);
        if (fl_deque_oldest(deque) != oldest)
            return false;
        if (looks > 1 && !fl_inbox_empty(&worker->rt->inbox))
            return false;
    }
    return true;
}

static void *take_item(fl_worker *worker, fl_worker *victim)
{
    void *item = NULL;
    fl_look_begin(); /* old buffers live until the end of it */
    if (fl_deque_steal(&victim->ready, &item) != FL_STEAL_GOT)
        item = NULL;
    fl_look_end();
    fl_count(worker, item ? FL_DEQUE_STEALS : FL_MISSED_READY_LOST, 1);
    if (item) {
        fl_count_theft(worker, victim, 1);
        fl_event(worker, FL_TRACE_READY_STEAL, victim->index, 0);
    }
    return item;
}

/* A guest, and a task that helps, take no items from the ready deque of their worker. */
static bool is_lent(const fl_worker *worker)
{
    return fl_is_lent(filch_u32_load(&worker->park_word, FILCH_RELAXED)); /* a look */
}

static void *steal_item(fl_worker *worker, fl_worker *victim, bool patient)
{
    enum fl_ready ready = fl_request_ready(fl_deque_size(&victim->ready));
    if (ready == FL_READY_TAKE ||
        (ready == FL_READY_WATCH && (is_lent(victim) || stays(worker, &victim->ready, patient))))
        return take_item(worker, victim);
    missed(worker, ready == FL_READY_WATCH ? FL_MISSED_READY_LEFT : FL_MISSED_READY_EMPTY);
    return NULL;
}

void *fl_steal_item_from(fl_worker *worker, fl_worker *victim)
{
    return steal_item(worker, victim, false);
}

void *fl_steal_item(fl_worker *worker)
{
    fl_search search = search_of(worker);
    fl_worker *from = NULL;
    void *item = NULL;
    fl_look_begin(); /* policies look at fork stacks */
    for (; search.attempt < fl_rounds_attempts(search.workers) && !item; search.attempt++) {
        from = victim_of(worker->rt, &search);
        item = steal_item(worker, from, true);
    }
    fl_look_end();
    round_over(worker, item ? from : NULL);
    return item;
}

bool fl_steal_ready_from(fl_worker *worker, fl_worker *victim, fl_work *work)
{
    for (void *item; (item = fl_steal_item_from(worker, victim));)
        if (fl_work_from_item(work, item))
            return true;
    return false;
}

/* Half of what is left, one by one and oldest first: a CAS that took many would race with an owner
 * that pops without one. These items wake no worker: the searcher's next step is EndSearch or
 * AnnounceSleep, and a look after that finds them in its deque. Only as many are taken as fit
 * without growing the deque, so that each has a place. */
static void take_half(fl_worker *worker, fl_worker *victim)
{
    int64_t half = fl_deque_size(&victim->ready) / 2, taken = 0;
    bool fibers = false;
    for (; taken < half; taken++) {
        void *item = fl_deque_full(&worker->ready) ? NULL : take_item(worker, victim);
        if (!item)
            break;
        fibers |= fl_item_kind(item) == FL_ITEM_FIBER;
        fl_deque_push(&worker->ready, item);
    }
    if (taken)
        filch_fence_seq_cst(); /* PublisherFence */
    if (fibers) /* a worker without a fiber may have looked before they were pushed */
        fl_relieve(&worker->rt->fibers.starve);
}

bool fl_steal_ready(fl_worker *worker, fl_work *work)
{
    void *item = fl_steal_item(worker);
    worker->robbed = item ? worker->rt->worker[worker->victim] : NULL;
    if (item && worker->rt->settings.take == FL_TAKE_HALF)
        take_half(worker, worker->rt->worker[worker->victim]);
    return item && fl_work_from_item(work, item);
}

FILCH_STATIC_ASSERT((int)FL_AGAIN_MOST <= (int)FL_READY_FIRST, "a push needs no memory");

/* A search, and its end, change a word that the victim reads at each push, and each theft takes the
 * cache lines of the deque's ends from it. If items are short and many, that costs both workers
 * more than the items. So the thief of a long deque comes back without a search, and takes several
 * at a time. FL_AGAIN_LEAST items are left to searchers and policies, so that two tasks that talk to
 * each other stay together. A worker that does not search has no duty to look for more
 * (sched/idle.h); for the items that it puts into its own deque it is a publisher like any
 * other. */
bool fl_steal_ready_again(fl_worker *worker, fl_work *work)
{
    fl_worker *victim = worker->robbed;
    int64_t left = victim ? fl_deque_size(&victim->ready) : 0;
    worker->robbed = NULL;
    if (!fl_request_again(left, worker->rt->settings.take) || fl_deque_size(&worker->ready) > 0 ||
        !fl_steal_ready_from(worker, victim, work))
        return false;
    worker->robbed = victim;
    void *more[FL_AGAIN_MOST]; /* the worker's own deque is empty, so it has room for them */
    int count = 0;
    while (count < fl_request_more(left) && (more[count] = take_item(worker, victim)))
        count++;
    bool fibers = false;
    for (int i = count; i-- > 0;) { /* the oldest on top */
        fibers |= fl_item_kind(more[i]) == FL_ITEM_FIBER;
        fl_deque_push(&worker->ready, more[i]);
    }
    if (count) {
        filch_fence_seq_cst(); /* PublisherFence */
        fl_wake_one(worker->rt, worker->index + 1, FL_UNLESS_NAPPING);
    }
    if (fibers) /* as in take_half */
        fl_relieve(&worker->rt->fibers.starve);
    return true;
}
