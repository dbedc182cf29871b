/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Sleeping and waking: the futexes of the idle protocol (docs/internals/idle.md; its steps of
 * publishers and searchers are in sched/idle.h). Running fibers: ReadCurrent of
 * runtime/engine/suspend.c. Active workers: ResizeActive of runtime/engine/worker_set.h. Fibers
 * that stay: LookAtKept and PutKept of runtime/engine/suspend.h.
 *
 * Tokens are the truth, park words a hint. A waker makes tokens, then unparks as many workers; any
 * worker in TakeToken may take any token. These steps ensure that a worker is awake to take each
 * token:
 *   ParkSleeper: exchange park word PARKED,         |  UnparkSleeper; one of the two sees the
 *      seq_cst; look for a token (RecheckToken);       other
 *      futex wait while PARKED
 *   UnparkSleeper, waker: add tokens                |  ParkSleeper; one of the two sees the
 *      (ReadSleepers); load each park word until       other
 *      as many are unparked: CAS PARKED -> WOKEN,
 *      seq_cst; futex wake
 *   LeavePark, a sleeper leaves: CAS park word      |  UnparkSleeper: an unneeded wake-up goes
 *      PARKED or WOKEN -> AWAKE, seq_cst; take a       on to another; BorrowWorker: one of
 *      token (TakeToken): one is still there           sleeper and guest has the worker
 *      (RecheckToken): unpark another; there was
 *      none: ParkSleeper
 *   ParkHelper: exchange park word HELPING,         |  ChangeWord; one of the two sees the other
 *      seq_cst; load the word, seq_cst; it also
 *      looks for tokens (ParkSleeper) and for
 *      fibers that stay (LookAtKept)
 *   ChangeWord: store the word, release; seq_cst    |  ParkHelper
 *      fence; load park word, seq_cst; HELPING:
 *      WakeHelper
 *   WakeHelper: waker of a helper: CAS park word    -> AwaitHelperWake: load helper_wakes,
 *      HELPING -> HELPED, seq_cst; add 1 to            acquire; then load park word, seq_cst;
 *      helper_wakes, release; futex wake               futex wait on helper_wakes
 * A helper sleeps within a task (runtime/engine/help.h) until a word of the program changes. Its
 * park word says HELPING for PARKED and NAPPING, and HELPED for WOKEN. In the place of a guest two
 * threads sleep on a worker, so the helper has a futex of its own. ChangeWord makes no token: the
 * helper leaves as one whose time has come.
 * One pass over the park words is enough. A sleeper that parks behind it comes to ParkSleeper after
 * the waker's load, and sees the tokens. So a waker that finds too few park words PARKED is done.
 * Every other sleeper is on its way to ParkSleeper, or was unparked and will come to LeavePark. A
 * lent worker (runtime/engine/guest.h: BorrowWorker, ReturnWorker to LendWorker) is no sleeper, or
 * its guest finds that (CountBorrowed) and comes to ReturnWorker.
 *
 * The end:
 *   RequestStop, destroy: store stopping, seq_cst;  |  ReadStop: last look, after AnnounceSleep:
 *      seq_cst fence; ReadSleepers                     load stopping, seq_cst; one of the two
 *                                                      sees the other
 *   FinishRuntime: store finished, seq_cst;         -> ReadFinished, after ParkSleeper: load
 *      exchange every park word -> WOKEN, seq_cst;     finished, seq_cst; in a worker without a
 *      futex wake                                      fiber, which polls: acquire
 *   LeaveVisit, a visitor leaves: add -1 to         -> ReadVisitors, destroy: load visitors,
 *      visitors, release                               acquire; the visitor touches the runtime
 *                                                      no more
 *   LastChange: a worker that has changed I,        -> ConfirmEnd, finish: look everywhere, load
 *      seq_cst, takes the last work item, or           the counts, relaxed; then add 0 to I,
 *      stores its count of suspended fibers,           seq_cst: it reads that change, or
 *      relaxed                                         LastChange comes after it. (A load of I
 *                                                      might be done before the looks.) */
#include <runtime/engine/park.h>

#include <runtime/engine/between_regions.h>
#include <runtime/engine/events.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/find_work.h>
#include <runtime/engine/starvation.h>
#include <runtime/engine/statistics.h>
#include <runtime/engine/suspend.h>
#include <runtime/engine/threads.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/fence.h>
#include <runtime/platform/futex.h>
#include <runtime/platform/memory/cells.h>
#include <runtime/platform/spin.h>
#include <runtime/platform/virtual/virtual.h>
#include <sched/deque.h>
#include <sched/forkstack.h>
#include <sched/rest.h>
#include <sched/times.h>

