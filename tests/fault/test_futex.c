/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: wraps syscall
 *
 * A futex wait may end for no reason: interrupted, refused since the word had changed, woken by
 * nobody. Here it does so again and again, at random; a wake may reach more sleepers than were
 * meant. Nothing is lost. */
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static uint64_t seed;
static filch_u64 calls, endings;

/* How a wait ends without its wake-up; else by the kernel. */
static const struct {
    long rc;
    int error;
    bool timed_only;
} ending[] = {{-1, EINTR, false}, {-1, EAGAIN, false}, {0, 0, false}, {-1, ETIMEDOUT, true}};
enum { ENDINGS = sizeof ending / sizeof ending[0] };

static bool ends_for_no_reason(bool timed, long *rc)
{
    uint64_t random = stress_mix(seed + filch_u64_add(&calls, 1, FILCH_RELAXED));
    unsigned e = (unsigned)(random >> 8) % ENDINGS;
    if (random % 2 || (ending[e].timed_only && !timed))
        return false;
    filch_u64_add(&endings, 1, FILCH_RELAXED);
    errno = ending[e].error;
    *rc = ending[e].rc;
    return true;
}

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

long __wrap_syscall(long number, ...)
{
    long a[6], rc;
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(list, long);
    va_end(list);
    int command = (int)a[1] & FUTEX_CMD_MASK;
    if (number == SYS_futex && command == FUTEX_WAIT_BITSET && ends_for_no_reason(a[3] != 0, &rc))
        return rc;
    if (number == SYS_futex && command == FUTEX_WAKE)
        a[2] = INT_MAX;
    return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

enum { THREADS = 3, NODES = 200 };

FILCH_TASK(unsigned, visit, (uint64_t, random), (unsigned, node))
{
    if (node >= NODES)
        return 0;
    FILCH_FORK(visit, random, 2 * node + 1);
    if (stress_mix(random + node) % 7 == 0)
        filch_yield(self);
    stress_dawdle(stress_mix(random ^ node));
    unsigned right = visit(self, random, 2 * node + 2);
    FILCH_JOIN(unsigned left, visit);
    return left + right + 1;
}

static signpost gone;

static void go(filch_self self, void *unused)
{
    signpost_raise(&gone);
}

struct client {
    filch_runtime *rt;
    unsigned runs, wrong;
};

/* Every answer is waited for with the runtime asleep or about to be. */
static void *submit(void *arg)
{
    struct client *client = arg;
    for (unsigned i = 0; i < client->runs; i++) {
        client->wrong += FILCH_RUN(client->rt, visit, seed + i, 0) != NODES;
        client->wrong += filch_go(client->rt, go, NULL) != 0;
        client->wrong += FILCH_RUN(client->rt, fib, (int)i % 8) != serial_fib((int)i % 8);
    }
    return NULL;
}

static void serve_clients(unsigned config, unsigned runs)
{
    pthread_t threads[THREADS];
    struct client clients[THREADS];
    filch_runtime *rt = stress_runtime(config, seed);
    filch_u32_store(&gone, 0, FILCH_RELAXED);
    for (int i = 0; i < THREADS; i++) {
        clients[i] = (struct client){rt, runs, 0};
        cr_assert_eq(pthread_create(&threads[i], NULL, submit, &clients[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        cr_assert_eq(clients[i].wrong, 0, "%s", stress_name(config));
    }
    OK(filch_runtime_destroy(rt));
    cr_assert_eq(signpost_count(&gone), THREADS * runs, "%s", stress_name(config));
}

Test(futex, spurious_wakeups_lose_nothing)
{
    seed = stress_seed();
    for (unsigned i = 0; i < STRESS_CONFIGS; i++)
        serve_clients(i, stress_times(100));
    cr_assert_gt(filch_u64_load(&endings, FILCH_RELAXED), 0);
}
