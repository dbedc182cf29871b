/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: wraps fl_forkstack_ask fl_forkstack_withdraw fl_forkstack_rob_look fl_forkstack_rob_take fl_mailbox_answered fl_slot_take
 *
 * A signal stops a worker in the middle of a theft, for as long as the handler likes. Working
 * threads continue and finish everything that does not wait for the held worker's task. Nobody is
 * woken up meanwhile, since that is the held searcher's duty. When it is released, everything ends
 * right. The steps of a theft are met exactly (-Wl,--wrap): the thief raises the signal between two
 * of them. Then at random moments. */
#include <pthread.h>
#include <runtime/engine/worker.h>
#include <signal.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>
#include <unistd.h>

enum stage { NOWHERE, ASKED, WITHDRAWN, LOOKED, TAKEN, HANDED, CLAIMED };

static filch_u32 stage; /* where the next thief is to be held */
static signpost held, released;
static int gate[2]; /* the handler reads from it */

static void hold(int signal)
{
    char byte;
    int saved = errno;
    signpost_raise(&held);
    while (read(gate[0], &byte, 1) != 1)
        ;
    signpost_raise(&released);
    errno = saved;
}

static void release(void)
{
    uint32_t before = signpost_count(&released);
    cr_assert_eq(write(gate[1], "", 1), 1);
    signpost_wait(&released, before + 1);
}

static void prepare(void)
{
    struct sigaction action = {.sa_handler = hold};
    sigemptyset(&action.sa_mask);
    cr_assert_eq(pipe(gate), 0);
    cr_assert_eq(sigaction(SIGUSR1, &action, NULL), 0);
}

TestSuite(held_thief, .init = prepare);

/* The first to come by is held. */
static void come_by(enum stage here)
{
    uint32_t wanted = here;
    if (filch_u32_cas(&stage, &wanted, NOWHERE, FILCH_ACQ_REL))
        raise(SIGUSR1);
}

#define WRAPPED(type, name, ...)                                                                   \
    type __real_##name(__VA_ARGS__);                                                               \
    type __wrap_##name(__VA_ARGS__);                                                               \
    type __wrap_##name(__VA_ARGS__)

WRAPPED(enum fl_asked, fl_forkstack_ask, fl_forkstack *stack, fl_mailbox *box)
{
    enum fl_asked asked = __real_fl_forkstack_ask(stack, box);
    if (asked != FL_ASK_BUSY)
        come_by(ASKED);
    return asked;
}

WRAPPED(bool, fl_forkstack_withdraw, fl_forkstack *stack, fl_mailbox *box)
{
    bool withdrawn = __real_fl_forkstack_withdraw(stack, box);
    if (withdrawn)
        come_by(WITHDRAWN);
    return withdrawn;
}

WRAPPED(bool, fl_forkstack_rob_look, fl_forkstack *stack, uint64_t *top)
{
    bool seen = __real_fl_forkstack_rob_look(stack, top);
    if (seen)
        come_by(LOOKED);
    return seen;
}

WRAPPED(const filch_task *, fl_forkstack_rob_take, fl_forkstack *stack, uint64_t top,
        filch_slot **slot)
{
    const filch_task *task = __real_fl_forkstack_rob_take(stack, top, slot);
    if (task)
        come_by(TAKEN);
    return task;
}

WRAPPED(bool, fl_mailbox_answered, fl_forkstack *stack, fl_mailbox *box, fl_gift *gift)
{
    bool answered = __real_fl_mailbox_answered(stack, box, gift);
    if (answered && gift->count)
        come_by(HANDED);
    return answered;
}

WRAPPED(bool, fl_slot_take, filch_slot *slot)
{
    bool taken = __real_fl_slot_take(slot);
    if (taken)
        come_by(CLAIMED);
    return taken;
}

/* ---- Step by step ---- */

enum { FIBS = 16 };
static signpost present, go_on;

FILCH_TASK(int, loot)
{
    return 1;
}

/* The victim: forks and joins again and again until a thief is held, or once, and is silent until
 * told. */
FILCH_TASK(int, victim, (bool, silent))
{
    int sum = 0, forks = 0;
    do {
        FILCH_FORK(loot); /* two: the slot that is being joined is given to nobody */
        FILCH_FORK(loot);
        if (silent)
            signpost_wait(&go_on, 1);
        else
            sched_yield();
        FILCH_JOIN(int one, loot);
        FILCH_JOIN(int other, loot);
        sum += one + other;
        forks += 2;
    } while (!silent && !signpost_count(&held));
    signpost_wait(&go_on, 1);
    return sum == forks;
}

static const struct theft {
    const char *name;
    enum stage stage;
    const char *queue, *fence;
    bool silent;
} thefts[] = {
    {"request in the mailbox", ASKED, "chase-lev", "asymmetric", true},
    {"request withdrawn, not yet robbed", WITHDRAWN, "chase-lev", "asymmetric", true},
    {"looked, before the heavy fence", LOOKED, "chase-lev", "asymmetric", true},
    {"looked, before the fence", LOOKED, "chase-lev", "full", true},
    {"robbed, not yet run", TAKEN, "chase-lev", "asymmetric", true},
    {"handed over, not yet run", HANDED, "chase-lev", "asymmetric", false},
    {"claimed, not yet run", CLAIMED, "central-mutex", "full", true},
};
enum { THEFTS = sizeof thefts / sizeof thefts[0] };

