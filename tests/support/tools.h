/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Traces and statistics pages, as the tools read them. */
#ifndef SUPPORT_TOOLS_H
#define SUPPORT_TOOLS_H

#include <runtime/trace/format.h>
#include <stdio.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tools/shared/random.h>
#include <tools/top/page.h>
#include <tools/trace/analysis.h>
#include <tools/trace/read.h>
#include <tools/trace/summary.h>
#include <unistd.h>

/* ---- Traces made from tables, in which a tick is a nanosecond ---- */

typedef struct made_event {
    uint32_t writer;
    int64_t ns;
    enum fl_trace_kind kind;
    uint32_t a, b;
} made_event;

enum { MADE_WRITERS = 8, MADE_BEGAN = 1000 };
typedef struct made_trace {
    fl_trace_header header;
    char path[160];
    FILE *file;
    uint64_t sequence[MADE_WRITERS];
} made_trace;

void made_begin(made_trace *made, uint32_t workers, int64_t length);
/* Blocks, at least one, with those of the events that are the writer's; all up to one without a kind. */
void made_events(made_trace *made, uint32_t writer, const made_event *events);
/* names: a literal with a NUL behind each name but the last. */
void made_names(made_trace *made, const char *names, size_t size);
void made_end(made_trace *made);
trace_file *opened_trace(const char *path);
/* The trace of those events, on workers and outside; names as for made_names. */
trace_file *made_of(const made_event *events, uint32_t workers, enum fl_trace_level level,
                    const char *names, size_t size);

/* ---- Runtimes that record a trace ---- */

/* In the test's folder; until the next call. */
const char *traced_path(const char *name);
/* trace: its file, with options; NULL: none. Its regions are handed over: guests help, which counts no
 * theft. */
filch_runtime *traced_runtime(unsigned workers, const char *trace);

/* ---- Summaries ---- */

/* Each of these lines is in what `filch trace` prints. Closes the trace. */
void summary_has(trace_file *trace, const char *const *lines, size_t count);

/* ---- Random programs ---- */

/* Runs a random program on simulated workers, and records the events of a trace of level tasks. Each task computes,
 * forks and joins at random; at random a task is taken by a worker that is idle. Work and span are found on the way,
 * by their definitions. */

enum {
    RANDOM_WORKERS = 5,
    RANDOM_EVENTS = 60000,
    RANDOM_TASKS_MOST = 3000,
    RANDOM_FORKS = 6,
    RANDOM_SLOTS = 100000,
    RANDOM_THEFT = 150
};

typedef struct random_run {
    made_event *event;
    size_t events;
    uint64_t random;
    int64_t now[RANDOM_WORKERS];
    bool busy[RANDOM_WORKERS];
    uint32_t depth[RANDOM_WORKERS]; /* of the fork stack */
    int64_t work;
    unsigned tasks;
} random_run;

/* Returns the span. The caller frees the events, which end with one of zero bytes. */
int64_t random_program(random_run *s, uint64_t seed);

/* ---- Statistics pages of this process, read as `filch top` reads them ---- */

filch_runtime *shared_runtime(unsigned workers);
/* Is the page of that runtime, of so many, there? It is not before its first publication. */
bool shared_is_there(top_page *page, uint32_t runtime, unsigned runtimes);
/* A reading of a publication that began after this call. */
page_reading shared_read(const top_page *page);
uint64_t shared_number(const page_reading *reading, const char *table, uint32_t row,
                       const char *column);
const char *shared_text(const page_reading *reading, const char *table, uint32_t row,
                        const char *column);

#endif
