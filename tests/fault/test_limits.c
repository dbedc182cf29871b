/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Limits that a process has come to: address space, number of mappings, number of threads. A creation fails with an
 * error that says so, or works; what is at work goes on; once there is room again, everything is as before. */
#include <criterion/criterion.h>
#include <errno.h>
#include <sys/mman.h>
#include <tests/support/child.h>
#include <tests/support/fib.h>
#include <tests/support/process.h>
#include <tests/support/signpost.h>

static size_t room; /* what the child is left with */

static void passes(void (*work)(void))
{
    struct child child;
    child_run(&child, work);
    cr_assert(child_passed(&child), "with %zu: 0x%x: %s", room, child.status, child.text);
}

/* ---- What is done under a limit ---- */

enum { WORKERS = 8, DEPTH = 300, PATIENCE = 20 };
static signpost links[DEPTH + 1], started;

/* Joins that suspend; nobody waits for ever where nobody can steal. */
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

static void begin(filch_self self, void *unused)
{
    (void)self, (void)unused;
    signpost_raise(&started);
    signpost_wait(&started, WORKERS);
}

static filch_runtime *runtime(const char *queue)
{
    filch_runtime *rt = NULL;
    filch_config config = {.workers = WORKERS, .queue = queue};
    CHILD_CHECK(filch_runtime_create(&rt, &config) == 0);
    filch_u32_store(&started, 0, FILCH_RELAXED);
    for (unsigned i = 0; i < WORKERS; i++) /* every worker's thread has come to life */
        CHILD_CHECK(filch_go(rt, begin, NULL) == 0);
    signpost_wait(&started, WORKERS);
    return rt;
}

static void run_chain(filch_runtime *rt)
{
    memset(links, 0, sizeof links);
    CHILD_CHECK(FILCH_RUN(rt, chain, DEPTH) == (long)DEPTH * (DEPTH + 1) / 2);
}

/* Under the limit: works, or says what to do. */
static void try_life(const char *queue)
{
    unsigned threads = process_threads();
    int rc = fib_life(WORKERS, queue, 15);
    CHILD_CHECK(rc == 0 || rc == -ENOMEM || rc == -EAGAIN);
    CHILD_CHECK(rc == 0 || strchr(filch_error(), ';'));
    process_wait_for_threads(threads + (threads == 1)); /* liburcu's, once it is there, stays */
}

/* ---- Address space ---- */