/* Has nothing to steal until the thief is held, then all its own work. */
FILCH_TASK(int, bystander)
{
    int right = 0;
    signpost_raise(&present);
    signpost_wait(&held, 1);
    for (int n = 0; n < FIBS; n++)
        right += fib(self, n) == serial_fib(n);
    return right;
}

struct run {
    filch_runtime *rt;
    bool silent;
    int right, bystanders;
};

static void *run_victim(void *arg)
{
    struct run *run = arg;
    run->right = FILCH_RUN(run->rt, victim, run->silent);
    return NULL;
}

static void *run_bystander(void *arg)
{
    struct run *run = arg;
    run->bystanders = FILCH_RUN(run->rt, bystander);
    return NULL;
}

static void hold_in(const struct theft *theft, unsigned workers)
{
    struct run run = {.silent = theft->silent};
    filch_config config = {.workers = workers, .queue = theft->queue, .fence = theft->fence};
    pthread_t by, thread;
    filch_u32_store(&held, 0, FILCH_RELEASE);
    filch_u32_store(&released, 0, FILCH_RELEASE);
    filch_u32_store(&go_on, 0, FILCH_RELEASE);
    filch_u32_store(&present, 0, FILCH_RELEASE);
    OK(filch_runtime_create(&run.rt, &config));
    filch_u32_store(&stage, theft->stage, FILCH_RELEASE);
    cr_assert_eq(pthread_create(&by, NULL, run_bystander, &run), 0);
    signpost_wait(&present, 1);
    cr_assert_eq(pthread_create(&thread, NULL, run_victim, &run), 0);
    pthread_join(by, NULL); /* it has ended while the thief is held */
    cr_assert_eq(run.bystanders, FIBS, "%s", theft->name);
    cr_assert_eq(signpost_count(&held), signpost_count(&released) + 1);
    release();
    signpost_raise(&go_on);
    pthread_join(thread, NULL);
    cr_assert(run.right, "%s", theft->name);
    OK(filch_runtime_destroy(run.rt));
}

Test(held_thief, others_finish_independent_work)
{
    static const unsigned workers[] = {3, 4, 8};
    for (unsigned times = stress_times(5); times; times--)
        for (unsigned t = 0; t < THEFTS; t++)
            for (unsigned w = 0; w < 3; w++)
                hold_in(&thefts[t], workers[w]);
}

/* ---- At any moment ---- */

enum { NODES = 300 };

FILCH_TASK(unsigned, visit, (uint64_t, random), (unsigned, node))
{
    if (node >= NODES)
        return 0;
    FILCH_FORK(visit, random, 2 * node + 1);
    if (stress_mix(random + node) % 50 == 0)
        filch_yield(self);
    stress_dawdle(stress_mix(random ^ node));
    unsigned right = visit(self, random, 2 * node + 2);
    FILCH_JOIN(unsigned left, visit);
    return left + right + 1;
}

struct walk {
    filch_runtime *rt;
    uint64_t seed;
    signpost over;
    unsigned wrong;
};

static void *walk_on(void *arg)
{
    struct walk *walk = arg;
    for (uint64_t i = 0; !signpost_count(&walk->over); i++)
        walk->wrong += FILCH_RUN(walk->rt, visit, walk->seed + i, 0) != NODES;
    return NULL;
}

/* It may hold a lock, so nobody is asked to continue meanwhile; but every thread that can, does. */
static void hold_anywhere(unsigned config, uint64_t seed, unsigned times)
{
    pthread_t thread;
    struct walk walk = {stress_runtime(config, seed), seed, {0}, 0};
    fl_runtime *rt = walk.rt;
    cr_assert_eq(pthread_create(&thread, NULL, walk_on, &walk), 0);
    for (unsigned i = 0; i < times; i++) {
        uint64_t random = stress_mix(seed + i);
        uint32_t before = signpost_count(&held);
        cr_assert_eq(pthread_kill(rt->worker[random % rt->worker_set.most]->thread.id, SIGUSR1), 0);
        signpost_wait(&held, before + 1);
        for (uint64_t yields = (random >> 32) % 50; yields; yields--)
            sched_yield();
        release();
    }
    signpost_raise(&walk.over);
    pthread_join(thread, NULL);
    cr_assert_eq(walk.wrong, 0, "%s", stress_name(config));
    OK(filch_runtime_destroy(rt));
}

Test(held_thief, worker_held_anywhere_does_no_harm)
{
    if (BUILD_TSAN)
        cr_skip_test("thread sanitizer keeps a signal for the fiber that ran when it came");
    uint64_t seed = stress_seed();
    for (unsigned i = 0; i < STRESS_CONFIGS; i++)
        hold_anywhere(i, seed + i, stress_times(20));
}
