/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs filch_kernels
 *
 * Every kernel finds its answer in every column, and the table tells the truth: answers are
 * computed here once more in another way, numbers of tasks are counted. */
#include <bench/kernels/matmul.h>
#include <bench/kernels/sha1.h>
#include <bench/kernels/table.h>
#include <bench/peers/handpool.h>
#include <bench/peers/peer.h>
#include <runtime/queue/queues.h>
#include <stdio.h>
#include <tests/support/test.h>

enum { WORKERS = 3 };

/* Runs one instance twice, so that what the first run leaves behind is seen. The caller tears it
 * down. */
static kernel_run run_twice(const kernel *k, int size, void *place)
{
    static char folder[] = __FILE__; /* some real input: the folder of this file */
    folder[strrchr(__FILE__, '/') - __FILE__] = '\0';
    kernel_run run = {.size = &k->sizes[size], .dir = folder, .quiet = true};
    cr_assert_eq(k->setup ? k->setup(&run) : 0, 0);
    for (int i = 0; i < 2; i++) {
        run.tasks = run.size->tasks;
        run.answer = 0;
        if (k->prepare)
            k->prepare(&run);
        k->run(place, &run);
        if (k->finish)
            k->finish(&run);
        cr_assert(kernel_answer_is_right(&run), "%s %s found %llu", k->name, run.size->label,
                  (unsigned long long)run.answer);
    }
    return run;
}

static void tear_down(const kernel *k, kernel_run *run)
{
    if (k->teardown)
        k->teardown(run);
}

static void *open_runtime(const char *queue, size_t stack_size)
{
    filch_config config = {.size = sizeof config,
                           .workers = WORKERS,
                           .queue = queue,
                           .stack_size = stack_size};
    filch_runtime *rt;
    cr_assert_eq(filch_runtime_create(&rt, &config), 0, "%s", filch_error());
    return rt;
}

static void agree_on_queue(const char *queue)
{
    for (size_t i = 0; i < kernel_count; i++) {
        const kernel *serial = kernels[i].column[KERNEL_SERIAL],
                     *filch = kernels[i].column[KERNEL_FILCH];
        filch_runtime *rt = open_runtime(queue, filch->stack_size);
        kernel_run alone = run_twice(serial, KERNEL_TINY, NULL);
        kernel_run together = run_twice(filch, KERNEL_TINY, rt);
        cr_expect_eq(alone.answer, together.answer, "%s, %s", filch->name, queue);
        cr_expect_str_eq(alone.text, together.text, "%s, %s", filch->name, queue);
        cr_expect_eq(alone.tasks, together.tasks, "%s, %s", filch->name, queue);
        tear_down(serial, &alone);
        tear_down(filch, &together);
        cr_expect_eq(filch_runtime_destroy(rt), 0);
    }
}

Test(kernels, every_queue_agrees_with_elision)
{
    for (unsigned i = 0; fl_queues[i]; i++)
        agree_on_queue(fl_queues[i]->name);
}

Test(kernels, handwritten_pool_agrees_with_elision)
{
    handpool *pool;
    cr_assert_eq(handpool_create(&pool, WORKERS), 0);
    for (size_t i = 0; i < kernel_count; i++) {
        const kernel *serial = kernels[i].column[KERNEL_SERIAL],
                     *other = kernels[i].column[KERNEL_HANDPOOL];
        if (!other)
            continue;
        kernel_run alone = run_twice(serial, KERNEL_TINY, NULL);
        uint64_t before = handpool_counts_of(pool).forks;
        kernel_run together = run_twice(other, KERNEL_TINY, pool);
        uint64_t forks = handpool_counts_of(pool).forks - before;
        cr_expect_eq(alone.answer, together.answer, "%s", other->name);
        if (together.tasks) /* else as many as it takes */
            cr_expect_eq(forks, 2 * together.tasks, "%s forks %llu tasks in two runs", other->name,
                         (unsigned long long)forks);
        tear_down(serial, &alone);
        tear_down(other, &together);
    }
    handpool_destroy(pool);
}

