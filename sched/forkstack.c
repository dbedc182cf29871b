/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <sched/forkstack.h>

#include <sched/assert.h>
#include <sched/request.h>
#include <sched/start.h>

#define ANSWERED ((uint64_t)1 << 63)
#define OFFERED ((uint64_t)1 << 62)

static uint64_t conflict(uint64_t top, uint64_t index)
{
    return (top & FL_TOP_FLAGS) | index << 47 | ((top + 1) & FL_TOP_TAG);
}

void fl_forkstack_init(fl_forkstack *stack)
{
    stack->rearm = fl_excess_slot(stack) + 1;
    filch_ptr_store(&stack->front.limit, stack->rearm, FILCH_RELAXED); /* both: not yet shared */
    filch_u64_store(&stack->front.top, filch_position(fl_first_slot(stack)), FILCH_RELAXED);
}

void fl_forkstack_issue(fl_forkstack *stack, enum fl_forkside side)
{
    static const uint64_t bases[] = {
        [FL_SIDE_INLINE] = 0, [FL_SIDE_FENCED] = FL_TOP_ASKED, [FL_SIDE_OUTLINE] = FL_TOP_OUTLINE};
    /* Queues out of line may keep something else in the tag's place
     * (runtime/queue/private_split.c). */
    uint64_t tag = side == FL_SIDE_INLINE ? FL_START(47) : 0;
    void *rearm[] = {[FL_SIDE_INLINE] = fl_excess_slot(stack) + 1,
                     [FL_SIDE_FENCED] = NULL,
                     [FL_SIDE_OUTLINE] = fl_first_slot(stack)};
    stack->rearm = rearm[side];
    stack->base = bases[side];
    fl_forkstack_rearm(stack);
    uint64_t top = filch_u64_load(&stack->front.top, FILCH_RELAXED); /* only the owner lowers it */
    while (!filch_u64_cas(&stack->front.top, &top,                   /* RetakeTop */
                          stack->base | (conflict(top + tag, fl_top_index(top)) & ~FL_TOP_FLAGS),
                          FILCH_SEQ_CST))
        ;
}

void fl_forkstack_rearm(fl_forkstack *stack)
{
    /* RearmLimit: an exchange, not a store: a poke that it overwrites has happened before
     * the following steps (docs/internals/idle.md). */
    filch_ptr_exchange(&stack->front.limit, stack->rearm, FILCH_ACQ_REL);
}

static void answer(fl_mailbox *box, uint64_t what)
{
    filch_u64_store(&box->reply, ANSWERED | what, FILCH_RELEASE); /* AnswerRequest */
}

/* Tasks were given. Those of a gift of many begin one after another, and the owner's joins may come
 * first. */
static void hand_over(fl_forkstack *stack, fl_mailbox *box, uint64_t count, uint64_t index)
{
    bool offered = stack->followed && count > 1;
    box->task = fl_slot_at(stack, index)->claimed;
    for (uint64_t i = 0; offered && i < count; i++)
        fl_slot_offer(fl_slot_at(stack, index + i));
    answer(box, (offered ? OFFERED : 0) | count << 16 | index);
}

void fl_forkstack_show(fl_forkstack *stack, uint64_t from, uint64_t end)
{
    for (filch_slot *slot = fl_slot_at(stack, from); from < end; from++, slot++)
        slot->claimed =
            (const filch_task *)filch_ptr_load(&slot->task, FILCH_RELAXED); /* owner's own */
}

/* Copies the tasks before raising top: a join erases `task`, and after the CAS the slots are the
 * thief's. */
static bool give(fl_forkstack *stack, uint64_t *top, uint64_t count)
{
    fl_forkstack_show(stack, fl_top_index(*top), fl_top_index(*top) + count);
    return filch_u64_cas(&stack->front.top, top, *top + FL_TOP_ONE * count,
                         FILCH_SEQ_CST); /* AnswerRequest */
}

