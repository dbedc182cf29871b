/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Signals that arrive on fibers, again and again, while work suspends and moves between workers: by
 * a timer, and sent to each worker. A handler runs on the fiber's stack, or on the worker's signal
 * stack if it asks for that. */
#include <pthread.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/worker.h>
#include <signal.h>
#include <sys/time.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

/* Handlers so far: on workers, of these on the stack that they should be on. */
static signpost arrived, placed;
static bool alternate;

static void handle(int signal)
{
    volatile char frame[1024];
    int saved = errno;
    fl_worker *worker = fl_worker_here();
    for (unsigned i = 0; i < sizeof frame; i++)
        frame[i] = (char)i;
    if (worker) {
        const char *low = worker->signal_stack, *here = (const char *)frame;
        bool on_alternate = here >= low && here < low + fl_overflow_stack_size();
        signpost_raise(&arrived);
        if (on_alternate == alternate)
            signpost_raise(&placed);
    }
    errno = saved;
}

/* Thread sanitizer puts handlers off, and then calls them where it likes. */
static bool all_placed(void)
{
    return BUILD_TSAN || signpost_count(&placed) == signpost_count(&arrived);
}

static void handle_on(int signal, bool on_alternate)
{
    struct sigaction action = {.sa_handler = handle, .sa_flags = on_alternate ? SA_ONSTACK : 0};
    sigemptyset(&action.sa_mask);
    alternate = on_alternate;
    filch_u32_store(&arrived, 0, FILCH_RELAXED);
    filch_u32_store(&placed, 0, FILCH_RELAXED);
    cr_assert_eq(sigaction(signal, &action, NULL), 0);
}

enum { NODES = 1000 };

FILCH_TASK(uint64_t, visit, (uint64_t, random), (unsigned, node))
{
    if (node >= NODES)
        return 1;
    FILCH_FORK(visit, random, 2 * node + 1);
    if (stress_mix(random + node) % 20 == 0)
        filch_yield(self);
    stress_dawdle(stress_mix(random ^ node));
    uint64_t right = visit(self, random, 2 * node + 2);
    FILCH_JOIN(uint64_t left, visit);
    return stress_mix(3 * left + right + node);
}

static uint64_t expected(unsigned node)
{
    return node >= NODES ? 1
                         : stress_mix(3 * expected(2 * node + 1) + expected(2 * node + 2) + node);
}

/* Works until so many signals have come to workers; returns how many answers were wrong. */
static unsigned work(filch_runtime *rt, uint64_t seed, uint32_t signals)
{
    unsigned wrong = 0;
    for (uint64_t i = 0; signpost_count(&arrived) < signals; i++)
        wrong += FILCH_RUN(rt, visit, seed + i, 0) != expected(0);
    return wrong;
}

static void set_timer(long microseconds)
{
    struct itimerval timer = {{0, microseconds}, {0, microseconds}};
    cr_assert_eq(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

static void allow(int how)
{
    sigset_t alarm;
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    cr_assert_eq(pthread_sigmask(how, &alarm, NULL), 0);
}

Test(signals, khz_timer_changes_no_answer)
{
    uint64_t seed = stress_seed();
    allow(SIG_BLOCK); /* in liburcu's thread, which is started now and would else get them all */
    OK(filch_runtime_destroy(stress_runtime(0, seed)));
    for (unsigned i = 0; i < STRESS_CONFIGS; i++) {
        handle_on(SIGALRM, i & 1);
        allow(SIG_UNBLOCK);
        filch_runtime *rt = stress_runtime(i, seed);
        allow(SIG_BLOCK);
        set_timer(1000);
        unsigned wrong = work(rt, seed, stress_times(100));
        set_timer(0);
        OK(filch_runtime_destroy(rt));
        cr_assert_eq(wrong, 0, "%s", stress_name(i));
        cr_assert(all_placed(), "%s", stress_name(i));
    }
}

struct sender {
    fl_runtime *rt;
    signpost over;
};

static void *send(void *arg)
{
    struct sender *sender = arg;
    for (unsigned i = 0; !signpost_count(&sender->over); i++) {
        pthread_kill(sender->rt->worker[i % sender->rt->worker_set.most]->thread.id, SIGUSR2);
        sched_yield();
    }
    return NULL;
}

Test(signals, storm_on_workers_changes_no_answer)
{
    uint64_t seed = stress_seed();
    for (unsigned i = 0; i < STRESS_CONFIGS; i++) {
        pthread_t thread;
        handle_on(SIGUSR2, i & 1);
        struct sender sender = {stress_runtime(i, seed), {0}};
        cr_assert_eq(pthread_create(&thread, NULL, send, &sender), 0);
        unsigned wrong = work(sender.rt, seed, stress_times(2000));
        signpost_raise(&sender.over);
        pthread_join(thread, NULL);
        OK(filch_runtime_destroy(sender.rt));
        cr_assert_eq(wrong, 0, "%s", stress_name(i));
        cr_assert(all_placed(), "%s", stress_name(i));
    }
}