Test(kernels, quick_sizes_match_table)
{
    if (BUILD_TSAN)
        cr_skip_test("smaller ones have the same races");
    handpool *pool;
    cr_assert_eq(handpool_create(&pool, WORKERS), 0);
    for (size_t i = 0; i < kernel_count; i++) {
        const kernel *k = kernels[i].column[KERNEL_HANDPOOL];
        if (!k || k->shown != KERNEL_BY_DEFAULT) /* `filch bench --quick` runs the others */
            continue;
        uint64_t before = handpool_counts_of(pool).forks;
        kernel_run run = run_twice(k, KERNEL_QUICK, pool);
        cr_expect_eq(handpool_counts_of(pool).forks - before, 2 * run.tasks, "%s", k->name);
        tear_down(k, &run);
    }
    handpool_destroy(pool);
}

Test(kernels, of_peers_agree_with_serial_code)
{
    kernel theirs;
    for (size_t p = 0; p < peer_count; p++) {
        void *place = peers[p].peer ? peers[p].peer->open(WORKERS) : NULL;
        size_t found = 0;
        for (size_t i = 0; peers[p].peer && i < kernel_count; i++) {
            if (!kernel_in(&kernels[i], KERNEL_PEER, &peers[p], &theirs))
                continue;
            kernel_run run = run_twice(&theirs, KERNEL_TINY, place);
            tear_down(&theirs, &run);
            found++;
        }
        for (size_t k = 0; peers[p].peer && peers[p].peer->kernels[k].name; k++)
            cr_expect_not_null(kernel_find(peers[p].peer->kernels[k].name), "%s",
                               peers[p].peer->kernels[k].name);
        cr_expect(!peers[p].peer || found > 0, "%s", peers[p].name);
    }
}

static int ascending(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

Test(kernels, cilksort_sorts_as_qsort_does)
{
    const kernel *k = kernel_find("cilksort")->column[KERNEL_SERIAL];
    kernel_run run = {.size = &k->sizes[KERNEL_TINY]};
    cr_assert_eq(k->setup(&run), 0);
    k->prepare(&run);
    uint32_t *keys = *(uint32_t **)run.data; /* they come first in the kernel's input */
    k->finish(&run);
    cr_expect_not(kernel_answer_is_right(&run), "unsorted keys pass");
    qsort(keys, (size_t)run.size->n, sizeof *keys, ascending);
    k->finish(&run);
    cr_expect(kernel_answer_is_right(&run));
    k->teardown(&run);
}

Test(kernels, matmul_multiplies_as_the_schoolbook_does)
{
    const kernel *k = kernel_find("matmul")->column[KERNEL_SERIAL];
    kernel_run run = {.size = &k->sizes[KERNEL_TINY]};
    cr_assert_eq(k->setup(&run), 0);
    k->prepare(&run);
    int **m = run.data; /* a, b and c come first in the kernel's input */
    long n = run.size->n, row = n + MATMUL_PAD;
    for (long i = 0; i < n; i++)
        for (long j = 0; j < n; j++)
            for (long l = 0; l < n; l++)
                m[2][i * row + j] += m[0][i * row + l] * m[1][l * row + j];
    k->finish(&run);
    cr_expect(kernel_answer_is_right(&run));
    m[2][row + 1]++;
    k->finish(&run);
    cr_expect_not(kernel_answer_is_right(&run), "a wrong product passes");
    k->teardown(&run);
}

Test(kernels, tree_generator_is_sha1)
{
    static const struct {
        const char *message,
            *hex; /* FIPS 180-4's example, the empty message, and the longest that fits */
    } known[] = {
        {"abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {"", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
        {"1234567890123456789012345678901234567890123456789012345",
         "827a683fdfdbef225a2421078b7789b134c7eafa"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        uint8_t digest[SHA1_BYTES];
        char hex[2 * SHA1_BYTES + 1];
        sha1_short(digest, (const uint8_t *)known[i].message, strlen(known[i].message));
        for (int b = 0; b < SHA1_BYTES; b++)
            snprintf(hex + 2 * b, 3, "%02x", digest[b]);
        cr_expect_str_eq(hex, known[i].hex);
    }
}

Test(kernels, are_found_by_name_alone)
{
    for (size_t i = 0; i < kernel_count; i++)
        for (int c = 0; c < KERNEL_COLUMNS; c++)
            if (kernels[i].column[c])
                cr_expect_eq(kernel_find(kernels[i].column[c]->name), &kernels[i]);
    cr_expect_null(kernel_find("fi"));
    cr_expect_null(kernel_find(""));
}
