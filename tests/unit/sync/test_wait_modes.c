/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Wait modes: a join that helps runs other tasks on its own fiber, and its fiber does not stop; one
 * that suspends has them run on another. Each task tells on which fiber it ran. */
#include <runtime/engine/worker.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static const char *const waits[] = {"suspend", "help-any", "help-own"};
enum { SUSPEND, HELP_ANY, HELP_OWN, WAITS };

/* In turn, so that each round tries everybody. */
static filch_runtime *runtime_with(unsigned wait, unsigned workers)
{
    return mode_runtime((filch_config){
        .wait = waits[wait], .workers = workers, .policy = "round-robin", .max_fibers = 1000});
}

/* ---- A stolen task whose own fork only the joining worker can take ---- */

enum how { RETURNS, PANICS, SLEEPS, STARTS };

static struct {
    signpost forked, ran;
    fl_fiber *parents, *grandchilds;
    unsigned arrivals; /* at the parent's fiber before its join, */
    unsigned stops;    /* stops of that fiber in the join, */
    unsigned before;   /* those before the grandchild began on it, */
    uint64_t helps;    /* and tasks that were run in joins meanwhile */
    enum how how;
    bool kept;   /* the parent's fiber and its root were unchanged */
    bool hidden; /* the grandchild saw nothing of the child, job, context and runner of its fiber */
} seen;

static void meanwhile(enum how how)
{
    if (how == SLEEPS)
        filch_sleep(1000);
    if (how == PANICS) {
        signpost_raise(&seen.ran);
        FILCH_PANIC(-EBADMSG, "a grandchild's");
    }
}

FILCH_TASK(int, grandchild, (int, value))
{
    int sum = value;
    fl_fiber *here = seen.grandchilds = fl_fiber_here();
    if (here == seen.parents)
        seen.before = here->arrivals - seen.arrivals;
    seen.hidden = !here->running.child && !here->running.pooled &&
                  !here->running.ends_with.context && !here->running.on_runner;
    if (seen.how == STARTS)
        sum += (int)fib(self, 10) - 55;
    meanwhile(seen.how);
    signpost_raise(&seen.ran);
    return sum;
}

FILCH_TASK(int, child, (int, value))
{
    FILCH_FORK(grandchild, value);
    signpost_raise(&seen.forked);
    signpost_wait(&seen.ran, 1); /* silent: its fork is taken from it */
    FILCH_JOIN(int result, grandchild);
    return result;
}

FILCH_TASK(int, parent, (int, value))
{
    fl_fiber *here = seen.parents = fl_fiber_here();
    const filch_task *root = here->running.root;
    FILCH_FORK(child, value);
    signpost_wait(&seen.forked, 1);
    seen.arrivals = here->arrivals;
    FILCH_JOIN(int result, child);
    seen.stops = here->arrivals - seen.arrivals;
    seen.helps = mode_stats(filch_runtime_here()).helps;
    seen.kept = fl_fiber_here() == here && here->running.root == root;
    return result;
}

static void forget(enum how how)
{
    memset(&seen, 0, sizeof seen);
    seen.how = how;
}

/* Has the parent's fiber run the grandchild? In the helping modes it need not: a join leaves due
 * finds to the worker's loop, and suspends after some unsuccessful attempts. */
static bool family(unsigned wait, enum how how)
{
    filch_runtime *rt = runtime_with(wait, 2);
    forget(how);
    cr_assert_eq(FILCH_RUN(rt, parent, 42), 42);
    cr_assert(seen.kept, "%s", waits[wait]);
    OK(filch_runtime_destroy(rt));
    return seen.grandchilds == seen.parents;
}

enum { TIMES = 200 };

/* Mode `suspend` never helps, so it has few attempts; the other modes help in one of many. */
static unsigned times_for(unsigned wait)
{
    return wait == SUSPEND ? 2 : TIMES;
}

static void families(unsigned wait, enum how how)
{
    bool helped = false;
    for (unsigned i = 0; i < times_for(wait) && !helped; i++)
        helped = family(wait, how);
    cr_assert_eq(helped, wait != SUSPEND, "%s", waits[wait]);
}