static const int64_t LENT_FOR = 1000000000; /* ns */

static bool is_parked(uint32_t park_word)
{
    return park_word == FL_PARK_PARKED || park_word == FL_PARK_NAPPING;
}

/* true: the worker slept, and this call woke it. */
static bool rouse(fl_worker *worker, uint32_t park_word)
{
    bool helps = park_word == FL_PARK_HELPING;
    if (!filch_u32_cas(&worker->park_word, &park_word, helps ? FL_PARK_HELPED : FL_PARK_WOKEN,
                       FILCH_SEQ_CST)) /* UnparkSleeper, WakeHelper */
        return false;
    if (helps)
        filch_u32_add(&worker->helper_wakes, 1, FILCH_RELEASE); /* WakeHelper */
    fl_futex_wake(helps ? &worker->helper_wakes : &worker->park_word, 1);
    return true;
}

/* Unparks up to so many workers, in one pass; the caller has made the tokens. */
static void unpark(fl_runtime *rt, fl_wake_hint hint, unsigned most)
{
    unsigned reach = fl_reach(rt), first = fl_near_first(&rt->near, hint);
    for (unsigned i = 0; i < reach && most; i++) {
        fl_worker *worker = rt->worker[(first + i) % reach];
        uint32_t park_word = filch_u32_load(&worker->park_word, FILCH_SEQ_CST); /* UnparkSleeper */
        if (!is_parked(park_word) && park_word != FL_PARK_HELPING)
            continue;
        fl_gap_wakes(worker);
        if (rouse(worker, park_word)) {
            fl_event_by(rt, fl_worker_here(), FL_TRACE_WAKE, worker->index);
            most--;
        }
    }
}

void fl_wake_one(fl_runtime *rt, fl_wake_hint hint, fl_unless unless)
{
    if (fl_idle_claim(&rt->idle, unless))
        unpark(rt, hint, 1);
}

static void wake_more(fl_worker *worker)
{
    fl_runtime *rt = worker->rt;
    unpark(rt, worker->index + 1, fl_idle_claim_more(&rt->idle, rt->worker_set.most, rt->cpus));
}

void fl_unpark_all(fl_runtime *rt)
{
    unsigned reach = fl_reach(rt);
    for (unsigned i = 0; i < reach; i++) {
        filch_u32_exchange(&rt->worker[i]->park_word, FL_PARK_WOKEN,
                           FILCH_SEQ_CST); /* FinishRuntime */
        fl_futex_wake(&rt->worker[i]->park_word, 1);
    }
}

static void submit(fl_runtime *rt, fl_work_item *work_item, fl_wake_hint hint, fl_unless unless)
{
    fl_point();
    fl_inbox_put(&rt->inbox, work_item);
    filch_fence_seq_cst(); /* PublisherFence */
    fl_wake_one(rt, hint, unless);
}

void fl_submit(fl_runtime *rt, fl_work_item *work_item, fl_wake_hint hint)
{
    submit(rt, work_item, hint, FL_UNLESS_SEARCHING);
}

void fl_submit_across(fl_runtime *rt, fl_work_item *work_item, fl_wake_hint hint, fl_unless unless)
{
    filch_u32_add(&rt->inbox.visitors, 1,
                  FILCH_RELAXED); /* the put below publishes it with the work item */
    fl_thread_noted();
    bool fiber = work_item->kind == FL_WORK_ITEM_FIBER;
    submit(rt, work_item, hint, unless);
    if (fiber)
        fl_relieve(&rt->fibers.starve);
    filch_u32_add(&rt->inbox.visitors, (uint32_t)-1, FILCH_RELEASE); /* LeaveVisit */
}

int fl_push_ready(fl_worker *worker, void *item)
{
    int rc = fl_deque_push(&worker->ready, item);
    if (rc)
        return rc;
    filch_fence_seq_cst(); /* PublisherFence */
    fl_wake_one(worker->rt, worker->index + 1, FL_UNLESS_NAPPING);
    return 0;
}

