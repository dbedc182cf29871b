/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: first
 *
 * The fork stack against thieves: fork and join inline and out of line, ask, hand-over, forced
 * steal, withdrawal, taking back, flush. Real: sched/forkstack,
 * runtime/engine/{forkjoin,steal,execute}, a queue of runtime/queue. Played here: suspension (a
 * join that waits sleeps on a futex of its own; its context is a plain word that the resuming
 * thread reads) and the ready deque (a list of words). Help is played, too: a joiner looks once
 * where its task runs, and reads a plain word of that fiber.
 *
 * The owner follows a script. F forks the next task, J joins the last one. W waits, as a fiber that
 * suspends for another reason: it flushes, runs the tasks that nobody else took, and continues when
 * all tasks forked so far are done. P flushes and continues at once; X panics. Claims: each task is
 * run once, by the thread that has it, or, after a panic, at most once. The owner gets its result,
 * or its failure. Nobody runs a task when the panic is over, and the fork stack is empty in the
 * end. */
#include <runtime/engine/find_work.h>
#include <runtime/engine/help.h>
#include <runtime/engine/panic.h>
#include <runtime/engine/park.h>
#include <runtime/engine/run_work.h>
#include <runtime/engine/suspend.h>
#include <runtime/platform/fence.h>
#include <runtime/platform/lock.h>
#include <runtime/queue/queues.h>
#include <sched/abp.h>
#include <tests/model/forkstack.h>
#include <tests/model/system/statistics.h>
#include <tests/model/system/system.h>

#include <errno.h>
#include <string.h>

enum { TASKS = 16, HANDED = 6, OWNER = 0 };

static union region {
    fl_fiber fiber;
    filch_slot slots[1];
    char bytes[FILCH_REGION_SIZE];
} region[4] __attribute__((aligned(FILCH_REGION_SIZE)));
static fl_worker worker[4], *workers[4];
static fl_abp deques[4];
static filch_runtime rt;
static filch_u32 resumed[HANDED], done;
static filch_ptr handed[HANDED];

static struct shape shape;
static uint64_t tag_before;
static unsigned runs[TASKS], forks;
static uint64_t forked[TASKS]; /* into each slot, the last */
static bool panicked;          /* the owner, and that is over */
static unsigned made[4];       /* each thief's fiber, before it runs a task */

/* Of the owner: where the script begins. */
static filch_slot *first_slot(void)
{
    return fl_first_slot(&region[OWNER].fiber.stack) +
           (shape.at_end ? FL_SLOTS - FL_RESERVE - 1 : 0);
}

MC_UNCHECKED static void run_once(uint64_t number)
{
    MC_CLAIM(number > 0 && number <= forks, "a task runs with the arguments of none");
    MC_CLAIM(!runs[number]++, "a task runs twice");
    MC_CLAIM(!panicked, "a task runs after its owner's frames are gone");
}

static FILCH_NORETURN void fail(filch_self self, int code)
{
    fl_slot_put_failure(self, &(filch_failure){.code = code, .message = "."});
    fl_panic_from_slot(self);
}

static void run_task(filch_self self, filch_slot *slot)
{
    run_once(slot->args[0]);
    if (shape.fails && fl_fiber_of(self) != &region[OWNER].fiber)
        fail(self, -(int)slot->args[0]);
    slot->args[1] = ~slot->args[0];
    if (shape.waits) {
        filch_u32_add(&done, 1, FILCH_RELEASE);
        mc_futex_wake(&done, 1, MC_HERE);
    }
}

static const filch_task task = {run_task, "task"};

/* ---- Suspension and ready deque, as simple as can be ---- */

void fl_leave(fl_fiber *fiber, fl_action *action, void *arg)
{
    fiber->context.sp = NULL; /* saved */
    filch_u32 *word = &resumed[OWNER];
    MC_CLAIM(!fl_abp_size(&deques[OWNER]), "a fiber suspends above tasks that its worker holds");
    uint32_t before = filch_u32_load(word, FILCH_RELAXED);
    action(&worker[OWNER], fiber, arg);
    while (filch_u32_load(word, FILCH_ACQUIRE) == before)
        mc_futex_wait(word, before, false, MC_HERE);
    MC_CLAIM(fiber->context.sp == NULL, "a fiber is resumed twice");
    fiber->context.sp = fiber;
}

void fl_resume(filch_runtime *of, fl_fiber *fiber)
{
    (void)of;
    MC_CLAIM(fiber->context.sp == NULL, "a fiber is resumed before it is saved");
    filch_u32_add(&resumed[OWNER], 1, FILCH_RELEASE);
    mc_futex_wake(&resumed[OWNER], 1, MC_HERE);
}

void fl_wake_one(filch_runtime *of, fl_wake_hint hint, fl_unless unless)
{
    (void)of, (void)hint, (void)unless;
}

int fl_push_ready(fl_worker *by, void *item)
{
    (void)by;
    filch_slot *slot = fl_item_what(item);
    filch_ptr_store(&handed[slot - first_slot()], slot, FILCH_RELEASE);
    return 0;
}

