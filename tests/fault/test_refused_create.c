/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: absent in tsan; needs refusals
 *
 * The system refuses memory, address space, threads or the machine's description, at each place of
 * a creation in turn: a negative errno and a sentence, nothing left behind, and the next creation
 * works. So for the first creation of a process, which also sets up what stays. */
#include <runtime/platform/machine/topology.h>
#include <runtime/queue/queues.h>
#include <tests/support/refuse.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

/* Of memory: the runtime, its arena, its tables of workers and of thefts; a worker, its signal stack, its
 * deque, each time.
 *
 * Effect of refusing `what`: creation fails with `error` at so many places at least, elsewhere it
 * does without. */
static const struct row {
    const char *name;
    enum refusable what;
    int error;
    unsigned failures[3]; /* one time, for each worker, for what workers share */
    int hwloc_error;
    bool topology_anew;  /* the topology is read but once, unless it is forgotten */
    bool without_advice; /* guards by mprotect, as on systems that know no better */
    bool leaks;          /* memory the system does not take back */
} rows[] = {
    {.name = "memory", MEMORY, ENOMEM, {4, 3, 1}},
    {.name = "memory, topology", MEMORY, ENOMEM, {4, 3, 1}, .topology_anew = true},
    {.name = "mmap", SPACE, ENOMEM, {1}},
    {.name = "munmap", UNMAPPING, ENOMEM, {0}, .leaks = true},
    {.name = "madvise", ADVICE, ENOMEM, {0}},
    /* stacks without guards */
    {.name = "mprotect", PROTECTION, ENOMEM, {0}, .without_advice = true},
    {.name = "threads", THREADS, EAGAIN, {0, 1}},
    {.name = "mutexes", MUTEXES, ENOMEM, {1, 0, 1}},
    {.name = "attributes", ATTRIBUTES, ENOMEM, {0, 1}},
    {.name = "affinity", AFFINITY, ENOMEM, {0, 1}},
    {.name = "fork handlers", HANDLERS, ENOMEM, {0}},
    {.name = "files", FILES, 0, {0}, .topology_anew = true},
    {.name = "hwloc_topology_init", HWLOC_BEGIN, ENOMEM, {1}, .topology_anew = true},
    {.name = "hwloc, memory", HWLOC, ENOMEM, {1}, ENOMEM, .topology_anew = true},
    {.name = "hwloc, other", HWLOC, ENOSYS, {1}, EIO, .topology_anew = true},
    {.name = "hwloc distances", HWLOC_DISTANCES, 0, {0}, .topology_anew = true},
    {.name = "hwloc bitmaps", HWLOC_BITMAPS, 0, {0}},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static const unsigned worker_counts[] = {1, 3, 16};
enum { COUNTS = BUILD_TSAN ? 1 : BUILD_ASAN ? 2 : 3 };

static unsigned least_of(const struct row *row, unsigned workers, bool shared)
{
    return row->failures[0] + workers * row->failures[1] + shared * row->failures[2];
}

static int create(filch_runtime **rt, const struct row *row, unsigned workers, const char *queue,
                  int64_t at, int64_t *count)
{
    filch_config config = {.workers = workers, .queue = queue, .bind = "core"};
    if (row->topology_anew)
        fl_topology_unload();
    hwloc_error = row->hwloc_error;
    if (row->without_advice)
        refuse(ADVICE, 0, true);
    refuse(row->what, at, false);
    int rc = filch_runtime_create(rt, &config);
    *count = refuse_no_more(row->what);
    refuse_no_more(ADVICE);
    return rc;
}

/* Refuses the first call, the second, ... until creation makes no more of them. Returns how many
 * failures there were. */
static unsigned refuse_each(const struct row *row, unsigned workers, const char *queue)
{
    unsigned failures = 0;
    for (int64_t at = 0;; at++) {
        filch_runtime *untouched = (filch_runtime *)&failures, *rt = untouched;
        cr_assert_eq(fib_life(workers, queue, 12), 0, "%s", filch_error());
        unsigned threads = process_threads(), files = process_files();
        int64_t blocks_before = blocks, mapped_before = mapped, count;
        int rc = create(&rt, row, workers, queue, at, &count);
        if (rc) {
            failures++;
            cr_assert_eq(rc, -row->error, "%s: %d: %s", row->name, rc, filch_error());
            cr_assert_not_null(strchr(filch_error(), ';'), "what to do? %s", filch_error());
            cr_assert_eq(rt, untouched);
        } else {
            cr_assert_eq(FILCH_RUN(rt, fib, 12), 144);
            OK(filch_runtime_destroy(rt));
        }
        process_wait_for_threads(threads);
        cr_assert_eq(process_files(), files, "%s", row->name);
        /* The topology may be the one that is not there yet, or the one that is there again. */
        if (row->topology_anew)
            cr_assert_eq(fib_life(workers, queue, 12), 0, "%s", filch_error());
        cr_assert_eq(blocks, blocks_before, "%s %d", row->name, (int)at);
        cr_assert(row->leaks || mapped == mapped_before, "%s %d", row->name, (int)at);
        if (!count)
            return failures;
    }
}

Test(refused_create, each_refusal_undoes_the_creation)
{
    for (const struct row *row = rows; row < rows + ROWS; row++)
        for (unsigned c = 0; c < COUNTS; c++)
            for (unsigned q = 0; q < FIB_QUEUES; q++) {
                unsigned failures = refuse_each(row, worker_counts[c], fib_queues[q]);
                unsigned least = least_of(row, worker_counts[c], q == 1);
                cr_assert_geq(failures, least, "%s: %u", row->name, failures);
                cr_assert(failures == 0 || least > 0, "%s: %u", row->name, failures);
            }
}

Test(refused_create, each_queue_undoes_its_state)
{
    cr_assert_eq(fib_life(2, NULL, 12), 0); /* the topology stays */
    for (unsigned i = 0; fl_queues[i]; i++) {
        unsigned failures = 0;
        for (int64_t at = 0, count = 1; count; at++) {
            filch_runtime *rt = NULL;
            int64_t before = blocks;
            int rc = create(&rt, &rows[0], 2, fl_queues[i]->name, at, &count);
            failures += rc == -ENOMEM;
            cr_assert_eq(!rc, rt != NULL, "%s: %d", fl_queues[i]->name, rc);
            OK(filch_runtime_destroy(rt));
            cr_assert_eq(blocks, before, "%s", fl_queues[i]->name);
        }
        cr_assert_geq(failures, least_of(&rows[0], 2, fl_queues[i]->create), "%s",
                      fl_queues[i]->name);
    }
}

/* ---- The first creation of a process ---- */

enum { NOTHING_REFUSED = 7 };
static const struct row *first_row;
static int64_t first_at;

static void create_first(void)
{
    filch_runtime *rt = NULL;
    int64_t count;
    int rc = create(&rt, first_row, 2, NULL, first_at, &count);
    CHILD_CHECK(rc == 0 || rc == -first_row->error);
    if (rc) {
        CHILD_CHECK(count > 0 && !rt && strchr(filch_error(), ';'));
    } else {
        CHILD_CHECK(FILCH_RUN(rt, fib, 12) == 144);
        CHILD_CHECK(filch_runtime_destroy(rt) == 0);
    }
    CHILD_CHECK(fib_life(2, NULL, 12) == 0);
    _exit(count ? 0 : NOTHING_REFUSED);
}

Test(refused_create, after_the_first_the_next_works)
{
    for (first_row = rows; first_row < rows + ROWS; first_row++) {
        struct child child;
        for (first_at = 0;; first_at++) {
            child_run(&child, create_first);
            if (!child_passed(&child))
                break;
        }
        cr_assert(WIFEXITED(child.status) && WEXITSTATUS(child.status) == NOTHING_REFUSED,
                  "%s, call %d: 0x%x: %s", first_row->name, (int)first_at, child.status,
                  child.text);
        /* Besides the rows that need more than one try to refuse anything at all, and mprotect,
         * which a creation does not need where advice is taken. */
        cr_assert(first_at > 0 || first_row->what == HWLOC_BITMAPS || first_row->what == PROTECTION,
                  "%s", first_row->name);
    }
}

/* ---- A machine with more processors than a runtime may have workers ---- */

/* Refused memory tells their number before there are as many threads. */
Test(refused_create, huge_machines_have_the_most_workers)
{
    filch_runtime *rt = NULL;
    setenv("HWLOC_SYNTHETIC", "core:1025 pu:1", 1);
    fl_topology_unload();
    for (int64_t at = 0; !strstr(filch_error(), " workers; "); at++) {
        refuse(MEMORY, at, true);
        cr_assert_eq(filch_runtime_create(&rt, NULL), -ENOMEM);
        refuse_no_more(MEMORY);
    }
    cr_assert(strstr(filch_error(), " 1024 workers; "), "%s", filch_error());
}

/* ---- Telling about a runtime ---- */

Test(refused_create, describe_does_without_memory)
{
    char text[4096];
    filch_runtime *rt = NULL;
    OK(filch_runtime_create(&rt, NULL));
    static const enum refusable kinds[] = {MEMORY, HWLOC_BITMAPS, FILES};
    for (unsigned k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
        for (int64_t at = 0, count = 1; count; at++) {
            int64_t before = blocks;
            refuse(kinds[k], at, false);
            size_t length = filch_runtime_describe(rt, text, sizeof text);
            count = refuse_no_more(kinds[k]);
            cr_assert_gt(length, 0);
            cr_assert_not_null(strstr(text, "workers"));
            cr_assert_eq(blocks, before);
        }
    OK(filch_runtime_destroy(rt));
}
