/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The grammar of FILCH_TRACE and of filch_trace_start's options. */
#include <runtime/engine/settings.h>
#include <stdio.h>
#include <tests/support/test.h>
#include <unistd.h>

static const uint64_t M = 1 << 20;

Test(trace_options, options_are_read)
{
    static const struct {
        const char *options;
        uint64_t limit;
        bool overwrites;
    } cases[] = {
        {NULL, 1024, false},
        {"", 1024, false},
        {"steals", 1024, false},
        {"limit=1M", 1, false},
        {"limit=1048576", 1, false},
        {"limit=2048K,full=overwrite", 2, true},
        {"full=overwrite,full=stop,limit=4G", 4096, false},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        fl_trace_options read;
        cr_assert_eq(fl_trace_options_read(&read, "run.trace", cases[i].options), 0, "%s",
                     filch_error());
        cr_assert_str_eq(read.file, "run.trace");
        cr_assert_eq(read.limit, cases[i].limit * M, "%u", i);
        cr_assert_eq(read.overwrites, cases[i].overwrites, "%u", i);
        free(read.file);
    }
}

Test(trace_options, others_are_refused_by_a_sentence)
{
    static const struct {
        const char *file, *options, *words;
    } cases[] = {
        {NULL, NULL, "without a file"},
        {"", NULL, "without a file"},
        {"f", "all", "unknown trace option 'all' (valid: steals, tasks, limit=SIZE"},
        {"f", "steals,", "unknown trace option ''"},
        {"f", "full=never", "unknown trace option 'full=never'"},
        {"f", "limit=1000", "trace limit '1000' is out of range (1M or more"},
        {"f", "limit=1T", "trace limit '1T'"},
        {"f", "limit=1MM", "trace limit '1MM'"},
        {"f", "limit=-1M", "trace limit '-1M'"},
        {"f", "limit=", "trace limit ''"},
        {"f", "limit=99999999999G", "trace limit '99999999999G'"},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        fl_trace_options read;
        cr_assert_eq(fl_trace_options_read(&read, cases[i].file, cases[i].options), -EINVAL, "%u",
                     i);
        cr_assert(strstr(filch_error(), cases[i].words), "%s", filch_error());
        cr_assert_null(read.file);
    }
}

Test(trace_options, name_may_include_process)
{
    fl_trace_options read;
    char name[64];
    snprintf(name, sizeof name, "a-%ld.trace", (long)getpid());
    cr_assert_eq(fl_trace_options_read(&read, "a-%p.trace", NULL), 0);
    cr_assert_str_eq(read.file, name);
    free(read.file);
}

/* Of the environment: a second runtime must not empty the first one's file. */
Test(trace_options, later_runtimes_get_own_files)
{
    static const char *const names[] = {"run.trace", "run.trace.2", "run.trace.3"};
    fl_trace_options read;
    cr_assert_eq(fl_trace_options_of(&read, NULL), 0);
    cr_assert_null(read.file);
    for (unsigned i = 0; i < 3; i++) {
        cr_assert_eq(fl_trace_options_of(&read, "run.trace,limit=8M"), 0);
        cr_assert_str_eq(read.file, names[i]);
        cr_assert_eq(read.limit, 8 * M);
        free(read.file);
    }
}

Test(trace_options, wrong_trace_prevents_runtime_creation)
{
    filch_runtime *rt = NULL;
    const filch_config config = {.size = sizeof config, .workers = 1, .trace = "x,speed=7"};
    cr_assert_eq(filch_runtime_create(&rt, &config), -EINVAL);
    cr_assert(strstr(filch_error(), "unknown trace option 'speed=7'"), "%s", filch_error());
    const filch_config nowhere = {.size = sizeof nowhere,
                                  .workers = 1,
                                  .trace = "/nonexistent/x.trace"};
    cr_assert_eq(filch_runtime_create(&rt, &nowhere), -ENOENT);
    cr_assert(strstr(filch_error(), "cannot create trace file '/nonexistent/x.trace"), "%s",
              filch_error());
    cr_assert_null(rt);
}
