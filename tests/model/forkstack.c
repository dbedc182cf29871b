/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The fork stack against thieves: fork and join inline and out of line, ask, hand-over, robbing,
 * withdrawal, taking back, flush. Real: sched/forkstack, runtime/core/{forkjoin,steal,execute},
 * a discipline of runtime/queue. Played here: suspension (a join that waits sleeps on a futex of its own;
 * its context is a plain word that whoever resumes it reads) and the ready deque (a list of words).
 *
 * The owner follows a script: F forks the next task, J joins the last one, W waits, as a fiber that
 * suspends for another reason: it flushes, runs what nobody else took, and goes on when all tasks
 * forked so far are done; P flushes and goes on at once; X panics. Claims: each task is run once, by
 * whoever has it, or, after a panic, at most once; the owner gets its result, or its failure; nobody
 * runs a task when the panic is over; the fork stack is empty in the end. */
#include <runtime/core/fence.h>
#include <runtime/core/panic.h>
#include <runtime/queue/queue.h>
#include <runtime/sync/lock.h>
#include <sched/abp.h>
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

/* The shape of a model. */
static struct shape {
    const char *script;
    unsigned attempts; /* of each thief */
    unsigned most;     /* tasks in a gift */
    enum fl_forkside side;
    const fl_discipline *queue; /* NULL: chase-lev, or on the side `outline` its control */
    bool robs;                  /* thieves do not ask */
    bool hands_out;             /* the script has a W or a P */
    bool waits;                 /* it has a W */
    bool fails;                 /* tasks panic when thieves run them */
    bool crowded; /* more workers than CPUs: who waits suspends, and spins not before */
    uint64_t tag; /* of top, at first */
} shape;
static unsigned runs[TASKS], forks;
static uint64_t forked[TASKS]; /* into each slot, the last */
static bool panicked;          /* the owner, and that is over */

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

void fl_wake_one(filch_runtime *of, unsigned near, fl_unless unless)
{
    (void)of, (void)near, (void)unless;
}

int fl_push_ready(fl_worker *by, void *item)
{
    (void)by;
    filch_slot *slot = fl_item_what(item);
    filch_ptr_store(&handed[slot - fl_first_slot(&region[OWNER].fiber.stack)], slot, FILCH_RELEASE);
    return 0;
}

/* Whatever lies in the ready deque; the slot's state says whether it is still to be had. */
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
    rt.discipline->flush(&worker[OWNER], &region[OWNER].fiber.stack);
}

static void do_wait(filch_self self)
{
    uint32_t all = (uint32_t)(self - fl_first_slot(&region[OWNER].fiber.stack));
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
    filch_self self = fl_first_slot(&region[OWNER].fiber.stack);
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
    fl_fence_heavy();
    *work = (fl_work){.kind = FL_WORK_SLOT, .count = 1};
    work->task = fl_forkstack_rob_take(stack, top, &work->slot);
    return work->task;
}

static void run_stolen(filch_self self, filch_slot *slot, const filch_task *stolen)
{
    MC_CLAIM(stolen == &task, "a thief is given what is no task");
    fl_run_slot(self, slot, stolen);
}

static void thieve(fl_worker *thief)
{
    filch_self self = fl_first_slot(&region[thief->index].fiber.stack);
    for (unsigned i = 0; i < shape.attempts; i++) {
        fl_work work;
        if (shape.hands_out && take_handed(self))
            continue;
        if (!(shape.robs ? rob(&work) : rt.discipline->take(thief, &work)))
            continue;
        if (work.kind == FL_WORK_SLOT)
            run_stolen(self, work.slot, work.task);
        for (unsigned j = 0; work.kind == FL_WORK_RANGE && j < work.count; j++)
            run_stolen(self, work.slot + j, work.slot[j].claimed);
    }
}

static void body(unsigned thread)
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

static void lay_out(struct shape chosen)
{
    shape = chosen;
    forks = 0;
    panicked = false;
    memset(runs, 0, sizeof runs);
    memset(resumed, 0, sizeof resumed);
    memset(handed, 0, sizeof handed);
    memset(&done, 0, sizeof done);
    fl_crew_init(&rt.crew, 2, 2); /* a thief asks one victim an attempt */
    mc_ignore(&rt.crew, sizeof rt.crew);
    statistics_setup();
    rt.worker = workers;
    rt.discipline = shape.queue                     ? shape.queue
                    : shape.side == FL_SIDE_OUTLINE ? &fl_discipline_chase_lev_outline
                                                    : &fl_discipline_chase_lev;
    enum fl_forkside side = shape.side ? shape.side : rt.discipline->side;
    rt.asymmetric = side != FL_SIDE_FENCED;
    rt.queue = memset(deques, 0, sizeof deques);
    locks_are_played = true;
    rt.cpus = shape.crowded ? 1 : 2;
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
        if (i != OWNER)
            mc_ignore(&region[i], sizeof region[i]);
    }
    filch_u64 *top = &region[OWNER].fiber.stack.front.top;
    filch_u64_store(top, (filch_u64_load(top, FILCH_RELAXED) & ~FL_TOP_TAG) | shape.tag,
                    FILCH_RELAXED);
    filch_ptr_store(&worker[OWNER].current, &region[OWNER].fiber.stack, FILCH_RELAXED);
    mc_ignore(&worker[OWNER].current, sizeof worker[OWNER].current);
    mc_ignore(&rt, sizeof rt);
    region[OWNER].fiber.context.sp = &region[OWNER].fiber;
    name_everything();
}

