/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Types that the parts of `filch bench` share: options choose the measurements, a report holds
 * their results.
 *
 *   options.c, columns.c   command line -> options
 *   plan.c      options -> report without samples
 *   measure.c   fills in all samples, each from a child process (child.c)
 *   row.c, table.c, markdown.c, stats.c, verdict.c, metg.c, json.c, csv.c, reproduce.c
 *               report -> text
 *
 * One thread; nothing here creates a runtime in this process, since its children are forked from
 * it. */
#ifndef BENCH_H
#define BENCH_H

#include <bench/kernels/table.h>
#include <bench/peers/peer.h>
#include <filch/stats.h>
#include <stdio.h>
#include <tools/shared/sheet.h>

enum {
    BENCH_NAMES = 16,   /* columns with the serial one, numbers of workers */
    BENCH_KERNELS = 64, /* rows of the table of kernels */
    BENCH_BLOCKS = 2 * BENCH_KERNELS,
    BENCH_REPEATS = 200,
    BENCH_MOST_WORKERS = 1024
};

/* One way to run a kernel. */
typedef struct column {
    enum kernel_column as;
    const peer_row *peer;           /* KERNEL_PEER's */
    const char *queue, *policy;     /* as configured; NULL where it means nothing */
    const char *idle, *take, *wait; /* modes: the same */
    char label[128];
} column;

extern const char *const bench_size_names[KERNEL_SIZES + 1]; /* closed by NULL */

typedef struct options {
    int argc;
    char **argv;
    const kernel_row *rows[BENCH_KERNELS];
    size_t row_count;
    column columns[BENCH_NAMES]; /* the first is the serial elision */
    size_t column_count;
    unsigned workers[BENCH_NAMES]; /* ascending */
    size_t worker_count;
    int repeat;       /* 0: as often as the time allows */
    int size;         /* enum kernel_size_name; -1: per kernel what the columns can bear */
    bool metg;        /* kernels with a grain only, each at all of bench_grains */
    bool own_columns; /* nobody has asked for others: peers are shown on parallel algorithms only */
    sheet_format format;
    const char *dir;
    const char *output; /* NULL: stdout */
    const char *report; /* where the page goes; NULL: none */
    double slow_down;   /* share by which runs of the library are made longer; 0: none */
    bool stats;         /* show the runtimes' counters, too */
    const char *cell; /* NULL, or this process measures one cell of another one's plan (child.h) */
    char runtime[4096]; /* a runtime's description of itself on this machine */
} options;

/* Result of one measurement: means over its `runs`. sample_fields[] names the numbers. */
typedef struct sample {
    double runs;
    double seconds, cpu_seconds;
    double tasks, steals;
    double gifts, gift_tasks, robs, deque_steals, queue_takes, asks, heavy_fences;
    double wakes, parks, switches, migrations;
    double voluntary_switches, involuntary_switches; /* of threads, by the kernel */
    double other_share;     /* of all CPUs, what others took; counted in steps of 10 ms */
    double stolen_share;    /* of these, what the hypervisor gave to other guests */
    double quota_share;     /* of the time, for how long a quota stopped the threads, in sum */
    double throttle_events; /* of processors that were hot, in all runs */
    double unpinned;        /* 1: the system refused to pin the runtime's workers */
    double pulse;           /* machine_pulse() just before */
} sample;

typedef struct sample_field {
    const char *name;
    size_t at; /* offset of a double in sample */
} sample_field;
extern const sample_field sample_fields[];
extern const size_t sample_field_count;

static inline double sample_number(const sample *s, size_t at)
{
    return *(const double *)(const void *)((const char *)s + at);
}

/* One kernel at one size in one column with one number of workers. */
typedef struct cell {
    const column *column;
    unsigned workers;
    sample samples[BENCH_REPEATS];
    int sample_count;
    double peak_mib;
    filch_runtime_stats counted; /* by a runtime, in all samples together, */
    double counted_runs;         /* which are so many runs; 0: this is no runtime */
    char error[256];             /* not "": this cell has no (right) result, and why */
} cell;