/* Any word in the ready deque; the slot's state says whether it can still be taken. */
static bool take_handed(filch_self self)
{
    for (unsigned i = 0; i < HANDED; i++) {
        filch_slot *slot = filch_ptr_load(&handed[i], FILCH_ACQUIRE);
        if (slot && filch_ptr_exchange(&handed[i], NULL, FILCH_ACQ_REL) && fl_slot_take(slot)) {
            fl_run_slot(self, slot, slot->claimed);
            return true;
        }
    }
    return false;
}

bool fl_help(fl_fiber *fiber, filch_slot *slot, const fl_until *until)
{
    (void)fiber, (void)until;
    if (!shape.helps)
        return false;
    const fl_forkstack *stack = fl_slot_runs_on(slot);
    if (stack) {
        union region *where = (union region *)(uintptr_t)stack;
        MC_CLAIM(made[where - region], "a joiner sees a fork stack before it is made");
    }
    mc_reached(stack ? "a task that runs elsewhere" : "a task that runs nowhere");
    return fl_slot_done(slot);
}

/* ---- The owner ---- */

MC_UNCHECKED static uint64_t next_task(filch_self self)
{
    return forked[fl_slot_index(self) % TASKS] = ++forks;
}

MC_UNCHECKED static uint64_t task_of(const filch_slot *slot)
{
    return forked[fl_slot_index(slot) % TASKS];
}

static filch_self do_fork(filch_self self)
{
    uint64_t number = next_task(self);
    self->args[0] = number;
    self->args[1] = 0;
    return filch_fork_inline(self, &task);
}

static void do_join(filch_slot *slot)
{
    uint64_t number = task_of(slot);
    if (filch_join_inline(slot, &task))
        run_task(slot, slot);
    MC_CLAIM(slot->args[1] == ~number, "a join gets the result of another task, or none");
}

static void do_flush(void)
{
    rt.queue->flush(&worker[OWNER], &region[OWNER].fiber.stack);
}

static void do_wait(filch_self self)
{
    uint32_t all = (uint32_t)(self - first_slot());
    do_flush();
    while (take_handed(self))
        ;
    for (uint32_t now; (now = filch_u32_load(&done, FILCH_ACQUIRE)) < all;)
        mc_futex_wait(&done, now, false, MC_HERE);
}

static void follow(filch_self self, void *unused)
{
    (void)unused;
    for (const char *at = shape.script; *at; at++)
        switch (*at) {
        case 'F':
            self = do_fork(self);
            break;
        case 'J':
            do_join(--self);
            break;
        case 'P':
            do_flush();
            break;
        case 'X':
            fail(self, -ECANCELED);
        default:
            do_wait(self);
        }
}

MC_UNCHECKED static void note_panic(int code)
{
    panicked = true;
    MC_CLAIM(code == -ECANCELED || (shape.fails && code < 0 && runs[-code]),
             "a panic tells the failure of no task");
}

static void own(void)
{
    filch_failure failure;
    filch_self self = first_slot();
    if (!fl_catch(self, "script", follow, NULL, &failure))
        note_panic(failure.code);
    MC_CLAIM(!filch_ptr_load(&self->task, FILCH_RELAXED), "a fork is left behind");
    /* As a fiber that is switched away from: nobody is left without an answer. */
    fl_forkstack_serve(&region[OWNER].fiber.stack, self);
}

/* ---- Thieves ---- */

static unsigned owner_alone(const fl_search *search)
{
    (void)search;
    return OWNER;
}

static const fl_policy policy = {"owner", "there is one victim", owner_alone};

static bool rob(fl_work *work)
{
    uint64_t top;
    fl_forkstack *stack = &region[OWNER].fiber.stack;
    if (!fl_forkstack_rob_look(stack, &top))
        return false;
    if (rt.asymmetric)
        fl_fence_heavy();
    else
        filch_fence_seq_cst();
    *work = (fl_work){.kind = FL_WORK_SLOT, .count = 1};
    work->task = fl_forkstack_rob_take(stack, top, &work->slot);
    return work->task;
}

static void run_stolen(filch_self self, filch_slot *slot, const filch_task *stolen)
{
    MC_CLAIM(stolen == &task, "a thief is given what is no task");
    if (shape.helps)
        made[fl_fiber_of(self)->worker->index] = 1;
    fl_run_slot(self, slot, stolen);
}

static void thieve(fl_worker *thief)
{
    filch_self self = fl_first_slot(&region[thief->index].fiber.stack);
    for (unsigned i = 0; i < shape.attempts; i++) {
        fl_work work;
        if (shape.hands_out && take_handed(self))
            continue;
        if (!(shape.robs ? rob(&work) : rt.queue->take(thief, &work)))
            continue;
        if (work.kind == FL_WORK_SLOT)
            run_stolen(self, work.slot, work.task);
        for (unsigned j = 0; work.kind == FL_WORK_RANGE && j < work.count; j++)
            run_stolen(self, work.slot + j, work.slot[j].claimed);
    }
}