void fl_forkstack_serve(fl_forkstack *stack, const filch_slot *end)
{
    if (!filch_ptr_load(&stack->request,
                        FILCH_RELAXED)) /* a request that is missed is met next time */
        return;
    fl_mailbox *box =
        (fl_mailbox *)filch_ptr_exchange(&stack->request, NULL, FILCH_ACQ_REL); /* TakeRequest */
    if (!box)
        return;
    uint64_t past = fl_slot_index(end);
    uint64_t top = filch_u64_load(&stack->front.top, FILCH_RELAXED); /* the CAS decides */
    for (;;) {
        uint64_t index = fl_top_index(top);
        if (index >= past) {
            answer(box, 0);
            return;
        }
        uint64_t count = fl_request_gift(past - index, box->half, box->most);
        if (give(stack, &top, count)) {
            hand_over(stack, box, count, index);
            return;
        }
    }
}

static void set_top(fl_forkstack *stack, uint64_t index)
{
    uint64_t top = filch_u64_load(&stack->front.top, FILCH_RELAXED); /* the CAS decides */
    while (!filch_u64_cas(&stack->front.top, &top, conflict(top, index),
                          FILCH_SEQ_CST)) /* RetakeTop */
        ;                                 /* a thief may set ASKED in between */
}

/* The new tag makes robbers fail that have found it set. If one was faster, the next join heeds it. */
static void heed(fl_forkstack *stack, uint64_t top)
{
    filch_u64_cas(&stack->front.top, &top, conflict(top, fl_top_index(top)) & ~FL_TOP_ASKED,
                  FILCH_SEQ_CST); /* RearmLimit */
}

enum fl_settled fl_forkstack_settle(fl_forkstack *stack, filch_slot *slot)
{
    /* A look: a request that is missed is met in the next join. */
    uint64_t top = filch_u64_load(&stack->front.top, FILCH_RELAXED);
    if (top & FL_TOP_ASKED) {
        /* Clear first, then serve: a thief that asks in between sets ASKED again. */
        if (!(stack->base & FL_TOP_ASKED))
            heed(stack, top);
        fl_forkstack_serve(stack,
                           slot); /* never the slot that is being joined: its task is erased */
    }
    if (stack->base & FL_TOP_ASKED)
        filch_fence_seq_cst(); /* JoinerFence, of a fenced fiber: its robbers use no heavy fence */
    top = filch_u64_load(&stack->front.top, FILCH_RELAXED); /* ReadTop */
    uint64_t index = fl_slot_index(slot);
    /* Out of line with fences, or a robber was faster than RearmLimit: another may be about to
     * take it. */
    while ((top & FL_TOP_ASKED) && fl_top_index(top) == index)
        if (filch_u64_cas(&stack->front.top, &top, conflict(top, index),
                          FILCH_SEQ_CST)) /* RetakeTop */
            return FL_KEPT;               /* every robber that looked before fails */
    if (fl_top_index(top) <= index)
        return FL_KEPT;
    if (!fl_slot_reclaim(slot))
        return FL_STOLEN;
    set_top(stack, index); /* flushed, and not yet taken */
    return FL_KEPT;
}

void fl_forkstack_take_back(fl_forkstack *stack, filch_slot *slot)
{
    filch_ptr_store(&slot->state, NULL,
                    FILCH_RELAXED); /* published by the next fork's PublishTask */
    set_top(stack, fl_slot_index(slot));
}

void fl_forkstack_close(fl_forkstack *stack)
{
    set_top(stack, fl_slot_index(fl_last_slot(stack)));
}

bool fl_forkstack_closed(fl_forkstack *stack)
{
    uint64_t top = filch_u64_load(&stack->front.top, FILCH_RELAXED); /* only its owner closes it */
    return fl_top_index(top) >=
           fl_slot_index(fl_last_slot(stack)); /* more: a look of THE's thieves */
}

static uint64_t count_unjoined(fl_forkstack *stack, uint64_t top)
{
    filch_slot *first = fl_slot_at(stack, fl_top_index(top));
    uint64_t count = 0;
    while (filch_ptr_load(&first[count].task, FILCH_RELAXED)) /* the owner's own stores */
        count++;
    return count;
}

void fl_forkstack_flush(fl_forkstack *stack, void (*hand)(void *, filch_slot *), void *context)
{
    uint64_t top = filch_u64_load(&stack->front.top, FILCH_RELAXED); /* the CAS decides */
    uint64_t count;
    do {
        count = count_unjoined(stack, top);
        if (!count)
            return;
    } while (!give(stack, &top, count));
    filch_slot *first = fl_slot_at(stack, fl_top_index(top));
    for (uint64_t i = 0; i < count; i++) {
        fl_slot_offer(first + i);
        hand(context, first + i);
    }
}