/* One kernel at one size. */
typedef struct block {
    const kernel_row *row;
    int size;
    long grain; /* of its tasks; 0: the kernel's own */
    char label[256];
    cell *cells; /* the first is serial */
    size_t cell_count;
    uint64_t answer, files, bytes, unreadable;
    char text[72];
} block;

/* The gain of that many copies of serial code over one. No kernel can gain more with as many
 * workers. */
typedef struct bench_ceiling {
    unsigned copies;
    double gain;
} bench_ceiling;

typedef struct report {
    const options *options;
    block blocks[BENCH_BLOCKS];
    size_t block_count;
    bench_ceiling ceilings[BENCH_NAMES]; /* ascending */
    size_t ceiling_count;
    double seconds;        /* the whole job */
    double load;           /* machine_load() before it */
    double pulse;          /* the best of all samples */
    double cutoff;         /* the largest p that counts as a difference (pair.h) */
    bool interrupted;      /* by a signal: blocks and rounds that were not finished are left out */
    size_t planned_blocks; /* with those that are left out */
} report;

/* Whether a runtime of the library runs it. */
static inline bool column_has_runtime(const column *c)
{
    return c->as == KERNEL_FILCH || c->as == KERNEL_FILCH_CLANG;
}

/* Whether its tasks are counted. */
static inline bool column_has_tasks(const column *c)
{
    return column_has_runtime(c) || c->as == KERNEL_HANDPOOL;
}

/* Whether clang compiles it where gcc compiles the others. */
static inline bool column_by_clang(const column *c)
{
    return c->as == KERNEL_FILCH_CLANG || (c->peer && c->peer->by_clang);
}

static inline const kernel *block_kernel(const block *b)
{
    return b->row->column[KERNEL_SERIAL];
}

/* Fills *out or ends the process: 0 after --help, 2 with a sentence on stderr. */
void bench_parse_options(options *out, int argc, char **argv);

/* Makes the blocks and cells; names on stderr what only serial code can run. 0 or -ENOMEM. */
int bench_plan(report *out, const options *o);
void bench_free(report *r);

/* Fills in the ceilings: one for each number of workers from 2 to the number of CPUs; none where
 * copies cannot be pinned. */
void bench_measure_ceiling(report *r);

/* Fills in the samples. SIGINT, SIGTERM and SIGHUP end it early: finished rounds are kept. */
void bench_measure(report *r);

/* Names on stderr what failed. Returns the exit status: 0, 1, or BENCH_INTERRUPTED. */
int bench_judge(const report *r);
enum { BENCH_INTERRUPTED = 130 };

/* Each returns 0 or -errno. */
int bench_write_table(const report *r, FILE *out);
int bench_write_markdown(const report *r, FILE *out);
int bench_write_csv(const report *r, FILE *out);
int bench_write_json(const report *r, FILE *out);
int bench_write_report(const report *r, FILE *out); /* the page */
void bench_write_html(const void *what, FILE *out); /* its part for readers without scripts */
extern const bool bench_has_json; /* false: built without jansson; the page needs it as well */

/* The command that measures this block alone, as it was measured here. */
void bench_write_reproduce(const report *r, const block *b, FILE *out);

/* Counters of the block's runtimes, and how their workers spent their time, per run. */
void bench_write_stats(const block *b, FILE *out);

/* The grains of --metg, ascending. */
extern const long bench_grains[];
extern const size_t bench_grain_count;

/* One line per kernel of a report of --metg: the METG(50 %) of each column (metg.h). */
void bench_write_metg(const report *r, FILE *out);

/* The headline: failures, then one line for each column that the first is compared with (at most
 * `most`), then what disturbed them; of --metg, its lines. */
void bench_write_verdict(const report *r, size_t most, FILE *out);
void bench_write_headline(const void *what, FILE *out); /* of all columns */

/* The same of one block, a line for each pair, with its interval and p. */
void bench_write_pairs(const report *r, const block *b, FILE *out);

/* Whether some column has found an answer. */
bool bench_has_answer(const block *b);

/* The cell of that column (by address) and number of workers, or NULL: not measured, or failed. */
const cell *bench_cell(const block *b, const column *c, unsigned workers);

#endif