void fl_submit_all_across(fl_runtime *rt, fl_work_item *const *work_items, unsigned count,
                          fl_wake_hint hint)
{
    filch_u32_add(&rt->inbox.visitors, 1, FILCH_RELAXED); /* as above */
    fl_thread_noted();
    bool fibers = work_items[0]->kind == FL_WORK_ITEM_FIBER;
    fl_inbox_put_all(&rt->inbox, work_items, count);
    filch_fence_seq_cst(); /* PublisherFence */
    fl_wake_one(rt, hint, FL_UNLESS_AWAKE);
    for (unsigned i = 0; fibers && i < count; i++)
        fl_relieve(&rt->fibers.starve);                              /* one for each */
    filch_u32_add(&rt->inbox.visitors, (uint32_t)-1, FILCH_RELEASE); /* LeaveVisit */
}

unsigned fl_push_ready_all(fl_worker *worker, fl_work_item *const *work_items, unsigned count)
{
    unsigned pushed = 0;
    while (pushed < count &&
           !fl_deque_push(&worker->ready, fl_item(FL_ITEM_WORK, work_items[pushed])))
        pushed++;
    filch_fence_seq_cst(); /* PublisherFence */
    fl_wake_one(worker->rt, worker->index + 1, FL_UNLESS_NAPPING);
    return pushed;
}

/* Sends the next fork of the worker's fiber to the slow path, where it wakes a worker. */
static void poke(fl_worker *worker)
{
    fl_forkstack *stack = filch_ptr_load(&worker->current, FILCH_ACQUIRE); /* ReadCurrent */
    if (stack &&
        filch_ptr_load(&stack->front.limit, FILCH_RELAXED)) /* else leaves its cache line alone */
        filch_ptr_exchange(&stack->front.limit, NULL, FILCH_ACQ_REL); /* LastScan */
}

static void poke_everybody(fl_runtime *rt)
{
    unsigned reach = fl_reach(rt);
    for (unsigned i = 0; i < reach; i++)
        poke(rt->worker[i]);
}

/* The last searcher stops searching although some workers sleep, and publishers that saw it search
 * woke nobody. Their next forks take the slow path, and this look sees their earlier ones. The
 * exception is a fork whose store is on its way while its owner forks no more: its owner will run
 * it. Only a heavy fence would avoid that (docs/internals/idle.md). If all others sleep, and none is retired,
 * they hold nothing: only shared places and the caller's own count. */
static bool look_for_more(fl_worker *worker, uint64_t was)
{
    fl_runtime *rt = worker->rt;
    filch_fence_seq_cst(); /* EndSearch: as in last_look, a limit that reads NULL here was not
                              re-armed before I changed */
    bool alone = fl_rest_alone(was, fl_reach(rt));
    fl_look_begin();
    if (alone)
        poke(worker);
    else
        poke_everybody(rt);
    filch_fence_seq_cst(); /* EndSearch */
    bool more = alone ? fl_inbox_offers(&rt->inbox) || fl_deque_size(&worker->ready) > 0 ||
                            (rt->queue->shared && rt->queue->pending(rt))
                      : fl_work_anywhere(rt);
    fl_look_end();
    return more;
}

/* A hint, without pokes: the duty is that of another searcher. */
static bool may_see_more(fl_runtime *rt, uint64_t was)
{
    if (fl_idle_lacking(was - FL_IDLE_SEARCHER, rt->worker_set.most, rt->cpus) == 0)
        return false;
    fl_look_begin();
    bool more = fl_work_anywhere(rt);
    fl_look_end();
    return more;
}

void fl_found(fl_worker *worker, bool gift)
{
    fl_runtime *rt = worker->rt;
    worker->woken = false;
    if (!gift) /* the profit rule decides whether a gift was worth the wake-up */
        worker->vain_nap = 0;
    uint64_t was = fl_idle_found(&rt->idle);
    if (fl_idle_was_last(was) ? look_for_more(worker, was) : may_see_more(rt, was))
        wake_more(worker);
}

/* Nothing was seen, and destroy had been called before the look, so nothing more is submitted. The
 * runtime is over if all have slept since AnnounceSleep without a break and no fiber waits for
 * anything. */
static void finish_if_over(fl_runtime *rt, uint64_t was)
{
    bool all_asleep = fl_idle_resting(was) + 1 == rt->worker_set.most;
    if (!all_asleep || fl_sum_suspended(rt) || !fl_idle_unchanged(&rt->idle, was))
        return;
    filch_u32_store(&rt->finished, 1, FILCH_SEQ_CST); /* FinishRuntime */
    fl_unpark_all(rt);
}