bool fl_forkstack_offers(fl_forkstack *stack)
{
    uint64_t top = filch_u64_load(&stack->front.top, FILCH_RELAXED); /* both: a look */
    return filch_ptr_load(&fl_slot_at(stack, fl_top_index(top))->task, FILCH_RELAXED) != NULL;
}

void fl_forkstack_call(fl_forkstack *stack)
{
    filch_ptr_exchange(&stack->front.limit, NULL, FILCH_ACQ_REL); /* PokeOwner */
}

static bool holds_task(fl_forkstack *stack, uint64_t index)
{
    return index < fl_slot_index(fl_last_slot(stack)) &&
           filch_ptr_load(&fl_slot_at(stack, index)->task, FILCH_RELAXED); /* a look */
}

unsigned fl_forkstack_length(fl_forkstack *stack)
{
    uint64_t top = fl_top_index(filch_u64_load(&stack->front.top, FILCH_RELAXED)); /* a look */
    unsigned length = 0;
    for (unsigned next = 1; holds_task(stack, top + next - 1); next *= 2)
        length = next;
    return length;
}

enum fl_asked fl_forkstack_ask(fl_forkstack *stack, fl_mailbox *box)
{
    if (filch_ptr_load(&stack->request, FILCH_RELAXED)) /* a look */
        return FL_ASK_BUSY;
    filch_u64_store(&box->reply, 0, FILCH_RELAXED); /* published by AskOwner */
    void *none = NULL;
    if (!filch_ptr_cas(&stack->request, &none, box, FILCH_ACQ_REL)) /* AskOwner */
        return FL_ASK_BUSY;
    void *limit = filch_ptr_exchange(&stack->front.limit, NULL, FILCH_ACQ_REL);  /* PokeOwner */
    uint64_t top = filch_u64_or(&stack->front.top, FL_TOP_ASKED, FILCH_ACQ_REL); /* PokeOwner */
    return !limit && (top & FL_TOP_ASKED) ? FL_ASK_SILENT : FL_ASK_LEFT;
}

bool fl_forkstack_withdraw(fl_forkstack *stack, fl_mailbox *box)
{
    void *mine = box;
    return filch_ptr_cas(&stack->request, &mine, NULL, FILCH_ACQ_REL); /* WithdrawRequest */
}

bool fl_mailbox_answered(fl_forkstack *stack, fl_mailbox *box, fl_gift *gift)
{
    uint64_t reply = filch_u64_load(&box->reply, FILCH_ACQUIRE); /* ReadReply */
    if (!reply)
        return false;
    gift->first = fl_slot_at(stack, reply & 0xffff);
    gift->count = (uint32_t)((reply & ~(ANSWERED | OFFERED)) >> 16);
    gift->offered = reply & OFFERED;
    gift->task = box->task;
    return true;
}

bool fl_forkstack_rob_look(fl_forkstack *stack, uint64_t *top)
{
    *top = filch_u64_load(&stack->front.top, FILCH_ACQUIRE); /* MarkAsked */
    /* relaxed: tells only whether going on pays; rob_take loads it again */
    if (!filch_ptr_load(&fl_slot_at(stack, fl_top_index(*top))->task, FILCH_RELAXED))
        return false;
    if (!(*top & FL_TOP_ASKED) &&
        !filch_u64_cas(&stack->front.top, top, *top | FL_TOP_ASKED, FILCH_SEQ_CST)) /* MarkAsked */
        return false;
    *top |= FL_TOP_ASKED;
    return true;
}

const filch_task *fl_forkstack_rob_take(fl_forkstack *stack, uint64_t top, filch_slot **slot)
{
    filch_slot *oldest = fl_slot_at(stack, fl_top_index(top));
    const filch_task *task =
        (const filch_task *)filch_ptr_load(&oldest->task, FILCH_ACQUIRE); /* RobberFence */
    if (!task ||
        !filch_u64_cas(&stack->front.top, &top, top + FL_TOP_ONE, FILCH_SEQ_CST)) /* RobTop */
        return NULL;
    *slot = oldest;
    return task;
}