static size_t address_space(void)
{
    size_t pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    CHILD_CHECK(file && fscanf(file, "%zu", &pages) == 1);
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* The hard limit stays, so that it can be undone. */
static void limit_space(size_t bytes)
{
    struct rlimit limit;
    CHILD_CHECK(getrlimit(RLIMIT_AS, &limit) == 0);
    limit.rlim_cur = bytes ? bytes : limit.rlim_max;
    CHILD_CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
}

static void create_in_little_space(void)
{
    for (unsigned q = 0; q < FIB_QUEUES; q++) {
        limit_space(address_space() + room);
        try_life(fib_queues[q]);
        limit_space(0);
        CHILD_CHECK(fib_life(WORKERS, fib_queues[q], 15) == 0);
    }
}

static void suspend_in_little_space(void)
{
    for (unsigned q = 0; q < FIB_QUEUES; q++) {
        filch_runtime *rt = runtime(fib_queues[q]);
        limit_space(address_space() + room);
        run_chain(rt);
        CHILD_CHECK(filch_runtime_destroy(rt) == 0);
        limit_space(0);
    }
}

Test(limits, creation_in_little_address_space_fails_clearly_or_works)
{
    enum { STEPS = 40 };
    for (unsigned i = 0; i < STEPS; i++) {
        room = i * (3073u << 10) + (i % 5) * 4096;
        passes(create_in_little_space);
    }
}

Test(limits, joins_suspend_in_little_address_space)
{
    for (room = 0; room <= (size_t)256 << 20; room = room ? 4 * room : 64 << 10)
        passes(suspend_in_little_space);
}

/* ---- Mappings ---- */

enum { MOST_MAPPINGS = 4 << 20 };

static unsigned most_mappings(void)
{
    unsigned most = 0;
    FILE *file = fopen("/proc/sys/vm/max_map_count", "r");
    if (file) {
        CHILD_CHECK(fscanf(file, "%u", &most) == 1);
        fclose(file);
    }
    return most;
}

static char *filling;
static size_t filled; /* bytes of it */

/* Every other page of a mapping gets another protection, until no more mappings can be had, but for `room`. */
static void use_up_mappings(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), end = 0;
    filled = page * (most_mappings() + 2);
    filling = mmap(NULL, filled, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHILD_CHECK(filling != MAP_FAILED);
    while (end + page < filled && mprotect(filling + end, page, PROT_READ) == 0)
        end += 2 * page;
    CHILD_CHECK(errno == ENOMEM && end > 0);
    for (size_t i = 0; i < room; i++) /* two for each */
        CHILD_CHECK(end >= 2 * page && mprotect(filling + (end -= 2 * page), page, PROT_NONE) == 0);
}

static void give_mappings_back(void)
{
    CHILD_CHECK(munmap(filling, filled) == 0);
}

static void create_with_few_mappings(void)
{
    unsigned mappings = 0;
    for (unsigned q = 0; q < FIB_QUEUES; q++) {
        use_up_mappings();
        try_life(fib_queues[q]);
        give_mappings_back();
        CHILD_CHECK(fib_life(WORKERS, fib_queues[q], 15) == 0);
        /* Threads' stacks and heaps stay in the C library's cache; ours are gone. */
        CHILD_CHECK(q == 0 || process_mappings() <= mappings + 2 * WORKERS);
        mappings = process_mappings();
    }
}

static void suspend_with_few_mappings(void)
{
    for (unsigned q = 0; q < FIB_QUEUES; q++) {
        filch_runtime *rt = runtime(fib_queues[q]);
        use_up_mappings();
        run_chain(rt);
        CHILD_CHECK(filch_runtime_destroy(rt) == 0);
        give_mappings_back();
    }
}

static void each_room(void (*work)(void), size_t most, size_t step)
{
    if (most_mappings() > MOST_MAPPINGS) {
        cr_log_warn("vm.max_map_count is too large to be reached");
        return;
    }
    for (room = 0; room <= most; room += step)
        passes(work);
}

Test(limits, creation_with_few_mappings_left_fails_clearly_or_works)
{
    each_room(create_with_few_mappings, 40, 5);
}

Test(limits, joins_suspend_with_few_mappings_left)
{
    each_room(suspend_with_few_mappings, 40, 20);
}

/* ---- Threads ---- */

/* Root has no limit, so a user that nobody is. Alone, it has as many threads as its limit says. */
static void create_with_few_threads(void)
{
    struct rlimit limit = {room, room};
    CHILD_CHECK(setrlimit(RLIMIT_NPROC, &limit) == 0);
    if (getuid() == 0) {
        uid_t nobody = 700000 + (uid_t)getpid() % 100000;
        CHILD_CHECK(setgid(nobody) == 0 && setuid(nobody) == 0);
    }
    filch_runtime *rt = NULL;
    int rc = filch_runtime_create(&rt, &(filch_config){.workers = WORKERS});
    CHILD_CHECK(rc == 0 || rc == -EAGAIN);
    CHILD_CHECK(rc == 0 || strstr(filch_error(), "limit"));
    CHILD_CHECK(rc || (FILCH_RUN(rt, fib, 15) == 610 && filch_runtime_destroy(rt) == 0));
    _exit(rc ? 7 : 0);
}

Test(limits, creation_with_few_threads_fails_clearly_or_works)
{
    struct child child;
    unsigned failures = 0;
    for (room = 0; room < 4 * WORKERS; room++) {
        child_run(&child, create_with_few_threads);
        cr_assert(WIFEXITED(child.status) &&
                      (WEXITSTATUS(child.status) == 7 || child_passed(&child)),
                  "with %zu: 0x%x: %s", room, child.status, child.text);
        failures += !child_passed(&child);
    }
    cr_assert_geq(failures, WORKERS);
    cr_assert(getuid() != 0 || child_passed(&child));
}
