/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The fork stack: a Chase-Lev deque (Chase, Lev: Dynamic circular work-stealing deque, SPAA 2005)
 * whose bottom lives in the owner's register, whose slots publish themselves, and whose owner
 * hands out tasks on request. The inline half is <filch/fork.h>. One per fiber; the owner is the
 * worker that runs the fiber, thieves are all other workers.
 *
 * top = (ASKED: 1 bit, OUTLINE: 1, index: 15, tag: 47): the oldest slot that is still the owner's.
 * The slots from there to the first whose task is NULL hold forked, unjoined, unstolen tasks.
 * Only these operations change top:
 *   raise by m (rob, give, flush)                w + ONE * m
 *   conflict won by the owner, taking back       (w & flags) | index << 47 | (tag + 1)
 *   a thief asks, or is about to rob             w | ASKED
 *   the owner heeds that                         as a conflict, without ASKED
 * so a thief's CAS fails if the owner has decided anything at that index since the thief looked. A
 * robber sets ASKED before its fence, and its CAS expects it there. So the owner that does not find ASKED
 * in a join has the task, also if it is the oldest, and needs no CAS for it. If it finds ASKED, it takes
 * the slow path, where a new tag makes the robber fail, unless it was faster.
 * A tag of 47 bits does not wrap within a look. It is incremented under a mask and never carries
 * into the index. Inline, it starts at FL_START(47).
 *
 * A thief asks first. It leaves its mailbox in `request` and sends the owner to its slow path:
 * limit NULL (next fork), ASKED (next join). The thread that exchanges `request` to NULL answers
 * that mailbox exactly once. A thief that gets no answer in time withdraws its mailbox by CAS and
 * robs: look, heavy fence, look again, CAS on top.
 *
 * Edges (PublishTask, ReadLimit, EraseTask, ReadTop are those of <filch/fork.h>; LastScan is
 * a step of sched/idle.h):
 *   AskOwner: CAS request NULL -> mailbox, acq_rel  -> TakeRequest: exchange request -> NULL,
 *                                                      acq_rel; it sees `most`, `half`
 *   AnswerRequest: CAS top, seq_cst; reply,         -> ReadReply, thief: load reply, acquire; it
 *      release                                         sees claimed and the arguments
 *   PokeOwner: exchange limit -> NULL, acq_rel; or  -> RearmLimit: exchange limit -> end,
 *      ASKED into top, acq_rel                         acq_rel; and CAS ASKED out of top,
 *                                                      seq_cst; it sees AskOwner
 *   WithdrawRequest: CAS request mailbox -> NULL,   |  TakeRequest: one of the two has the
 *      acq_rel                                         mailbox
 *   MarkAsked: load top, acquire; CAS ASKED into    <- RetakeTop, RobTop, AnswerRequest,
 *      it, seq_cst, unless it is there                 RearmLimit, every CAS on top; it sees the
 *                                                      slot of an index taken back
 *   RobberFence: heavy fence (seq_cst fence, where  <- PublishTask; and MarkAsked against
 *      its owner is out of line); load task,           EraseTask, ReadTop: the robber sees the
 *      acquire                                         empty slot, or the joiner ASKED
 *   RobTop: CAS top, seq_cst                        |  RobTop, RetakeTop, AnswerRequest,
 *                                                      RearmLimit: of two thieves, or of thief
 *                                                      and owner, one wins an index
 *   RetakeTop, take back: CAS top, seq_cst; the     -> MarkAsked; RobTop and AnswerRequest of
 *      tag                                             older looks fail
 *   JoinerFence: join out of line: seq_cst fence    |  RobberFence with its seq_cst fence; one
 *      from EraseTask to ReadTop                       of the two sees the other
 *   FinishTask: exchange state -> task and DONE     -> ReadResult, join: load state, acquire; it
 *      (PANICKED), acq_rel                             sees the result, or the failure
 *   AwaitResult: CAS state -> waiter, acq_rel       -> FinishTask: the finisher sees a saved
 *                                                      fiber
 *   BeginTask: CAS state NULL, TAKEN -> where it    -> ReadRunner, joiner that helps: load
 *      runs, acq_rel                                   state, acquire; it sees the fork stack
 *   OfferTask: store state OFFERED, release         -> TakeOffer: CAS OFFERED -> TAKEN, acq_rel;
 *                                                      it sees claimed and the arguments
 * FinishTask is the finisher's last touch of the slot: from then on it is the owner's.
 * No feature may write `top` or use it as a mailbox, and none may add a test to the inline path.
 * To get the owner's attention, set `limit` to NULL or set ASKED.
 *
 * A fiber is issued to one of three sides (enum fl_forkside), and stays there:
 *   inline   rearm: past the first slot of the reserve; base: nothing. It takes its slow paths only
 *            when it is called.
 *   outline  rearm: the first slot, which lies below every self; base OUTLINE, which lies above
 *            every position. So each fork and join takes the slow path; limit and ASKED tell there,
 *            as they do inline, whether the owner was called. No fence either: thieves take a heavy
 *            one.
 *   fenced   rearm NULL, base ASKED: each fork and join takes the slow path, and fences. (Queues
 *            outside the fork stacks are here, and do the fences themselves.) */