void body(unsigned thread)
{
    if (thread == OWNER)
        own();
    else
        thieve(&worker[thread]);
}

/* ---- Before and after ---- */

static void name_everything(void)
{
    fl_forkstack *stack = &region[OWNER].fiber.stack;
    name_slots(stack, "", 6);
    mc_name(&stack->front.limit, "limit");
    mc_name_word(&stack->front.top, "top", spell_top);
    mc_name(&stack->request, "request");
    mc_name(&stack->tail, "tail");
    mc_name(&stack->lock, "lock");
    mc_name(&deques[OWNER], "deque");
    mc_name(&task, "task");
    mc_name(&region[OWNER].fiber, "the fiber");
    mc_name(&done, "tasks done");
    mc_name(&resumed[OWNER], "resumed");
    mc_name(&worker[1].box, "thief's box");
    mc_name(&worker[2].box, "thief 2's box");
}

void lay_out(struct shape chosen)
{
    shape = chosen;
    forks = 0;
    panicked = false;
    memset(runs, 0, sizeof runs);
    memset(made, 0, sizeof made);
    memset(resumed, 0, sizeof resumed);
    memset(handed, 0, sizeof handed);
    memset(&done, 0, sizeof done);
    fl_worker_set_init(&rt.worker_set, 2, 2); /* a thief asks one victim an attempt */
    mc_ignore(&rt.worker_set, sizeof rt.worker_set);
    statistics_setup();
    rt.worker = workers;
    rt.queue = shape.queue                     ? shape.queue
               : shape.side == FL_SIDE_OUTLINE ? &fl_queue_chase_lev_outline
                                               : &fl_queue_chase_lev;
    enum fl_forkside side = shape.side ? shape.side : rt.queue->side;
    rt.asymmetric = side != FL_SIDE_FENCED;
    rt.queue_state = memset(deques, 0, sizeof deques);
    for (unsigned i = 0; i < sizeof deques / sizeof deques[0]; i++)
        fl_abp_init(&deques[i]);
    locks_are_played = true;
    rt.cpus = shape.crowded ? 1 : 2;
    rt.fpmode = fl_fpmode_now();
    rt.settings.wait = shape.helps ? FL_WAIT_HELP_OWN : FL_WAIT_SUSPEND;
    filch_ptr_store(&rt.policy, (void *)(uintptr_t)&policy, FILCH_RELAXED);
    for (unsigned i = 0; i < 4; i++) {
        workers[i] = &worker[i];
        memset(&region[i], 0, FL_SLOTS_OFFSET + 8 * sizeof(filch_slot));
        fl_forkstack_init(&region[i].fiber.stack);
        fl_forkstack_issue(&region[i].fiber.stack, side);
        region[i].fiber.worker = &worker[i];
        memset(&worker[i].box, 0, sizeof worker[i].box);
        worker[i].rt = &rt;
        worker[i].index = i;
        worker[i].profit.most = shape.most ? shape.most : 1;
        statistics_ignore(&worker[i], false);
        mc_own(i, &worker[i], sizeof worker[i]);
        mc_own(i, &region[i], sizeof region[i]);
        mc_own(i, &deques[i], sizeof deques[i]);
        if (i != OWNER)
            mc_ignore(&region[i], sizeof region[i]);
    }
    filch_u64 *top = &region[OWNER].fiber.stack.front.top;
    filch_u64_store(top,
                    (filch_u64_load(top, FILCH_RELAXED) & (FL_TOP_FLAGS | FL_TOP_TAG)) |
                        fl_slot_index(first_slot()) << 47 | shape.tag,
                    FILCH_RELAXED);
    tag_before = filch_u64_load(top, FILCH_RELAXED) & FL_TOP_TAG;
    if (shape.at_end)
        memset(first_slot(), 0, 6 * sizeof(filch_slot));
    filch_ptr_store(&worker[OWNER].current, &region[OWNER].fiber.stack, FILCH_RELAXED);
    mc_ignore(&worker[OWNER].current, sizeof worker[OWNER].current);
    mc_ignore(&rt, sizeof rt);
    region[OWNER].fiber.context.sp = &region[OWNER].fiber;
    name_everything();
}

void finish(void)
{
    fl_forkstack *stack = &region[OWNER].fiber.stack;
    for (unsigned i = 1; i <= forks; i++)
        MC_CLAIM(runs[i] || panicked, "a task is lost");
    uint64_t top = filch_u64_load(&stack->front.top, FILCH_RELAXED);
    MC_CLAIM(fl_top_index(top) == fl_slot_index(first_slot()), "top is not back at the first slot");
    MC_CLAIM(!filch_ptr_load(&stack->request, FILCH_RELAXED), "a request is left behind");
    const filch_ptr *beyond = (const filch_ptr *)(const void *)deques[OWNER].apart2;
    MC_CLAIM(!filch_ptr_load(beyond, FILCH_RELAXED), "a bounded deque holds more than its room");
    if ((top & FL_TOP_TAG) != tag_before)
        mc_reached("a conflict at the tag");
    statistics_reached(workers, 3);
}
