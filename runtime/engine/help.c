/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/engine/help.h>

#include <runtime/engine/fiber.h>
#include <runtime/engine/find_work.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/observe/waiting_list.h>
#include <runtime/engine/park.h>
#include <runtime/engine/run_work.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/statistics.h>
#include <runtime/engine/steal.h>
#include <runtime/engine/suspend.h>
#include <runtime/engine/threads.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/futex.h>
#include <runtime/platform/spin.h>
#include <runtime/platform/switch/fpmode.h>
#include <sched/deque.h>
#include <sched/forkstack.h>
#include <sched/idle.h>
#include <sched/mode.h>
#include <sched/profit.h>
#include <sched/times.h>

enum {
    SPIN = 20000,      /* ns of unsuccessful tries before it suspends, */
    TRIES_CROWDED = 2, /* or their number where workers outnumber CPUs */
    GLANCES = 2, /* at a helper's word between two tries, each of which takes some cache misses */
    NAP = 50000, /* ns between two tries of a join that cannot suspend */
    SHORT_NAPS = 20 /* unsuccessful naps before the join counts as waiting */
};

/* How joins of that fiber wait. A guest cannot leave its stack, so its joins help where others
 * would suspend. */
static enum fl_wait_mode mode_of(const fl_fiber *fiber)
{
    enum fl_wait_mode wait = fiber->worker->rt->settings.wait;
    return wait == FL_WAIT_SUSPEND && fiber->stack.followed ? FL_WAIT_HELP_OWN : wait;
}

static bool has_room(const fl_fiber *fiber, const filch_slot *slot)
{
    const char *here = __builtin_frame_address(0);
    size_t left = (size_t)(here - (const char *)fiber->shadow.low);
    fl_forkstack *stack = fl_forkstack_of((filch_slot *)(uintptr_t)slot);
    return left > fiber->shadow.size / 4 * 3 && slot < fl_first_slot(stack) + FL_SLOTS / 4;
}

/* Is there work that only the worker's loop, or another worker, can do? */
static bool is_for_loop(fl_worker *worker)
{
    return fl_surplus(worker) || fl_stay_offers(worker) || fl_deque_size(&worker->ready) > 0 ||
           !fl_inbox_empty(&worker->rt->inbox);
}

/* So is a due find. */
static bool is_wanted_elsewhere(fl_worker *worker)
{
    return is_for_loop(worker) || fl_others_turn(worker);
}

/* Is it better to suspend? A guest cannot: its thread would have to be woken, and so would the
 * worker's. Ready work there is for others, and they were woken for it. */
static bool has_better_to_do(const fl_fiber *fiber)
{
    fl_worker *worker = fiber->worker;
    return !fl_fiber_guest(fiber) &&
           (is_wanted_elsewhere(worker) || !fl_profit_allows(&worker->profit));
}

/* The fork stack on which the slot's task runs, if it has tasks; NULL: none. In a look: while the slot says so, that fiber
 * is not idle. */
static fl_forkstack *offering(const filch_slot *slot)
{
    fl_forkstack *stack = fl_slot_runs_on(slot);
    return stack && fl_forkstack_offers(stack) ? stack : NULL;
}

static bool find_own(fl_worker *worker, const filch_slot *slot, fl_work *work)
{
    fl_look_begin();
    fl_forkstack *stack = offering(slot);
    bool found = stack && fl_steal_stack(worker, stack, work);
    fl_look_end();
    return found;
}

/* The tasks that were taken become ready for all. Their owners may wait for them already. In a seat, only this worker reads
 * its ready deque, and it may do so late. So the slots are offered, and their owners can take the tasks back. */
static void hand_on(fl_worker *worker, const fl_work *work)
{
    uint32_t count = work->kind == FL_WORK_RANGE ? work->count : 1;
    const bool offers = !work->offered && worker->rt->seats;
    if (!work->offered) /* else its owner may have taken it back */
        work->slot->claimed = work->task;
    if (offers)
        fl_slot_offer(work->slot);
    for (uint32_t i = 0; i < count; i++)
        if (fl_push_ready(worker, fl_item(work->offered || offers ? FL_ITEM_SLOT : FL_ITEM_STOLEN,
                                          work->slot + i)))
            filch_die("no memory to keep a forked task; free some");
}

/* Other tasks of the thief may have to wait for frames below the join. If the joined task is not
 * done after the theft, it ran there all the time, so the stolen one is its descendant. */
static bool find_descendant(fl_worker *worker, const filch_slot *slot, fl_work *work)
{
    if (!find_own(worker, slot, work))
        return false;
    if (!fl_slot_done(slot))
        return true;
    hand_on(worker, work);
    return false;
}

static bool find(const fl_fiber *fiber, const filch_slot *slot, fl_work *work)
{
    fl_worker *worker = fiber->worker;
    if (mode_of(fiber) == FL_WAIT_HELP_ANY)
        return worker->rt->queue->take(worker, work);
    return fl_fiber_guest(fiber) ? find_descendant(worker, slot, work)
                                 : find_own(worker, slot, work);
}

