/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: absent in asan tsan
 *
 * A process at its limits: address space, number of mappings, number of threads. A creation fails
 * with an error that names the limit, or works; running work continues; once there is room again,
 * everything is as before. */
#include <sched/forkstack.h>
#include <sys/resource.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>
#include <urcu-bp.h>

static size_t room; /* room left for the child */

static void passes(void (*work)(void))
{
    struct child child;
    child_run(&child, work);
    cr_assert(child_passed(&child), "with %zu: 0x%x: %s", room, child.status, child.text);
}

/* ---- What is done under a limit ---- */

/* Where nobody can steal, a chain stands in one fork stack. */
enum { WORKERS = 8, DEPTH = 200, PATIENCE = 20 };
_Static_assert(DEPTH + 20 < FL_SLOTS, "a chain may overflow its stack");
static signpost started;

static void begin(filch_self self, void *unused)
{
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
    urcu_bp_barrier(); /* liburcu's thread, too, which aborts without memory for its registration */
    return rt;
}

static void run_chain(filch_runtime *rt)
{
    chain_lay();
    CHILD_CHECK(FILCH_RUN(rt, stolen_chain, DEPTH, PATIENCE) == (long)DEPTH * (DEPTH + 1) / 2);
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
    setenv("FILCH_DEADLOCK", "off",
           1); /* a worker that starves for a moment would start the detector's thread */
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

Test(limits, creation_handles_scarce_address_space)
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

enum { STEP = 5, LARGEST = 40, RELEASED = 256 };

/* work(queue) under each limit, of a process that is filled once: that takes a while. */
static void with_few_mappings(void (*before)(const char *), void (*work)(const char *), size_t step)
{
    mappings_prepare();
    for (room = 0; room <= LARGEST; room += step)
        for (unsigned q = 0; q < FIB_QUEUES; q++) {
            dprintf(STDERR_FILENO, "%zu of %s; ", room, fib_queues[q]);
            before(fib_queues[q]);
            mappings_use_up();
            mappings_give_back(room);
            work(fib_queues[q]);
            mappings_give_back(RELEASED);
        }
    mappings_release();
}

static void live(const char *queue)
{
    CHILD_CHECK(fib_life(WORKERS, queue, 15) == 0);
}

static void create_with_few_mappings(void)
{
    for (unsigned q = 0; q < FIB_QUEUES; q++)
        live(fib_queues[q]);
    unsigned before = process_mappings();
    with_few_mappings(live, try_life, STEP);
    /* Threads' stacks and heaps stay in the C library's cache; ours are gone. */
    CHILD_CHECK(process_mappings() <= before + 2 * WORKERS);
}

static filch_runtime *suspending;

static void prepare(const char *queue)
{
    suspending = runtime(queue);
}

static void suspend(const char *queue)
{
    run_chain(suspending);
    CHILD_CHECK(filch_runtime_destroy(suspending) == 0);
}

static void suspend_with_few_mappings(void)
{
    with_few_mappings(prepare, suspend, 4 * STEP);
}

static void passes_where_mappings_end(void (*work)(void))
{
    if (mappings_most() > MAPPINGS_REACHABLE) {
        cr_log_warn("vm.max_map_count is too large to be reached");
        return;
    }
    passes(work);
}

Test(limits, creation_handles_scarce_mappings)
{
    passes_where_mappings_end(create_with_few_mappings);
}

Test(limits, joins_suspend_with_few_mappings_left)
{
    passes_where_mappings_end(suspend_with_few_mappings);
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

Test(limits, creation_handles_scarce_threads)
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