#ifndef FL_FORKSTACK_H
#define FL_FORKSTACK_H

#include <filch/fork.h>

#include <stdbool.h>

#define FL_TOP_ASKED ((uint64_t)1 << 63)
#define FL_TOP_OUTLINE ((uint64_t)1 << 62)
#define FL_TOP_FLAGS (FL_TOP_ASKED | FL_TOP_OUTLINE)
#define FL_TOP_ONE ((uint64_t)1 << 47)
#define FL_TOP_TAG (FL_TOP_ONE - 1)

/* The header's bytes before the first slot. They also hold the fiber's own fields, and in their last
 * 64 bytes an empty slot, which a join without a fork reads. */
#define FL_SLOTS_OFFSET ((uintptr_t)704)
/* Bytes of a region up to its last slot. The guard and the C stack lie below them, mostly in the
 * preceding regions (runtime/platform/memory/arena.h). */
#ifdef FILCH_TINY
#define FL_FORKSTACK_END FILCH_REGION_SIZE
#else
#define FL_FORKSTACK_END (FILCH_REGION_SIZE / 8 * 5)
#endif
/* Bytes for header and slots. */
#define FL_FORKSTACK_SIZE (FL_FORKSTACK_END - FILCH_HEADER_AT)
/* Unjoined forks a fiber has room for; the last slot always stays empty. */
#define FL_SLOTS ((FL_FORKSTACK_SIZE - FL_SLOTS_OFFSET) / sizeof(filch_slot) - 1)
/* The last FL_RESERVE of them are the reserve, for excess forks (runtime/engine/fork_join.h), which
 * moves FL_ASIDE slots of it to the heap at a time. */
#ifdef FILCH_TINY
enum { FL_RESERVE = 48, FL_ASIDE = 6 };
#else
enum { FL_RESERVE = 160, FL_ASIDE = 40 };
#endif

/* A gift is half of the tasks if there are more than this many: no recursion is that deep, so it is
 * a loop. */
#ifdef FILCH_TINY
#define FL_HALF_FROM 4
#else
#define FL_HALF_FROM 64
#endif

/* A thief's: where an owner answers. One request at a time; `most` and `half` are written only
 * before asking. */
#define FL_GIFT_MOST 0xffffu
typedef struct fl_mailbox {
    filch_u64
        reply; /* 0: not yet; else ANSWERED | OFFERED | count << 16 | index of the first slot */
    const filch_task *task; /* of the first slot, for reports: its owner may have taken it back */
    uint32_t most;          /* tasks that a gift may have, 1 .. FL_GIFT_MOST */
    bool half;              /* half of a shallow stack as well (sched/mode.h) */
} fl_mailbox;

typedef struct fl_forkstack {
    filch_forkstack front; /* limit and top, each on lines of its own */
    filch_ptr request;     /* fl_mailbox * of the thief that asks, or NULL */
    void *rearm;           /* rearming sets limit to this; depends on the side */
    uint64_t base;         /* flags that are always set in top; depends on the side */
    bool followed;         /* its owner's joins help: thieves record where they run its tasks, and
                              gifts of many are offered, so that it can take back the rest */
    filch_u64 tail;        /* of runtime/queue/the.c: past the newest task, an index; */
    filch_u32 lock;        /* its thieves', and its owner's where they meet */
} fl_forkstack;

