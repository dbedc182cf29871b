/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The system refuses memory, address space or threads at each place of the creation of a shared
 * runtime in turn: a negative errno and a sentence, nothing left behind, and the next creation
 * works. */
#include <criterion/criterion.h>
#include <errno.h>
#include <filch/filch.h>
#include <string.h>
#include <tests/support/fib.h>
#include <tests/support/folder.h>
#include <tests/support/process.h>
#include <tests/support/refuse.h>

static const struct row {
    const char *name;
    enum refusable what;
    int error;
    unsigned failures; /* of a runtime with one worker, at least */
} rows[] = {
    {"memory", MEMORY, ENOMEM, 8},  /* 7 of a runtime that is not shared, and its publisher */
    {"mmap", SPACE, ENOMEM, 2},     /* its arena, and its page */
    {"threads", THREADS, EAGAIN, 2} /* its worker, and its publisher */
};

/* Returns the number of refusals. */
static int64_t create_without(const struct row *row, const char *trace, int64_t at,
                              unsigned *failures)
{
    filch_runtime *rt = NULL;
    const filch_config config = {.size = sizeof config, .workers = 1, .share = 2, .trace = trace};
    unsigned threads = process_threads(), files = process_files();
    int64_t blocks_before = blocks, mapped_before = mapped;
    refuse(row->what, at, false);
    int rc = filch_runtime_create(&rt, &config);
    int64_t count = refuse_no_more(row->what);
    if (rc) {
        ++*failures;
        cr_assert_eq(rc, -row->error, "%s %d: %s", row->name, (int)at, filch_error());
        cr_assert(strchr(filch_error(), ';'), "what to do? %s", filch_error());
        cr_assert_null(rt);
    } else {
        if (!trace) /* a measured task has memory of realloc, which is not counted */
            cr_assert_eq(FILCH_RUN(rt, fib, 12), fib_serial(12));
        cr_assert_eq(filch_runtime_destroy(rt), 0);
    }
    process_wait_for_threads(threads);
    cr_assert_eq(process_files(), files, "%s %d", row->name, (int)at);
    if (rc || !trace) /* a measured run prints from a buffer that libc has allocated */
        cr_assert_eq(blocks, blocks_before, "%s %d", row->name, (int)at);
    cr_assert_eq(mapped, mapped_before, "%s %d", row->name, (int)at);
    return count;
}

static void refuse_each(const char *trace)
{
    cr_assert_eq(fib_life(1, NULL, 12), 0); /* the lasting parts are there */
    for (const struct row *row = rows; row < rows + sizeof rows / sizeof *rows; row++) {
        unsigned failures = 0;
        for (int64_t at = 0; create_without(row, trace, at, &failures); at++)
            ;
        cr_assert_geq(failures, row->failures, "%s: %u", row->name, failures);
    }
}

Test(refused_share, each_refusal_undoes_the_creation)
{
    refuse_each(NULL);
}

Test(refused_share, each_refusal_undoes_the_recording_and_the_measurement_too)
{
    char trace[192];
    snprintf(trace, sizeof trace, "%s/run.trace,limit=1M", folder_make());
    setenv("FILCH_SPAN", "1", 1);
    refuse_each(trace);
}