/* The other task must not see the state of the fiber's own work item. */
static void run_on_top(fl_fiber *fiber, filch_self self, const fl_work *work)
{
    const fl_running below = fiber->running;
    const fl_fpmode fpmode = fl_fpmode_now();
    fl_fpmode_set(fiber->worker->rt->fpmode);
    fiber->running.child = NULL;
    fiber->running.pooled = NULL;
    fiber->running.ends_with = (fl_ends_with){0};
    fiber->running.on_runner = false;
    fl_run_forked(self, work);
    fiber->running = below;
    fl_fpmode_set(fpmode);
}

typedef struct patience {
    fl_spin spin, yields; /* the second one is the longer one, if there is one */
    unsigned tries;
} patience;

/* Both: ns. spin: 0: the usual time. */
static patience patience_begin(const fl_runtime *rt, unsigned spin, unsigned yields)
{
    const unsigned usual = !fl_may_spin(rt) ? 0 : spin ? spin : SPIN;
    return (patience){.spin = fl_spin_begin(usual),
                      .yields = fl_spin_begin(usual && yields ? usual + yields : 0),
                      .tries = TRIES_CROWDED};
}

/* After an unsuccessful try. false: no more of them. */
static bool goes_on(patience *left)
{
    if (fl_spin_on(&left->spin))
        return true;
    if (fl_spin_on(&left->yields)) {
        fl_yield();
        return true;
    }
    if (left->spin.most || !--left->tries)
        return false;
    fl_yield();
    return true;
}

/* until: NULL, or ends the wait as well. */
static bool is_over(const filch_slot *slot, const fl_until *until)
{
    return fl_slot_settles(slot) || (until && fl_until_over(until));
}

/* true: it is over. */
static bool help_while_patient(fl_fiber *fiber, filch_slot *slot, const fl_until *until,
                               patience left)
{
    fl_runtime *rt = fiber->worker->rt;
    while (has_room(fiber, slot)) {
        fl_worker *worker = fiber->worker; /* may be another one after each task */
        fl_work work;
        if (is_over(slot, until))
            return true;
        if (has_better_to_do(fiber))
            return false;
        if (find(fiber, slot, &work)) {
            fl_count(worker, FL_HELPS, 1);
            fl_tick(worker);
            run_on_top(fiber, slot + 1, &work);
            left = patience_begin(rt, 0, 0);
        } else if (!goes_on(&left)) {
            break;
        }
    }
    return is_over(slot, until);
}

/* Tasks of others go on top of the caller's. */
static void help_with(fl_fiber *fiber, filch_self self, const fl_work *work)
{
    fl_count(fiber->worker, FL_HELPS, 1);
    fl_tick(fiber->worker);
    run_on_top(fiber, self, work);
    fiber->worker->gift_ended = 0;
}

/* In a seat nobody else runs what joins have put into its ready deque. */
static bool take_handed_on(fl_worker *worker, fl_work *work)
{
    void *item = worker->rt->seats ? fl_deque_pop(&worker->ready) : NULL;
    return item && fl_work_from_item(work, item);
}

/* Another join may wait for one of these, so a join in a seat runs them before it naps. */
static bool help_handed_on(fl_fiber *fiber, filch_self self)
{
    fl_work work;
    bool taken = take_handed_on(fiber->worker, &work);
    if (taken)
        help_with(fiber, self, &work);
    return taken;
}

/* ---- Waiting, as reports and the detector of deadlocks see it ---- */

/* A guest that sleeps is a waiting thread, and no visitor, like one between its turns. It may be
 * one again: its fiber counts as waiting until then, and holds up the end. */
static void stop(fl_fiber *fiber, const char *call, const void *object)
{
    fl_count_suspended(fiber->worker, 1);
    fl_fiber_waits_in(fiber, call, object);
    fl_fiber_stops(fiber);
    if (!fl_fiber_guest(fiber))
        return;
    filch_u32_add(&fiber->worker->rt->inbox.visitors, (uint32_t)-1, FILCH_RELEASE); /* LeaveVisit */
    fl_thread_waits();
}

static void go_on(fl_fiber *fiber)
{
    if (fl_fiber_guest(fiber)) {
        fl_thread_told();
        filch_u32_add(&fiber->worker->rt->inbox.visitors, 1,
                      FILCH_RELAXED); /* EndSearch shows it */
    }
    filch_u32_store(&fiber->suspended, 0, FILCH_RELAXED); /* FiberArrives */
    filch_fence_seq_cst();                                /* FiberArrives */
    fl_fiber_goes_on(fiber);
    fl_count_suspended(fiber->worker, -(uint64_t)1);
}

void fl_seat_waits(fl_fiber *fiber, const char *call, const void *object,
                   bool (*may_block)(const void *by), const void *by)
{
    fiber->may_block = may_block;
    fiber->blocked_by = by;
    stop(fiber, call, object);
    filch_u32_add(&fiber->worker->rt->seats_waiting, 1, FILCH_SEQ_CST); /* the detector's */
    fl_suspect();
}