/* LastScan of the last searcher: is there anything that its sleep could leave undone? */
static bool last_look(fl_worker *worker, uint64_t was)
{
    fl_runtime *rt = worker->rt;
    bool stopping = filch_u32_load(&rt->stopping, FILCH_SEQ_CST); /* ReadStop */
    filch_fence_seq_cst();                                        /* LastScan */
    fl_look_begin();
    poke_everybody(rt);
    if (fl_rest_fences(was, rt->worker_set.most) && rt->asymmetric) {
        fl_count(worker, FL_HEAVY_FENCES, 1);
        fl_fence_heavy(); /* LastScan */
    }
    bool work = fl_work_anywhere(rt);
    fl_look_end();
    if (work)
        return true;
    if (stopping && fl_inbox_empty(&rt->inbox)) /* and no thread is in the middle of a put */
        finish_if_over(rt, was);
    if (fl_idle_resting(was) + 1 + filch_u32_load(&rt->seats_waiting, FILCH_SEQ_CST) ==
        rt->worker_set.most) /* seq_cst: the detector's */
        fl_suspect();
    return false;
}

/* LeavePark, against a guest (BorrowWorker). */
static bool leave_park(fl_worker *worker)
{
    uint32_t park_word = filch_u32_load(&worker->park_word, FILCH_RELAXED); /* the CAS decides */
    while (is_parked(park_word) || park_word == FL_PARK_WOKEN)
        if (filch_u32_cas(&worker->park_word, &park_word, FL_PARK_AWAKE,
                          FILCH_SEQ_CST)) /* LeavePark */
            return true;
    return false;
}

/* The worker is parked. late: its time has come. true: it is a searcher (Q counts it), and its park
 * word AWAKE. */
static bool wakes(fl_worker *worker, bool late)
{
    fl_runtime *rt = worker->rt;
    if (fl_idle_take_token(&rt->idle)) {
        fl_count(worker, FL_WAKES, 1);
        fl_gap_woken(worker);
        return true;
    }
    /* Of its own accord, or to retire: unparked, or on its way to sleep (ResizeActive). */
    if (!(late || fl_surplus(worker)) || !fl_idle_retract(&rt->idle))
        return false;
    worker->woken = false;
    return true;
}

/* Returns when the park word is no longer what it was, perhaps earlier, or at `*until`. A guest's
 * region may be long: then the time is put off. true: it has come. */
static bool rest(fl_worker *worker, uint32_t park_word, int64_t *until)
{
    bool late = fl_futex_wait_until(&worker->park_word, park_word, *until);
    if (!late || !fl_is_lent(park_word))
        return late;
    *until = fl_now() + LENT_FOR;
    return false;
}

/* TakeToken. how: PARKED or NAPPING. true: the caller is a searcher again (Q counts it). */
static bool wait_for_token(fl_worker *worker, enum fl_park_word how, int64_t until)
{
    fl_runtime *rt = worker->rt;
    bool late = false;
    worker->woken = true;
    fl_near_park(&rt->near, worker->index);
    fl_turn(worker, FL_SLEEPING);
    filch_u32_exchange(&worker->park_word, how, FILCH_SEQ_CST); /* ParkSleeper */
    for (;;) {
        if (filch_u32_load(&rt->finished, FILCH_SEQ_CST)) /* ReadFinished */
            return false;
        uint32_t park_word =
            filch_u32_load(&worker->park_word, FILCH_SEQ_CST); /* LeavePark, HandBack */
        if (park_word == FL_PARK_AWAKE) /* a guest's search found something */
            break;
        bool called = fl_stay_offers(worker); /* LookAtKept */
        if (fl_is_lent(park_word) || !(late || called || park_word == FL_PARK_WOKEN ||
                                       fl_idle_has_token(&rt->idle) || fl_surplus(worker))) {
            late = rest(worker, park_word, &until);
            continue;
        }
        if (!leave_park(worker))
            continue;
        if (wakes(worker, late || called))
            break;
        late = false;
        filch_u32_exchange(&worker->park_word, how, FILCH_SEQ_CST); /* ParkSleeper */
    }
    fl_turn(worker, FL_SEARCHING);
    if (fl_idle_has_token(&rt->idle)) /* RecheckToken */
        unpark(rt, worker->index + 1, 1);
    return true;
}