Test(wait_modes, suspending_join_stops_without_helping)
{
    families(SUSPEND, RETURNS);
    cr_assert_eq(seen.helps, 0);
    cr_assert_gt(seen.stops, 0);
}

/* The grandchild begins on its fiber before any stop. Afterwards it waits for its child's end, and
 * suspends if that takes long, as it does where others have the processor. */
Test(wait_modes, helping_join_does_not_stop_first)
{
    for (unsigned wait = HELP_ANY; wait <= HELP_OWN; wait++) {
        families(wait, RETURNS);
        cr_assert_eq(seen.before, 0, "%s", waits[wait]);
        cr_assert_eq(seen.helps, 1, "%s", waits[wait]);
    }
}

Test(wait_modes, helped_task_may_fork_and_suspend)
{
    for (unsigned wait = SUSPEND; wait < WAITS; wait++) {
        families(wait, STARTS);
        families(wait, SLEEPS);
    }
}

static void run_parent(filch_self self, void *unused)
{
    parent(self, 42);
}

FILCH_TASK(int, tries, (int, unused))
{
    int rc = filch_try(self, run_parent, NULL, NULL);
    return rc ? rc : fib(self, 10) == 55;
}

static bool panic_helps(unsigned wait)
{
    filch_runtime *rt = runtime_with(wait, 2);
    forget(PANICS);
    cr_assert_eq(FILCH_RUN(rt, tries, 0), -EBADMSG);
    bool helped = seen.grandchilds == seen.parents;
    cr_assert_eq(FILCH_RUN(rt, fib, 12), serial_fib(12));
    OK(filch_runtime_destroy(rt));
    return helped;
}

Test(wait_modes, panic_of_helped_task_reaches_joiner)
{
    for (unsigned wait = SUSPEND; wait < WAITS; wait++) {
        bool helped = false;
        for (unsigned i = 0; i < times_for(wait) && !helped; i++)
            helped = panic_helps(wait);
        cr_assert_eq(helped, wait != SUSPEND, "%s", waits[wait]);
    }
}

static filch_context *no_context(void *unused)
{
    return NULL;
}

/* The fiber of a child of a scope, or of a job, as far as it shows. */
FILCH_TASK(int, adopted_parent, (int, value))
{
    static char scopes, pools; /* addresses only */
    fl_fiber *here = fl_fiber_here();
    here->running.child = (void *)&scopes;
    here->running.pooled = (void *)&pools;
    here->running.ends_with.context = no_context;
    here->running.on_runner = true;
    int result = parent(self, value);
    seen.kept = seen.kept && here->running.child == (void *)&scopes &&
                here->running.pooled == (void *)&pools &&
                here->running.ends_with.context == no_context && here->running.on_runner;
    here->running.child = NULL;
    here->running.pooled = NULL;
    here->running.ends_with.context = NULL;
    here->running.on_runner = false;
    return result;
}

static bool adopted_helps(unsigned wait)
{
    filch_runtime *rt = runtime_with(wait, 2);
    forget(RETURNS);
    cr_assert_eq(FILCH_RUN(rt, adopted_parent, 42), 42);
    cr_assert(seen.kept, "%s", waits[wait]);
    cr_assert(seen.hidden, "%s", waits[wait]);
    OK(filch_runtime_destroy(rt));
    return seen.grandchilds == seen.parents;
}

Test(wait_modes, helped_task_sees_nothing_of_helper)
{
    for (unsigned wait = HELP_ANY; wait <= HELP_OWN; wait++) {
        bool helped = false;
        for (unsigned i = 0; i < times_for(wait) && !helped; i++)
            helped = adopted_helps(wait);
        cr_assert(helped, "%s", waits[wait]);
    }
}

/* ---- The tasks it helps ---- */

static signpost child_begun, stranger_forked, stranger_ran;
static fl_fiber *strangers;

FILCH_TASK(int, stranger, (int, value))
{
    strangers = fl_fiber_here();
    signpost_raise(&stranger_ran);
    return value;
}