static void finish(void)
{
    fl_forkstack *stack = &region[OWNER].fiber.stack;
    for (unsigned i = 1; i <= forks; i++)
        MC_CLAIM(runs[i] || panicked, "a task is lost");
    uint64_t top = filch_u64_load(&stack->front.top, FILCH_RELAXED);
    MC_CLAIM(fl_top_index(top) == fl_slot_index(fl_first_slot(stack)),
             "top is not back at the first slot");
    MC_CLAIM(!filch_ptr_load(&stack->request, FILCH_RELAXED), "a request is left behind");
}

MC_SHAPE(FJ, .script = "FJ", .attempts = 1)
MC_SHAPE(FFJJ, .script = "FFJJ", .attempts = 1)
MC_SHAPE(FJFJ, .script = "FJFJ", .attempts = 1)
MC_SHAPE(FFJJ_tag, .script = "FFJJ", .attempts = 1, .tag = FL_TOP_TAG)
MC_SHAPE(FFJJ_twice, .script = "FFJJ", .attempts = 2)
MC_SHAPE(FJFJ_twice, .script = "FJFJ", .attempts = 2)
MC_SHAPE(FJFJ_robbed, .script = "FJFJ", .attempts = 1, .robs = true)
MC_SHAPE(FJ_full, .script = "FJ", .attempts = 1, .side = FL_SIDE_FENCED)
MC_SHAPE(FFJJ_full, .script = "FFJJ", .attempts = 2, .side = FL_SIDE_FENCED)
MC_SHAPE(FFFJJJ_full, .script = "FFFJJJ", .attempts = 2, .side = FL_SIDE_FENCED)
MC_SHAPE(FFJJ_outline, .script = "FFJJ", .attempts = 1, .side = FL_SIDE_OUTLINE)
MC_SHAPE(FFJFJJ_two, .script = "FFJFJJ", .attempts = 1)
MC_SHAPE(FPJ_none, .script = "FPJ", .attempts = 0)
MC_SHAPE(FPJ, .script = "FPJ", .attempts = 1, .hands_out = true)
MC_SHAPE(FWJ, .script = "FWJ", .attempts = 1, .hands_out = true, .waits = true)
MC_SHAPE(FFWJJ, .script = "FFWJJ", .attempts = 1, .hands_out = true, .waits = true)
MC_SHAPE(FX, .script = "FX", .attempts = 1)
MC_SHAPE(FFJX, .script = "FFJX", .attempts = 2)
MC_SHAPE(FFX_full, .script = "FFX", .attempts = 2, .side = FL_SIDE_FENCED)
MC_SHAPE(FPX, .script = "FPX", .attempts = 1, .hands_out = true)
MC_SHAPE(FJ_fails, .script = "FJ", .attempts = 1, .fails = true)
MC_SHAPE(FFJJ_fails, .script = "FFJJ", .attempts = 2, .fails = true)
#define QUEUE(name) .queue = &fl_discipline_##name
MC_SHAPE(FFJJ_the, .script = "FFJJ", .attempts = 2, QUEUE(the))
MC_SHAPE(FPJFJ_the, .script = "FPJFJ", .attempts = 1, .hands_out = true, .crowded = true,
         QUEUE(the))
MC_SHAPE(FFJJ_abp, .script = "FFJJ", .attempts = 2, .crowded = true, QUEUE(abp))
MC_SHAPE(FJFJ_abp, .script = "FJFJ", .attempts = 1, QUEUE(abp))
MC_SHAPE(FFFJJJ_abp, .script = "FFFJJJ", .attempts = 2, .hands_out = true, .crowded = true,
         QUEUE(abp))
MC_SHAPE(FFPJFJJ_abp, .script = "FFPJFJJ", .attempts = 1, .hands_out = true, .crowded = true,
         QUEUE(abp))
MC_SHAPE(FFJJ_split, .script = "FFJJ", .attempts = 2, .side = FL_SIDE_FENCED, QUEUE(private_split))
MC_SHAPE(FFFJJJ_split, .script = "FFFJJJ", .attempts = 2, .side = FL_SIDE_FENCED,
         QUEUE(private_split))