/* As wait_for_token, but within a task: for a token, until the time has come, or until the word has
 * changed. */
static bool wait_in_place(fl_worker *worker, const fl_until *help, int64_t until)
{
    fl_runtime *rt = worker->rt;
    uint32_t before = filch_u32_load(&worker->park_word, FILCH_RELAXED); /* AWAKE, or its guest's */
    bool late = false;
    if (!until || (help->at && help->at < until))
        until = help->at;
    worker->woken = true;
    fl_near_park(&rt->near, worker->index);
    fl_turn(worker, FL_SLEEPING);
    do {
        uint32_t seen = filch_u32_load(&worker->helper_wakes, FILCH_ACQUIRE); /* AwaitHelperWake */
        filch_u32_exchange(&worker->park_word, FL_PARK_HELPING, FILCH_SEQ_CST); /* ParkHelper */
        while (!late && !fl_until_over(help) && !fl_stay_offers(worker) &&
               !fl_idle_has_token(&rt->idle) &&
               filch_u32_load(&worker->park_word, FILCH_SEQ_CST) ==
                   FL_PARK_HELPING) { /* AwaitHelperWake */
            late = fl_futex_wait_until(&worker->helper_wakes, seen, until);
            seen = filch_u32_load(&worker->helper_wakes, FILCH_ACQUIRE); /* AwaitHelperWake */
        }
        filch_u32_exchange(&worker->park_word, before, FILCH_SEQ_CST); /* LeavePark */
    } while (!wakes(worker, late || fl_until_over(help) || fl_stay_offers(worker)));
    fl_turn(worker, FL_SEARCHING);
    if (fl_idle_has_token(&rt->idle)) /* RecheckToken */
        unpark(rt, worker->index + 1, 1);
    return true;
}

/* help: NULL, or what a helper waits for. */
static bool wait_as(fl_worker *worker, const fl_until *help, enum fl_park_word how, int64_t until)
{
    return help ? wait_in_place(worker, help, until) : wait_for_token(worker, how, until);
}

static bool nap_for(fl_worker *worker, const fl_rest *rest, const fl_until *help)
{
    fl_runtime *rt = worker->rt;
    if (rest->vain)
        fl_idle_nap(&rt->idle, true);
    filch_fence_seq_cst(); /* TakeNap */
    bool searching = fl_work_ready(rt) && fl_idle_retract(&rt->idle);
    if (!searching)
        searching = wait_as(worker, help, FL_PARK_NAPPING, fl_now() + rest->nap);
    if (rest->vain)
        fl_idle_nap(&rt->idle, false);
    return searching;
}

/* When to look again, since memory of a burst is freed some time later; 0: never. */
static int64_t give_memory_back(fl_runtime *rt)
{
    int64_t now = fl_now();
    int64_t fibers = fl_fibers_decay(&rt->fibers, 4 * fl_workers(rt), now);
    int64_t cells = fl_cells_decay(now);
    return !fibers || (cells && cells < fibers) ? cells : fibers;
}

static bool sleep_as(fl_worker *worker, int64_t nap, const fl_until *help)
{
    fl_runtime *rt = worker->rt;
    fl_count(worker, FL_PARKS, 1);
    fl_fibers_return(
        worker); /* another worker may wait for one, awake for as long as it has none */
    uint64_t was = fl_idle_sleep(&rt->idle); /* AnnounceSleep */
    fl_rest rest = fl_rest_begin(was, nap, worker->woken, &worker->vain_nap);
    if (rest.how == FL_REST_WAIT)
        return wait_as(worker, help, FL_PARK_PARKED, 0);
    bool ends = rest.vain && filch_u32_load(&rt->stopping, FILCH_RELAXED); /* a hint */
    if (rest.how == FL_REST_NAP && !ends)
        return nap_for(worker, &rest, help);
    if (last_look(worker, was) && fl_idle_retract(&rt->idle)) /* RetractSleep */
        return true;
    return wait_as(worker, help, FL_PARK_PARKED, give_memory_back(rt));
}

bool fl_sleep(fl_worker *worker, int64_t nap)
{
    return sleep_as(worker, nap, NULL);
}

void fl_call_back(fl_worker *worker)
{
    uint32_t park_word = filch_u32_load(&worker->park_word, FILCH_SEQ_CST); /* PutKept */
    if (is_parked(park_word) || park_word == FL_PARK_HELPING)
        rouse(worker, park_word);
}