static bool claim(filch_slot *slot, void *next)
{
    void *state = FL_STATE_OFFERED;
    return filch_ptr_cas(&slot->state, &state, next, FILCH_ACQ_REL); /* TakeOffer */
}

void fl_slot_offer(filch_slot *slot)
{
    FL_ASSERT(!filch_ptr_load(&slot->state, FILCH_RELAXED)); /* no other thread knows of it */
    filch_ptr_store(&slot->state, FL_STATE_OFFERED, FILCH_RELEASE); /* OfferTask */
}

bool fl_slot_take(filch_slot *slot)
{
    return claim(slot, FL_STATE_TAKEN);
}

bool fl_slot_reclaim(filch_slot *slot)
{
    return claim(slot, NULL);
}

static bool says_where(const void *state)
{
    return state > FL_STATE_LOWEST_WAITER && (uintptr_t)state & FL_STATE_RUNS;
}

void fl_slot_begin(filch_slot *slot, fl_forkstack *stack)
{
    void *state = filch_ptr_load(&slot->state, FILCH_RELAXED); /* the CAS decides */
    if (state < FL_STATE_LOWEST_WAITER) /* else a joiner waits, and needs no hint */
        filch_ptr_cas(&slot->state, &state, (char *)stack + FL_STATE_RUNS,
                      FILCH_ACQ_REL); /* BeginTask */
}

fl_forkstack *fl_slot_runs_on(const filch_slot *slot)
{
    char *state = filch_ptr_load(&slot->state, FILCH_ACQUIRE); /* ReadRunner */
    return says_where(state) ? (fl_forkstack *)(void *)(state - FL_STATE_RUNS) : NULL;
}

static bool ended(const void *state)
{
    return state >= FL_STATE_LOWEST_WAITER &&
           (uintptr_t)state & (FL_STATE_DONE | FL_STATE_PANICKED);
}

static void *end_as(filch_slot *slot, void *state)
{
    void *was = filch_ptr_exchange(&slot->state, state, FILCH_ACQ_REL); /* FinishTask */
    FL_ASSERT(!ended(was) && was != FL_STATE_OFFERED);
    return was >= FL_STATE_LOWEST_WAITER && !says_where(was) ? was : NULL;
}

_Static_assert(_Alignof(filch_task) >= 8, "a task's address has room for DONE and PANICKED");

static void *ended_as(const filch_task *task, uintptr_t how)
{
    return (void *)((uintptr_t)task | how);
}

void *fl_slot_finish(filch_slot *slot, const filch_task *task)
{
    return end_as(slot, ended_as(task, FL_STATE_DONE));
}

void *fl_slot_fail(filch_slot *slot, const filch_task *task)
{
    return end_as(slot, ended_as(task, FL_STATE_PANICKED));
}

bool fl_slot_done(const filch_slot *slot)
{
    return ended(filch_ptr_load(&slot->state, FILCH_ACQUIRE)); /* ReadResult */
}

bool fl_slot_settles(const filch_slot *slot)
{
    const void *state = filch_ptr_load(&slot->state, FILCH_ACQUIRE); /* ReadResult */
    return ended(state) || state == FL_STATE_OFFERED;
}

bool fl_slot_failed(const filch_slot *slot)
{
    void *state = filch_ptr_load(&slot->state, FILCH_RELAXED); /* it was seen done */
    return (uintptr_t)state & FL_STATE_PANICKED;
}

const filch_task *fl_slot_ran(const filch_slot *slot)
{
    void *state = filch_ptr_load(&slot->state, FILCH_RELAXED); /* it was seen done */
    return (const filch_task *)((uintptr_t)state & ~(FL_STATE_DONE | FL_STATE_PANICKED));
}

bool fl_slot_await(filch_slot *slot, void *waiter)
{
    void *state = filch_ptr_load(&slot->state, FILCH_RELAXED); /* the CAS decides */
    while (!ended(state))
        if (filch_ptr_cas(&slot->state, &state, waiter, FILCH_ACQ_REL)) /* AwaitResult */
            return true;
    return false;
}