MC_SHAPE(FJFJ_split, .script = "FJFJ", .attempts = 1, .side = FL_SIDE_FENCED, QUEUE(private_split))
MC_SHAPE(FFFJFJJJ_split, .script = "FFFJFJJJ", .attempts = 3, QUEUE(private_split))
MC_SHAPE(FFPJJ_split, .script = "FFPJJ", .attempts = 1, .hands_out = true, .side = FL_SIDE_FENCED,
         QUEUE(private_split))
MC_SHAPE(FFJJ_request, .script = "FFJJ", .attempts = 1, QUEUE(private_request))
MC_SHAPE(FPJFJ_request, .script = "FPJFJ", .attempts = 1, .hands_out = true, QUEUE(private_request))
MC_SHAPE(FFFFFFJJJJJJ, .script = "FFFFFFJJJJJJ", .attempts = 1, .most = 4)
MC_SHAPE(FFJFFJJFJJ, .script = "FFJFFJJFJJ", .attempts = 3)

#define ONE .threads = {"owner", "thief"}
#define TWO .threads = {"owner", "thief", "thief 2"}
#define setup_FFJJ_two setup_FFJJ
#define setup_FJFJ_two setup_FJFJ
#define ROW(name, what, ...)                                                                       \
    {                                                                                              \
#name, what, .setup = setup_##name, .body = body, .finish = finish, __VA_ARGS__            \
    }

const mc_model mc_models[] = {
    ROW(FJ, "one task", ONE, .bound = 0),
    ROW(FFJJ, "two tasks", ONE, .bound = 0),
    ROW(FJFJ, "a slot used twice", ONE, .bound = 0),
    ROW(FFJJ_tag, "the tag wraps", ONE, .bound = 0),
    ROW(FFJJ_twice, "both tasks are stolen", ONE, .bound = 3),
    ROW(FJFJ_twice, "a slot is stolen twice", ONE, .bound = 3),
    ROW(FFJJ_two, "two thieves", TWO, .random = 100000),
    ROW(FJFJ_robbed, "the same without asking", TWO, .bound = 3),
    ROW(FJFJ_two, "a slot is stolen twice by two", TWO, .random = 20000),
    ROW(FFJFJJ_two, "a slot is used again while another is stolen", TWO, .random = 20000),
    ROW(FJ_full, "out of line, with full fences", ONE, .bound = 0),
    ROW(FFJJ_full, "out of line, both tasks are stolen", ONE, .bound = 2),
    ROW(FFFJJJ_full, "out of line, a join between two thefts", ONE, .bound = 2),
    ROW(FFJJ_outline, "out of line, without fences", ONE, .bound = 3),
    ROW(FPJ_none, "flushed, and joined before anybody takes it", ONE, .bound = 0),
    ROW(FPJ, "flushed, and joined while a thief takes it", ONE, .bound = 0),
    ROW(FWJ, "flushed, and waited for", ONE, .bound = 0),
    ROW(FFWJJ, "the same with two tasks", ONE, .bound = 3),
    ROW(FX, "a panic drops a task, or waits for who has stolen it", ONE, .bound = 0),
    ROW(FFJX, "the same after a join", ONE, .bound = 3),
    ROW(FFX_full, "the same out of line", ONE, .bound = 2),
    ROW(FPX, "the same with a task that was flushed", ONE, .bound = 0),
    ROW(FJ_fails, "a stolen task panics, and so does its joiner", ONE, .bound = 0),
    ROW(FFJJ_fails, "both are stolen, and panic", ONE, .bound = 3),
    ROW(FFJJ_the, "THE", ONE, .bound = 3),
    ROW(FPJFJ_the, "THE: flushed", ONE, .bound = 3),
    ROW(FFJJ_abp, "a bounded deque", ONE, .bound = 0),
    ROW(FJFJ_abp, "a bounded deque that is empty between, two thieves", TWO, .random = 20000),
    ROW(FFFJJJ_abp, "a bounded deque that is full", ONE, .bound = 2),
    ROW(FFPJFJJ_abp, "a bounded deque, flushed and filled again", ONE, .bound = 2),
    ROW(FFJJ_split, "a split deque; each fork exposes", ONE, .bound = 0),
    ROW(FFFJJJ_split, "the same: what is private again is exposed again", ONE, .bound = 2),
    ROW(FJFJ_split, "the same: a slot used twice, two thieves", TWO, .random = 20000),
    ROW(FFFJFJJJ_split, "a split deque that exposes when asked", ONE, .bound = 2),
    ROW(FFPJJ_split, "a split deque, flushed", ONE, .bound = 3),
    ROW(FFJJ_request, "a private deque", ONE, .bound = 0),
    ROW(FPJFJ_request, "a private deque, flushed", ONE, .bound = 3),
    ROW(FFFFFFJJJJJJ, "half of a loop is given at once", TWO, .random = 20000),
    ROW(FFJFFJJFJJ, "three attempts of two thieves", TWO, .random = 20000),
    {.name = NULL}};