/* ---- Helpers ---- */

void fl_sleep_helping(fl_worker *worker, int64_t nap, const fl_until *help)
{
    sleep_as(worker, nap, help);
}

void fl_wake_helpers(fl_runtime *rt)
{
    unsigned reach = fl_reach(rt);
    filch_fence_seq_cst(); /* ChangeWord */
    for (unsigned i = 0; i < reach; i++)
        if (filch_u32_load(&rt->worker[i]->park_word, FILCH_SEQ_CST) ==
            FL_PARK_HELPING) /* ChangeWord */
            rouse(rt->worker[i], FL_PARK_HELPING);
}

bool fl_called_back(const fl_runtime *rt)
{
    unsigned reach = fl_reach(rt);
    for (unsigned i = 0; i < reach; i++)
        if (filch_u32_load(&rt->worker[i]->park_word, FILCH_SEQ_CST) ==
                FL_PARK_HELPED || /* ChangeWord */
            fl_stay_offers(rt->worker[i]))
            return true;
    return false;
}

/* ---- Guests ---- */

/* A guest puts the worker back to sleep without waking its thread. As a sleeper does after
 * ParkSleeper, it looks for tokens and for the end. */
static void park_again(fl_worker *worker)
{
    fl_runtime *rt = worker->rt;
    filch_u32_exchange(&worker->park_word, FL_PARK_PARKED, FILCH_SEQ_CST); /* ReturnWorker */
    if (fl_idle_has_token(&rt->idle) || fl_surplus(worker) ||
        filch_u32_load(&rt->finished, FILCH_SEQ_CST)) /* ReadFinished */
        unpark(rt, worker->index, 1);
}

static bool borrow(fl_worker *worker)
{
    uint32_t parked = filch_u32_load(&worker->park_word, FILCH_RELAXED); /* the CAS decides */
    if (parked != FL_PARK_PARKED ||
        !filch_u32_cas(&worker->park_word, &parked, FL_PARK_LENT, FILCH_SEQ_CST)) /* BorrowWorker */
        return false;
    bool free = !fl_surplus(worker) &&
                !filch_u32_load(&worker->homed,
                                FILCH_RELAXED);    /* its thread stored it before ParkSleeper */
    if (free && fl_idle_borrow(&worker->rt->idle)) /* CountBorrowed */
        return true;
    park_again(worker);
    return false;
}

fl_worker *fl_park_borrow(fl_runtime *rt)
{
    unsigned reach = fl_reach(rt), first = fl_near_first(&rt->near, FL_WAKE_HERE);
    for (unsigned i = 0; i < reach && fl_idle_sleepers(fl_idle_look(&rt->idle)); i++)
        if (borrow(rt->worker[(first + i) % reach]))
            return rt->worker[(first + i) % reach];
    return NULL;
}

void fl_park_return(fl_worker *worker)
{
    fl_runtime *rt = worker->rt;
    fl_count(worker, FL_PARKS, 1);
    fl_idle_search(&rt->idle);               /* BeginSearch */
    uint64_t was = fl_idle_sleep(&rt->idle); /* AnnounceSleep */
    bool more = fl_idle_searchers(was) == 1 ? last_look(worker, was)
                                            : fl_deque_size(&worker->ready) > 0; /* its own */
    if (more && fl_idle_retract(&rt->idle)) {
        fl_park_hand_back(worker); /* RetractSleep: its thread searches */
        return;
    }
    fl_turn(worker, FL_SLEEPING);
    park_again(worker);
}

void fl_park_lend(fl_worker *worker)
{
    filch_u32_exchange(&worker->park_word, FL_PARK_LENT, FILCH_SEQ_CST); /* LendWorker */
}

void fl_park_await(fl_worker *worker, unsigned patience)
{
    fl_spin spin = fl_spin_begin(patience);
    uint32_t park_word;
    while (fl_is_lent(park_word = filch_u32_load(&worker->park_word, FILCH_SEQ_CST))) /* HandBack */
        if (!fl_spin_on(&spin))
            fl_futex_wait_until(&worker->park_word, park_word, 0);
}

void fl_park_hand_back(fl_worker *worker)
{
    filch_u32_exchange(&worker->park_word, FL_PARK_AWAKE, FILCH_SEQ_CST); /* HandBack */
    fl_futex_wake(&worker->park_word, 1);
}
