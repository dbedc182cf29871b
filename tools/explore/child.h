/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * One run of the explored program: a process of its own, with the environment that makes it
 * deterministic. Its output is kept, not shown. Its memory lies where it lies in each run, where the
 * system allows that. */
#ifndef EXPLORE_CHILD_H
#define EXPLORE_CHILD_H

#include "options.h"
#include "schedule.h"

#include <sys/types.h>

enum run_end {
    RUN_PASSED,
    RUN_EXITED,      /* with status `code` */
    RUN_SIGNALLED,   /* by signal `code` */
    RUN_RACE,        /* two accesses without an order */
    RUN_DEADLOCK,    /* no task, or no thread, could run */
    RUN_NO_PROGRESS, /* more decision points than any other run needs */
    RUN_TIMED_OUT,
    RUN_NO_RUNTIME, /* it creates no runtime: there is nothing to explore */
};

/* The way in which a run is to be made. */
typedef struct run_order {
    unsigned workers;
    uint64_t seed;
    unsigned depth;         /* of PCT; 0: a random walk */
    uint64_t steps, limit;  /* decision points that PCT expects; at most; 0: none */
    const schedule *replay; /* or NULL */
    double timeout;         /* seconds */
} run_order;

enum { RUN_TEXT = 65536 };

typedef struct run {
    run_order order;
    pid_t pid;                             /* 0: it has ended */
    int process, output, record, replayed; /* files: the process, its pipe, the schedules */
    double deadline;
    enum run_end end;
    int code;
    schedule schedule; /* as it went */
    char *text;        /* the end of its output, at most RUN_TEXT bytes */
    size_t length;
} run;

/* None: run_free may be called. */
#define RUN_NONE                                                                                   \
    {                                                                                              \
        .process = -1, .output = -1, .record = -1, .replayed = -1                                  \
    }

/* Starts it: 0, or -errno after a message. */
int run_start(run *r, const explore_options *o, const run_order *order);
/* Waits until one of these has ended, and returns it. NULL entries are passed over. */
run *run_wait(run *const *runs, unsigned count);
/* Starts it and waits for its end. */
int run_whole(run *r, const explore_options *o, const run_order *order);
/* Ends it, if it has not ended, and frees everything. */
void run_free(run *r);

/* Did it fail in a way that counts as found? */
bool run_failed(const run *r);
/* The end of one that was signalled, as its output tells it. */
enum run_end run_told_end(const run *r);
/* Have both failed in the same way? Numbers in the message do not count. */
bool run_same_failure(const run *a, const run *b);
/* "killed by signal 6 (Aborted)". */
const char *run_end_text(const run *r, char *text, size_t size);
/* The end as a word, for JSON. */
const char *run_end_name(const run *r);

/* Writes a word of a command line, in quotes where the shell needs them. */
void run_write_word(const char *word, FILE *out);
/* Sets the variables of an order in this process. replay: the path of its schedule, or NULL; record: where its
 * schedule goes, or NULL. */
int run_set_variables(const run_order *order, const char *replay, const char *record);

#endif
