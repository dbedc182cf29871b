/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A fork stack whose memory is replaced while thieves may hold stale looks at it. Real:
 * sched/forkstack, runtime/engine/{forkjoin,steal,execute}, the sections of runtime/engine/fiber.h.
 * Played here: suspension (a join that waits sleeps on a futex), and the fibers' free list. The
 * owner forks and joins, hides its fork stack, and waits for a grace period. Then it clears the
 * memory and lays it out as for a new fiber, tags from 0, shows it again, forks and joins. Claims:
 * each task is run once, and the owner gets its result. */
#include <runtime/engine/find_work.h>
#include <runtime/engine/park.h>
#include <runtime/engine/run_work.h>
#include <runtime/engine/steal.h>
#include <runtime/engine/suspend.h>
#include <runtime/queue/queues.h>
#include <tests/model/system/statistics.h>
#include <tests/model/system/system.h>

#include <string.h>
#include <urcu-bp.h>

enum { OWNER = 0, THREADS = 3, LIVES = 2, MOST = 4 /* tasks */ };

static union region {
    fl_fiber fiber;
    char bytes[FILCH_REGION_SIZE];
} region[THREADS] __attribute__((aligned(FILCH_REGION_SIZE)));
static fl_worker worker[THREADS], *workers[THREADS];
static filch_runtime rt;
static filch_u32 resumed;
static unsigned runs[MOST], forks, attempts;

MC_UNCHECKED static void run_once(uint64_t number)
{
    MC_CLAIM(number < forks, "a task runs with the arguments of none");
    MC_CLAIM(!runs[number]++, "a task runs twice");
}

static void run_task(filch_self self, filch_slot *slot)
{
    (void)self;
    run_once(slot->args[0]);
    slot->args[1] = ~slot->args[0];
}

static const filch_task task = {run_task, "task"};

/* ---- Suspension ---- */

void fl_leave(fl_fiber *fiber, fl_action *action, void *arg)
{
    uint32_t before = filch_u32_load(&resumed, FILCH_RELAXED);
    action(&worker[OWNER], fiber, arg);
    while (filch_u32_load(&resumed, FILCH_ACQUIRE) == before)
        mc_futex_wait(&resumed, before, false, MC_HERE);
}

void fl_resume(filch_runtime *of, fl_fiber *fiber)
{
    (void)of, (void)fiber;
    filch_u32_add(&resumed, 1, FILCH_RELEASE);
    mc_futex_wake(&resumed, 1, MC_HERE);
}

void fl_wake_one(filch_runtime *of, fl_wake_hint hint, fl_unless unless)
{
    (void)of, (void)hint, (void)unless;
}

/* ---- The owner ---- */

static fl_forkstack *stack_of_owner(void)
{
    return &region[OWNER].fiber.stack;
}

MC_UNCHECKED static uint64_t next_task(void)
{
    return forks++;
}

static void fork_and_join(void)
{
    filch_slot *slot = fl_first_slot(stack_of_owner());
    uint64_t number = next_task();
    slot->args[0] = number;
    slot->args[1] = 0;
    filch_fork_inline(slot, &task);
    if (filch_join_inline(slot, &task))
        run_task(slot, slot);
    MC_CLAIM(slot->args[1] == ~number, "a join gets the result of another task, or none");
}

static void show(void *stack)
{
    filch_ptr_exchange(&worker[OWNER].current, stack, FILCH_SEQ_CST);
}

/* Zero pages, seen by everybody: the kernel's changes to them are ordered. */
static void clear(fl_forkstack *stack)
{
    filch_ptr_exchange(&stack->front.limit, NULL, FILCH_SEQ_CST);
    filch_u64_exchange(&stack->front.top, 0, FILCH_SEQ_CST);
    filch_ptr_exchange(&stack->request, NULL, FILCH_SEQ_CST);
    filch_ptr_exchange(&fl_first_slot(stack)->task, NULL, FILCH_SEQ_CST);
    filch_ptr_exchange(&fl_first_slot(stack)->state, NULL, FILCH_SEQ_CST);
}

