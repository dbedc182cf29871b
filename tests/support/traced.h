/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Runtimes that record a trace, and the traces that they leave. */
#ifndef SUPPORT_TRACED_H
#define SUPPORT_TRACED_H

#include <stdio.h>
#include <tests/support/folder.h>
#include <tests/support/test.h>
#include <tools/trace/read.h>

/* In the test's folder; until the next call. */
static inline const char *path_of(const char *name)
{
    static char path[192];
    snprintf(path, sizeof path, "%s/%s", folder_make(), name);
    return path;
}

/* trace: its file, with options; NULL: none. */
/* Whose regions are handed over: guests help, which counts no theft. */
static inline filch_runtime *create(unsigned workers, const char *trace)
{
    filch_runtime *rt;
    const filch_config config = {.size = sizeof config,
                                 .workers = workers,
                                 .trace = trace,
                                 .guest = "0"};
    cr_assert_eq(filch_runtime_create(&rt, &config), 0, "%s", filch_error());
    return rt;
}

static inline trace_file *open_it(const char *path)
{
    char error[256];
    trace_file *trace = trace_open(path, error, sizeof error);
    cr_assert_not_null(trace, "%s", error);
    return trace;
}

#endif