/* On a worker of its own, and silent. */
static void be_strange(filch_self self, void *unused)
{
    signpost_raise(&child_begun);
    signpost_wait(&child_begun, 2);
    FILCH_FORK(stranger, 1);
    signpost_raise(&stranger_forked);
    signpost_wait(&stranger_ran, 1);
    FILCH_JOIN(int result, stranger);
    (void)result;
}

FILCH_TASK(int, waits_for_a_stranger, (int, value))
{
    signpost_raise(&child_begun);
    signpost_wait(&stranger_ran, 1);
    return value;
}

FILCH_TASK(int, joins_beside_a_stranger, (int, value))
{
    seen.parents = fl_fiber_here();
    FILCH_FORK(waits_for_a_stranger, value);
    signpost_wait(&stranger_forked, 1);
    FILCH_JOIN(int result, waits_for_a_stranger);
    return result;
}

static bool helps_a_stranger(unsigned wait)
{
    filch_runtime *rt = runtime_with(wait, 3);
    filch_u32_store(&child_begun, 0, FILCH_SEQ_CST);
    filch_u32_store(&stranger_forked, 0, FILCH_SEQ_CST);
    filch_u32_store(&stranger_ran, 0, FILCH_SEQ_CST);
    OK(filch_go(rt, be_strange, NULL));
    signpost_wait(&child_begun, 1);
    cr_assert_eq(FILCH_RUN(rt, joins_beside_a_stranger, 7), 7);
    OK(filch_runtime_destroy(rt));
    return strangers == seen.parents;
}

Test(wait_modes, only_any_mode_helps_strangers)
{
    for (unsigned wait = SUSPEND; wait < WAITS; wait++) {
        bool helped = false;
        for (unsigned i = 0; i < (wait == HELP_ANY ? TIMES : 2) && !helped; i++)
            helped = helps_a_stranger(wait);
        cr_assert_eq(helped, wait == HELP_ANY, "%s", waits[wait]);
    }
}

Test(wait_modes, a_central_queue_helps_with_anything)
{
    for (unsigned i = 0; i < MODE_SIZES; i++) {
        filch_runtime *rt = mode_runtime((filch_config){.wait = "help-any",
                                                        .queue = "central-mutex",
                                                        .workers = config_workers[i]});
        cr_assert_eq(FILCH_RUN(rt, fib, 16), serial_fib(16));
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- Room ---- */

enum { STACK = 256 << 10, FRAME = 4 << 10 };

/* The same family when so many bytes of the stack are in use below `top`, which is NULL at
 * first. */
FILCH_TASK(int, deep_parent, (size_t, bytes), (const char *, top))
{
    volatile char frame[FRAME];
    const char *here = __builtin_frame_address(0);
    frame[0] = frame[FRAME - 1] = (char)bytes;
    top = top ? top : here;
    int result = (size_t)(top - here) < bytes ? deep_parent(self, bytes, top) : parent(self, 42);
    return result + frame[0] - frame[FRAME - 1];
}

static bool helps_once_below(unsigned wait, size_t bytes)
{
    filch_runtime *rt = mode_runtime((filch_config){
        .wait = waits[wait], .workers = 2, .policy = "round-robin", .stack_size = STACK});
    forget(RETURNS);
    cr_assert_eq(FILCH_RUN(rt, deep_parent, bytes, NULL), 42);
    OK(filch_runtime_destroy(rt));
    return seen.grandchilds == seen.parents;
}

static bool helps_below(unsigned wait, size_t bytes, unsigned times)
{
    bool helped = false;
    for (unsigned i = 0; i < times && !helped; i++)
        helped = helps_once_below(wait, bytes);
    return helped;
}

Test(wait_modes, join_deep_in_stack_suspends)
{
    for (unsigned wait = HELP_ANY; wait <= HELP_OWN; wait++) {
        cr_assert(helps_below(wait, STACK / 16, TIMES));
        cr_assert_not(helps_below(wait, STACK / 16 * 5, 2));
        cr_assert_not(helps_below(wait, STACK / 2, 2));
    }
}

Test(wait_modes, the_mode_is_described)
{
    mode_is_described(runtime_with(HELP_OWN, 1), "wait         help-own: ");
}