/* Values of a slot's state:
 *   NULL                   the owner's, or a thief's that has not finished
 *   OFFERED                lies in a queue; the thread that changes this by CAS has the task (the
 *                          owner may, too)
 *   TAKEN                  by a thread that found it in a queue
 *   task + DONE            the task that ran. It is stored since a join erases the slot's `task`,
 *                          and `claimed` may be unset
 *   task + PANICKED        the same; a failure is in the place of the result
 *   a waiter               waits for the result
 *   fork stack + RUNS      wait mode help-own, no waiter yet: where the task runs */
#define FL_STATE_OFFERED ((void *)2)
#define FL_STATE_TAKEN ((void *)3)
#define FL_STATE_LOWEST_WAITER ((void *)8)
#define FL_STATE_RUNS ((uintptr_t)1)     /* beside a fork stack's address */
#define FL_STATE_DONE ((uintptr_t)2)     /* beside a task's address */
#define FL_STATE_PANICKED ((uintptr_t)4) /* the same */

typedef struct fl_gift {
    filch_slot *first;
    uint32_t count;         /* 0: the owner had nothing to give */
    bool offered;           /* each slot must be taken (TakeOffer) before it is run */
    const filch_task *task; /* of the first slot */
} fl_gift;

/* Which forks and joins of a fiber take the slow paths: INLINE: those that are called for. OUTLINE:
 * all. FENCED: all, and the owner fences in each. */
enum fl_forkside { FL_SIDE_INLINE, FL_SIDE_FENCED, FL_SIDE_OUTLINE };
enum fl_settled { FL_KEPT, FL_STOLEN };
enum fl_asked {
    FL_ASK_BUSY,  /* another thief's request is there */
    FL_ASK_LEFT,  /* the mailbox lies there; watch it */
    FL_ASK_SILENT /* it lies there, but the owner has not answered since it was last poked */
};

static inline uint64_t fl_top_index(uint64_t top)
{
    return (top & (FL_TOP_OUTLINE - 1)) >> 47;
}

static inline uint64_t fl_slot_index(const filch_slot *slot)
{
    return fl_top_index(filch_position(slot));
}

static inline filch_slot *fl_slot_at(fl_forkstack *stack, uint64_t index)
{
    return (filch_slot *)((char *)stack - FILCH_HEADER_AT) + index;
}

static inline filch_slot *fl_first_slot(fl_forkstack *stack)
{
    return (filch_slot *)((char *)stack + FL_SLOTS_OFFSET);
}

static inline filch_slot *fl_last_slot(fl_forkstack *stack)
{
    return fl_first_slot(stack) + FL_SLOTS;
}

/* The first slot of the reserve. */
static inline filch_slot *fl_excess_slot(fl_forkstack *stack)
{
    return fl_last_slot(stack) - FL_RESERVE;
}

static inline fl_forkstack *fl_forkstack_of(filch_slot *slot)
{
    return (fl_forkstack *)filch_forkstack_of(slot);
}

/* ---- Owner ---- */

/* Once, when the region is made; all zero bytes before. */
void fl_forkstack_init(fl_forkstack *stack);
/* Before a fiber is given to a worker: chooses its side. Its stack is empty; thieves may hold stale
 * looks. */
void fl_forkstack_issue(fl_forkstack *stack, enum fl_forkside side);
/* Slow fork, first step: ends the call, so the following forks are inline again. */
void fl_forkstack_rearm(fl_forkstack *stack);
/* Takes a waiting request, if any, and answers it from the slots before `end`. */
void fl_forkstack_serve(fl_forkstack *stack, const filch_slot *end);
/* Slow join: is the task in `slot` still the owner's, or stolen? */
enum fl_settled fl_forkstack_settle(fl_forkstack *stack, filch_slot *slot);
/* Once a stolen task's result is here: the slot is the owner's again. */
void fl_forkstack_take_back(fl_forkstack *stack, filch_slot *slot);
/* Before a suspension that is not a join: takes all unjoined tasks as a thief would and hands each
 * slot, oldest first, to give(context, slot), which puts it into a queue. The slots are offered:
 * a worker that takes one finishes it as a thief does; a join reclaims a slot that is not taken. */
void fl_forkstack_flush(fl_forkstack *stack, void (*give)(void *, filch_slot *), void *context);

