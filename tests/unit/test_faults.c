/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The system refuses memory, address space or threads, at each place in turn: a negative errno, nothing left behind, and
 * the next call works. What the library asks the system for goes through the wrappers below (-Wl,--wrap). */
#include <criterion/criterion.h>
#include <errno.h>
#include <filch/filch.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <tests/support/process.h>
#include <tests/support/signpost.h>

/* Calls until the refusal; negative: none is due. `refused` counts those that were made. */
typedef struct fault {
    int64_t left;
    int64_t refused;
    bool from_then_on;
} fault;

static fault memory = {-1, 0, false}, space = {-1, 0, false}, threads = {-1, 0, false};
/* Bytes of address space that the library holds, and what the test's frame holds. */
static int64_t mapped, framework;

static bool due(fault *of)
{
    int64_t left = __atomic_load_n(&of->left, __ATOMIC_RELAXED);
    if (left < 0)
        return false;
    if (left > 0) {
        __atomic_fetch_sub(&of->left, 1, __ATOMIC_RELAXED);
        return false;
    }
    if (!of->from_then_on)
        __atomic_store_n(&of->left, -1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&of->refused, 1, __ATOMIC_RELAXED);
    return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__real_mmap(void *at, size_t size, int access, int flags, int file, off_t offset);
int __real_munmap(void *at, size_t size);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *arg);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void *__wrap_mmap(void *at, size_t size, int access, int flags, int file, off_t offset);
int __wrap_munmap(void *at, size_t size);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *arg);

void *__wrap_malloc(size_t size)
{
    return due(&memory) ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return due(&memory) ? NULL : __real_calloc(count, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return due(&memory) ? NULL : __real_aligned_alloc(alignment, size);
}

void *__wrap_mmap(void *at, size_t size, int access, int flags, int file, off_t offset)
{
    if (due(&space)) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    void *got = __real_mmap(at, size, access, flags, file, offset);
    if (got != MAP_FAILED)
        __atomic_fetch_add(&mapped, (int64_t)size, __ATOMIC_RELAXED);
    return got;
}

int __wrap_munmap(void *at, size_t size)
{
    __atomic_fetch_sub(&mapped, (int64_t)size, __ATOMIC_RELAXED);
    return __real_munmap(at, size);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *arg)
{
    return due(&threads) ? EAGAIN : __real_pthread_create(thread, attributes, run, arg);
}

/* ---- Creation ---- */

FILCH_TASK(long, fib, (int, n))
{
    if (n < 2)
        return n;
    FILCH_FORK(fib, n - 1);
    long right = fib(self, n - 2);
    FILCH_JOIN(long left, fib);
    return left + right;
}

static const char *const queues[] = {"chase-lev", "central-mutex"};

static void create_use_destroy(const char *queue)
{
    filch_runtime *rt = NULL;
    filch_config config = {.workers = 4, .queue = queue};
    cr_assert_eq(filch_runtime_create(&rt, &config), 0, "%s", filch_error());
    cr_assert_eq(FILCH_RUN(rt, fib, 15), 610);
    cr_assert_eq(filch_runtime_destroy(rt), 0);
}

/* Refuses the first call, the second, ... until creation needs no more of them. Returns how many failures there were. */
static unsigned refuse_each(fault *of, int error, const char *queue)
{
    unsigned failures = 0;
    for (int64_t at = 0;; at++) {
        filch_runtime *untouched = (filch_runtime *)&failures, *rt = untouched;
        filch_config config = {.workers = 4, .queue = queue};
        unsigned before = process_threads();
        *of = (fault){at, 0, false};
        int rc = filch_runtime_create(&rt, &config);
        int64_t refused = of->refused;
        *of = (fault){-1, 0, false};
        if (rc == 0) { /* either nothing was refused, or what could be done without */
            cr_assert_eq(filch_runtime_destroy(rt), 0);
            if (!refused)
                return failures;
            continue;
        }
        failures++;
        cr_assert_eq(rc, -error, "%d at %d: %s", rc, (int)at, filch_error());
        cr_assert_gt(strlen(filch_error()), 0);
        cr_assert_eq(rt, untouched);
        cr_assert_eq(mapped, framework);
        process_wait_for_threads(before);
        create_use_destroy(queue);
        cr_assert_eq(mapped, framework);
    }
}

static void warm_up(void)
{
    framework = mapped;
    create_use_destroy(queues[0]); /* the topology and liburcu's thread stay */
}

TestSuite(faults, .init = warm_up);

Test(faults, memory_refused_anywhere_undoes_the_creation)
{
    for (unsigned q = 0; q < 2;
         q++) /* the runtime, arena, table; worker, signal stack, deque four times */
        cr_assert_geq(refuse_each(&memory, ENOMEM, queues[q]), 3 + 4 * 3 + q);
}

Test(faults, address_space_refused_undoes_the_creation)
{
    for (unsigned q = 0; q < 2; q++)
        cr_assert_geq(refuse_each(&space, ENOMEM, queues[q]), 1);
}

Test(faults, threads_refused_anywhere_stop_those_that_were_started)
{
    for (unsigned q = 0; q < 2; q++)
        cr_assert_eq(refuse_each(&threads, EAGAIN, queues[q]), 4);
}

/* ---- At work ---- */

enum { DEPTH = 100, PATIENCE = 50 };
static signpost links[DEPTH + 1];

FILCH_TASK(long, chain, (int, depth))
{
    signpost_raise(&links[depth]);
    if (depth == 0)
        return 0;
    FILCH_FORK(chain, depth - 1);
    for (int i = 0; i < PATIENCE && !signpost_count(&links[depth - 1]); i++)
        sched_yield();
    FILCH_JOIN(long rest, chain);
    return rest + depth;
}

static void chain_without(fault *of, const char *queue)
{
    filch_runtime *rt = NULL;
    filch_config config = {.workers = 2, .queue = queue};
    cr_assert_eq(filch_runtime_create(&rt, &config), 0);
    memset(links, 0, sizeof links);
    *of = (fault){0, 0, true};
    long answer = FILCH_RUN(rt, chain, DEPTH);
    *of = (fault){-1, 0, false};
    cr_assert_eq(answer, (long)DEPTH * (DEPTH + 1) / 2);
    cr_assert_eq(filch_runtime_destroy(rt), 0);
    cr_assert_eq(mapped, framework);
}

Test(faults, joins_suspend_without_memory_for_further_fibers)
{
    for (unsigned q = 0; q < 2; q++) {
        chain_without(&space, queues[q]);
        chain_without(&memory, queues[q]);
    }
}

static signpost gone;

static void go(filch_self self, void *unused)
{
    (void)self, (void)unused;
    signpost_raise(&gone);
}

Test(faults, detached_task_without_memory_is_refused_and_not_run)
{
    enum { TASKS = 1000 };
    filch_runtime *rt = NULL;
    unsigned started = 0, refused = 0;
    cr_assert_eq(filch_runtime_create(&rt, &(filch_config){.workers = 1}), 0);
    memory = (fault){10, 0, true};
    for (int i = 0; i < TASKS; i++) {
        int rc = filch_go(rt, go, NULL);
        started += rc == 0;
        refused += rc == -ENOMEM;
    }
    memory = (fault){-1, 0, false};
    cr_assert_eq(started + refused, TASKS);
    cr_assert_gt(refused, 0);
    cr_assert_eq(filch_go(rt, go, NULL), 0);
    cr_assert_eq(filch_runtime_destroy(rt), 0);
    cr_assert_eq(signpost_count(&gone), started + 1);
}