void fl_seat_goes_on(fl_fiber *fiber)
{
    filch_u32_add(&fiber->worker->rt->seats_waiting, (uint32_t)-1, FILCH_SEQ_CST); /* as above */
    go_on(fiber);
    fiber->may_block = NULL; /* reports have ended (FiberArrives) */
}

/* ---- Joins ---- */

typedef struct join {
    const filch_slot *slot;
    const fl_until *until;
} join;

static bool join_may_block(const void *by)
{
    const join *one = by;
    return !is_over(one->slot, one->until);
}

/* A look, without effects. */
static bool may_help(fl_fiber *fiber, const filch_slot *slot)
{
    fl_worker *worker = fiber->worker;
    if (fl_deque_size(&worker->ready) > 0)
        return true;
    if (mode_of(fiber) == FL_WAIT_HELP_ANY)
        return fl_work_anywhere(worker->rt);
    fl_look_begin();
    bool offers = offering(slot);
    fl_look_end();
    return offers;
}

static void wait_long(fl_fiber *fiber, const filch_slot *slot, const fl_until *until)
{
    const join one = {slot, until};
    fl_seat_waits(fiber, "a join of its tasks", NULL, join_may_block, &one);
    do
        fl_futex_nap(NAP);
    while (join_may_block(&one) && !may_help(fiber, slot));
    fl_seat_goes_on(fiber);
}

/* Until it is over. */
static void help_in_seat(fl_fiber *fiber, filch_slot *slot, const fl_until *until)
{
    unsigned naps = 0;
    do {
        if (help_handed_on(fiber, slot + 1))
            naps = 0;
        else if (naps++ < SHORT_NAPS)
            fl_futex_nap(NAP);
        else
            wait_long(fiber, slot, until);
    } while (!help_while_patient(fiber, slot, until, (patience){.tries = 1}));
}

bool fl_help(fl_fiber *fiber, filch_slot *slot, const fl_until *until)
{
    fl_runtime *rt = fiber->worker->rt;
    if (mode_of(fiber) == FL_WAIT_SUSPEND)
        return false;
    bool over = help_while_patient(fiber, slot, until, patience_begin(rt, 0, rt->join_yields));
    if (!over && FILCH_UNLIKELY(rt->seats)) {
        help_in_seat(fiber, slot, until);
        over = true;
    }
    return over;
}

/* ---- Until a word changes ---- */

/* As a waiting fiber, and a sleeping worker. */
static void rest(fl_fiber *fiber, int64_t nap, const fl_until *until)
{
    stop(fiber, until->call ? until->call : "filch_help_until", until->word);
    if (until->at)
        fl_outside_expected(1); /* its time comes */
    fl_sleep_helping(fiber->worker, nap, until);
    if (until->at)
        fl_outside_expected(-1);
    go_on(fiber);
}

/* A forked task; or an item that only the worker's loop can run, which goes to its ready deque.
 * That is empty, so it has room. */
static bool find_more(fl_worker *worker, fl_work *work)
{
    if (worker->rt->queue->take(worker, work))
        return true;
    void *item = fl_steal_item(worker);
    if (item)
        fl_deque_push(&worker->ready, item);
    return false;
}

/* Its spinning found nothing: a search, as that of the worker's loop. */
static void search_and_help(fl_fiber *fiber, filch_self self, const fl_until *until)
{
    fl_worker *worker = fiber->worker;
    fl_work work = {0};
    int64_t nap = fl_profit_nap(&worker->profit);
    fl_idle_search(&worker->rt->idle); /* BeginSearch */
    fl_turn(worker, FL_SEARCHING);
    bool found = !nap && find_more(worker, &work);
    if (!found && !is_for_loop(worker)) {
        rest(fiber, nap, until);
        found = find_more(worker, &work);
    }
    fl_found(worker, found && work.gift); /* EndSearch */
    fl_turn(worker, FL_WORKING);
    if (found)
        help_with(fiber, self, &work);
}

bool fl_help_until(fl_fiber *fiber, filch_self self, const fl_until *until)
{
    patience left = patience_begin(fiber->worker->rt, until->spin, until->yields);
    while (!fl_until_ended(until)) {
        fl_worker *worker = fiber->worker; /* may be another one after each task */
        fl_work work;
        if (take_handed_on(worker, &work)) {
            help_with(fiber, self, &work);
            continue;
        }
        if (is_for_loop(worker) || !fl_forkstack_empty(self) || !has_room(fiber, self))
            return false;
        if (fl_profit_allows(&worker->profit) && worker->rt->queue->take(worker, &work))
            help_with(fiber, self, &work);
        else if (goes_on(&left)) {
            for (int i = 0; i < GLANCES && !fl_until_over(until); i++)
                fl_pause();
            continue;
        } else
            search_and_help(fiber, self, until);
        left = patience_begin(fiber->worker->rt, until->spin, until->yields);
    }
    return true;
}