/* After a flush: raises top to the last slot, so thieves can take nothing before it. Joins take the
 * slow path until the join of a flushed slot lowers top. */
void fl_forkstack_close(fl_forkstack *stack);
bool fl_forkstack_closed(fl_forkstack *stack);

/* Copies the tasks of slots from .. end - 1, which only the caller uses, for thieves to read. */
void fl_forkstack_show(fl_forkstack *stack, uint64_t from, uint64_t end);

/* Was the owner called since it last re-armed? Always true on the side `fenced`. */
static inline bool fl_forkstack_called(const fl_forkstack *stack)
{
    return !filch_ptr_load(&stack->front.limit,
                           FILCH_RELAXED); /* ReadLimit, loaded again; or a look */
}

/* Does a thief wait for an answer, or, outline, for the tasks that a called owner shows? */
static inline bool fl_forkstack_requested(const fl_forkstack *stack)
{
    return filch_ptr_load(&stack->request,
                          FILCH_RELAXED) || /* a look; a missed thief asks again or robs */
           ((stack->base & FL_TOP_OUTLINE) && fl_forkstack_called(stack));
}

/* Can thieves take nothing before self? They may be taking the last task meanwhile. */
static inline bool fl_forkstack_empty(filch_slot *self)
{
    return fl_top_index(filch_u64_load(&filch_forkstack_of(self)->top, FILCH_RELAXED)) >=
           fl_slot_index(self); /* a guess: one fork too many or too late is no error */
}

/* ---- Thief ---- */

/* A cheap look without fences: is there a task? It may be out of date. */
bool fl_forkstack_offers(fl_forkstack *stack);
/* About how many tasks, rounded down to a power of two; 0: none. Reads one slot per
 * bit of the result. */
unsigned fl_forkstack_length(fl_forkstack *stack);
/* Sends the owner's next fork to its slow path; on the side `outline`, marks it as called. */
void fl_forkstack_call(fl_forkstack *stack);
enum fl_asked fl_forkstack_ask(fl_forkstack *stack, fl_mailbox *box);
/* true: the mailbox was withdrawn, no answer will come. false: the answer is on its way. */
bool fl_forkstack_withdraw(fl_forkstack *stack, fl_mailbox *box);
bool fl_mailbox_answered(fl_forkstack *stack, fl_mailbox *box, fl_gift *gift);
/* Robbing is rob_look, a heavy fence, rob_take. NULL: no task, or another thread was faster. */
bool fl_forkstack_rob_look(fl_forkstack *stack, uint64_t *top);
const filch_task *fl_forkstack_rob_take(fl_forkstack *stack, uint64_t top, filch_slot **slot);

/* ---- A stolen slot's state ---- */

/* Owner, with the task in slot->claimed: from now on a queue may hold the slot's address. */
void fl_slot_offer(filch_slot *slot);
/* A worker that found the address in a queue. false: it is out of date, another has the task. */
bool fl_slot_take(filch_slot *slot);
/* Owner: takes it back before another worker has taken it. */
bool fl_slot_reclaim(filch_slot *slot);

/* Thief, before it runs the slot: on which fork stack. */
void fl_slot_begin(filch_slot *slot, fl_forkstack *stack);
/* Joiner: on which fork stack the task runs, or ran; NULL: not recorded. */
fl_forkstack *fl_slot_runs_on(const filch_slot *slot);

/* Finisher: publishes the result of the task that it ran; returns the waiter, or NULL. The slot
 * must not be touched afterwards. */
void *fl_slot_finish(filch_slot *slot, const filch_task *task);
/* The same for a task that has panicked: its failure is in the place of the result. */
void *fl_slot_fail(filch_slot *slot, const filch_task *task);
/* Joiner: is the result here, or the failure? */
bool fl_slot_done(const filch_slot *slot);
/* Joiner: is it here, or does the slot lie in a queue? A helper in a seat may put it there (runtime/engine/help.c). */
bool fl_slot_settles(const filch_slot *slot);
/* Joiner, when it is done: has it panicked? */
bool fl_slot_failed(const filch_slot *slot);
/* Joiner, when it is done: which task ran? */
const filch_task *fl_slot_ran(const filch_slot *slot);
/* Joiner, once it can be resumed: leaves `waiter` for the finisher. false: it is done already. */
bool fl_slot_await(filch_slot *slot, void *waiter);

#endif