static void own(void)
{
    fl_forkstack *stack = stack_of_owner();
    for (unsigned life = 0; life < LIVES; life++) {
        if (life) {
            urcu_bp_synchronize_rcu();
            clear(stack);
        }
        fl_forkstack_init(stack);
        fl_forkstack_issue(stack, FL_SIDE_INLINE);
        show(stack);
        fork_and_join();
        fl_forkstack_serve(stack, fl_first_slot(stack));
        show(NULL);
    }
}

/* ---- Thieves ---- */

static unsigned owner_alone(const fl_search *search)
{
    (void)search;
    return OWNER;
}

static const fl_policy policy = {"owner", "there is one victim", owner_alone};

static void body(unsigned thread)
{
    if (thread == OWNER) {
        own();
        return;
    }
    fl_work work;
    filch_self self = fl_first_slot(&region[thread].fiber.stack);
    for (unsigned i = 0; i < attempts; i++)
        if (fl_steal_forked(&worker[thread], &work)) {
            MC_CLAIM(work.task == &task, "a thief is given what is no task");
            fl_run_slot(self, work.slot, work.task);
        }
}

/* ---- Before and after ---- */

static void lay_out(unsigned tries)
{
    attempts = tries;
    forks = 0;
    memset(runs, 0, sizeof runs);
    memset(&resumed, 0, sizeof resumed);
    fl_worker_set_init(&rt.worker_set, 2, 2); /* a thief asks one victim an attempt */
    mc_ignore(&rt.worker_set, sizeof rt.worker_set);
    statistics_setup();
    rcu_setup(-1u & ~(1u << OWNER));
    rt.worker = workers;
    rt.queue = &fl_queue_chase_lev;
    rt.asymmetric = true;
    rt.cpus = 2;
    filch_ptr_store(&rt.policy, (void *)(uintptr_t)&policy, FILCH_RELAXED);
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = &worker[i];
        memset(&region[i], 0, FL_SLOTS_OFFSET + 2 * sizeof(filch_slot));
        memset(&worker[i].box, 0, sizeof worker[i].box);
        region[i].fiber.worker = &worker[i];
        worker[i].rt = &rt;
        worker[i].index = i;
        worker[i].profit.most = 1;
        statistics_ignore(&worker[i], false);
        if (i != OWNER)
            mc_ignore(&region[i], sizeof region[i]);
    }
    filch_ptr_store(&worker[OWNER].current, NULL, FILCH_RELAXED);
    mc_ignore(&rt, sizeof rt);
    name_slots(stack_of_owner(), "", 1);
    mc_name(&stack_of_owner()->front.limit, "limit");
    mc_name_word(&stack_of_owner()->front.top, "top", spell_top);
    mc_name(&stack_of_owner()->request, "request");
    mc_name(&worker[OWNER].current, "current");
    mc_name(&resumed, "resumed");
    mc_name(&task, "task");
    mc_name(&worker[1].box, "thief's box");
    mc_name(&worker[2].box, "thief 2's box");
}

static void setup_once(void)
{
    lay_out(1);
}

static void setup_twice(void)
{
    lay_out(2);
}

static void finish(void)
{
    statistics_reached(workers, THREADS);
    for (unsigned i = 0; i < forks; i++)
        MC_CLAIM(runs[i], "a task is lost");
}

#define ROW(name, what, ...)                                                                       \
    {                                                                                              \
#name, what, .body = body, .finish = finish, __VA_ARGS__                                   \
    }
#define ONE .threads = {"owner", "thief"}, .reaches = {"robs", "gifts", "missed_gone"}
#define TWO                                                                                        \
    .threads = {"owner", "thief", "thief 2"}, .reaches = {"robs", "missed_gone", "missed_busy"}

const mc_model mc_models[] = {
    ROW(renewed, "a look from before the memory was replaced", ONE, .setup = setup_once),
    ROW(renewed_twice, "the same with a second look", ONE, .setup = setup_twice, .bound = 3),
    ROW(renewed_two, "two thieves", TWO, .setup = setup_once, .random = 5000),
    {.name = NULL}};
