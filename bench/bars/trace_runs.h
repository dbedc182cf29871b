/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A kernel with and without a trace, for the bars of traces. Creating the file and closing it are not measured. */
#ifndef BARS_TRACE_RUNS_H
#define BARS_TRACE_RUNS_H

#include "../kernels/table.h"
#include "measure.h"
#include "runtimes.h"

#include <filch/trace.h>

#include <unistd.h>

typedef struct trace_arm {
    filch_runtime *rt;
    const kernel *kernel;
    int size;
    const char *file, *options; /* file NULL: no trace */
    uint64_t tasks;             /* of the last run */
} trace_arm;

static inline void trace_check(int rc)
{
    if (!rc)
        return;
    fprintf(stderr, "a trace: %s\n", filch_error());
    exit(1);
}

static inline double trace_once(void *context)
{
    trace_arm *of = context;
    kernel_run run = {.size = &of->kernel->sizes[of->size]};
    if (of->file)
        trace_check(filch_trace_start(of->rt, of->file, of->options));
    double from = measure_now();
    of->kernel->run(of->rt, &run);
    double seconds = measure_now() - from;
    if (of->file)
        trace_check(filch_trace_stop(of->rt));
    if (run.answer != run.size->answer) {
        fprintf(stderr, "a trace: %s: wrong answer\n", of->kernel->name);
        exit(1);
    }
    of->tasks = run.size->tasks ? run.size->tasks : run.tasks;
    return seconds;
}

/* An empty file of its own; the caller removes it. */
static inline void trace_file_make(char file[256])
{
    const char *folder = getenv("TMPDIR");
    snprintf(file, 256, "%s/filch-bar-XXXXXX", folder && *folder ? folder : "/tmp");
    int fd = mkstemp(file);
    if (fd < 0) {
        perror("a trace");
        exit(1);
    }
    close(fd);
}

#endif
